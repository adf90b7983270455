import type { Pool } from 'pg';
import type { PartnerSettings } from '#libs/connector-kit';
import { isCharge } from '#libs/contracts';
import { inTransaction, type Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry } from '#libs/settings';
import type { CreditPartner, CreditProduct } from './credit-partner.js';
import { accountOf, dayOf, requireReady } from './offer.js';

/** One line of the field in which whoever asks chooses a product. */
export interface ShownProduct extends CreditProduct {
  /** Money; absent: it has no price today, and cannot be bought. */
  cost?: string;
  /** What the field shows before anybody chooses [consulta padrão]. */
  standard: boolean;
}

export interface Place {
  source: string;
  company: string;
  branch?: string;
}

export interface CreditProductsParts {
  pool: Pool;
  clock: Clock;
  registry: IntegrationRegistry<PartnerSettings>;
  partner: CreditPartner;
  /** What the partner said at the last login. */
  noteOf: (integration: Integration<PartnerSettings>) => Promise<unknown>;
}

/** What may be bought in a place, for whoever may ask there: choosing takes no right to see the integration. */
export class CreditProducts {
  constructor(private readonly parts: CreditProductsParts) {}

  /** @throws Problem 409 `credit-analysis-off` */
  async list({ source, company, branch }: Place): Promise<ShownProduct[]> {
    const { pool, registry, partner, noteOf } = this.parts;
    const all = await inTransaction(pool, (client) => registry.forCompany(client, source, company));
    const integration = requireReady(accountOf(all, branch));
    const named = partner.productsOf(await noteOf(integration));
    const standard = (['F', 'J'] as const).flatMap((personType): CreditProduct[] => {
      const product = partner.productFor(integration.settings, personType);
      const isNamed = named.some((one) => one.product === product && one.personType === personType);
      // The branch's parameters were filled in by hand, or the partner has named nothing yet.
      return product === undefined || isNamed ? [] : [{ product, name: product, personType }];
    });
    return [...named, ...standard].map((product) => this.show(product, integration));
  }

  private show({ product, name, personType }: CreditProduct, { settings }: Integration<PartnerSettings>): ShownProduct {
    const { partner, clock } = this.parts;
    const cost = partner.priceOf(settings, product, dayOf(settings, clock));
    const standard = partner.productFor(settings, personType) === product;
    return { product, name, personType, standard, ...(isCharge(cost) && { cost }) };
  }
}
