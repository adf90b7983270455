import { DateTime } from 'luxon';
import type { PoolClient } from 'pg';
import type { PartnerSettings } from '#libs/connector-kit';
import { isCharge } from '#libs/contracts';
import { Problem, type Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry, SystemParameters } from '#libs/settings';
import type { CreditPartner } from './credit-partner.js';
import type { Asked } from './credit-wish.js';

type Account = Integration<PartnerSettings>;

/** What can be bought, through which account, for how much. */
export interface Offer {
  integration: Account;
  /** Those of the company and of each of its branches. */
  all: readonly Account[];
  product: string;
  cost: string;
  requeryDays: number;
}

export interface OfferParts {
  registry: IntegrationRegistry<PartnerSettings>;
  parameters: SystemParameters;
  partner: CreditPartner;
  clock: Clock;
}

/** The branch's own integration takes the place of the company's, as it does for events. */
export function accountOf(all: readonly Account[], branch: string | undefined): Account | undefined {
  const ofBranch = branch === undefined ? undefined : all.find((one) => one.branch === branch);
  return ofBranch ?? all.find((one) => one.branch === undefined);
}

/** @throws Problem 409 with the sentence to act on: `credit-analysis-off`, `product-missing`, `price-missing` */
export async function readOffer(client: PoolClient, parts: OfferParts, asked: Asked): Promise<Offer> {
  const { registry, parameters, partner, clock } = parts;
  const all = await registry.forCompany(client, asked.source, asked.company);
  const integration = requireReady(accountOf(all, asked.branch));
  const { settings } = integration;
  const product = asked.product ?? partner.productFor(settings, asked.personType);
  if (product === undefined) throw refusal('product-missing', NO_PRODUCT);
  const day = dayOf(settings, clock);
  const cost = partner.priceOf(settings, product, day);
  if (!isCharge(cost)) throw refusal('price-missing', noPrice(product, day));
  const { settings: ofSystem } = await parameters.read(client, asked.source);
  return { integration, all, product, cost, requeryDays: partner.requeryDaysOf(settings, ofSystem) };
}

/** In the integration's zone: `YYYY-MM-DD`. */
export function dayOf({ timeZone }: PartnerSettings, clock: Clock): string {
  return DateTime.fromJSDate(clock.now(), { zone: timeZone }).toISODate()!;
}

/** @throws Problem 409 `credit-analysis-off` */
export function requireReady(integration: Account | undefined): Account {
  if (!integration) throw refusal('credit-analysis-off', 'não há integração aqui / there is no integration here');
  const { state, displayName, name } = integration;
  if (state.kind === 'ready') return integration;
  const called = displayName || name;
  if (state.kind === 'not-configured') {
    const lacks = state.lacks.map(({ label, reason }) => `${label.pt} (${reason})`).join(', ');
    const words = `a integração "${called}" não está configurada / is not configured: ${lacks}`;
    throw refusal('credit-analysis-off', words);
  }
  const words =
    state.parameter === undefined
      ? `a integração "${called}" está desligada / is off`
      : `o parâmetro do sistema ${state.parameter} está desligado / the system parameter is off`;
  throw refusal('credit-analysis-off', words);
}

function refusal(type: string, detail: string): Problem {
  return new Problem({ type, status: 409, detail });
}

const NO_PRODUCT =
  'a filial não tem consulta padrão para este tipo de pessoa: escolha uma / there is no standard product for this kind of person: choose one';

function noPrice(product: string, day: string): string {
  return `o produto ${product} não tem preço em ${day}: informe-o na integração / has no price on ${day}: enter it in the integration`;
}
