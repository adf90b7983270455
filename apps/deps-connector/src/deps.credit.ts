import { Injectable } from '@nestjs/common';
import type { PersonType, ReceivableChanged } from '#libs/contracts';
import { plan } from '#libs/connector-kit';
import { CreditPartner, type AnalysisToBuy, type CreditProduct } from '#libs/credit';
import type { PlannedDelivery } from '#libs/delivery';
import { readProducts } from './deps.answers.js';
import { toDepsTitle } from './deps.mapping.js';
import { priceOf, type DepsSettings, type DepsSystemSettings } from './deps.settings.js';

export const BUY = 'analysis.buy';

/** What a paid query is made of. */
export interface Query {
  analysisId: string;
  document: string;
  product: string;
  /** The instant it was asked for: what DEPS' history shows from then on may be ours. */
  askedAt: string;
}

/** What this house knows of DEPS as a bureau. */
@Injectable()
export class DepsBureau extends CreditPartner<DepsSettings, DepsSystemSettings> {
  readonly operation = BUY;

  laneOf(person: string): string {
    return `analysis/${person}`;
  }

  productsOf(note: unknown): CreditProduct[] {
    return readProducts(note).map(({ identificador, nome, tipoPessoa }) => ({
      ...{ product: identificador, name: nome, personType: tipoPessoa },
    }));
  }

  productFor({ productForPerson, productForCompany }: DepsSettings, personType: PersonType): string | undefined {
    return personType === 'F' ? productForPerson : productForCompany;
  }

  priceOf(settings: DepsSettings, product: string, day: string): string | undefined {
    return priceOf(settings, product, day);
  }

  /** All that is open goes before each query, with the daily synchronisation off too. */
  planTitle(title: ReceivableChanged, settings: DepsSettings): PlannedDelivery[] {
    const { movement: _, ...asItStands } = title;
    return [
      plan('receivables.show', { lane: `receivable/${title.receivableId}`, body: toDepsTitle(asItStands, settings) }),
    ];
  }

  bodyOf({ id, document, product, askedAt }: AnalysisToBuy): Query {
    return { analysisId: id, document, product, askedAt: askedAt.toISOString() };
  }

  requeryDaysOf({ requeryDays }: DepsSettings, ofSystem: DepsSystemSettings): number {
    return requeryDays ?? ofSystem.requeryDays ?? 0;
  }
}
