import type { PersonType, ReceivableChanged } from '#libs/contracts';
import type { PartnerSettings } from '#libs/connector-kit';
import type { PlannedDelivery } from '#libs/delivery';

/** An analysis that is about to be bought, as its delivery's body is made of. */
export interface AnalysisToBuy {
  id: string;
  document: string;
  personType: PersonType;
  product: string;
  requestedBy: string;
  /** On our clock: what the partner made before is not this one. */
  askedAt: Date;
  customerId?: string;
  customerName?: string;
}

/** What the account may buy [identificador de produtos]. */
export interface CreditProduct {
  product: string;
  name: string;
  personType: PersonType;
}

/**
 * What a connector says of the bureau it speaks to. Pure, all of it.
 * @typeParam P what its system parameter says, where it says anything
 */
export abstract class CreditPartner<S extends PartnerSettings = PartnerSettings, P extends object = object> {
  /** The paid one: `@Deliver(operation, { effect: 'paid', … })`. */
  abstract readonly operation: string;

  /** What is asked of one person stays in order. @param person stands for the document, which no event may carry */
  abstract laneOf(person: string): string;

  /** @param note what the partner said at the last login, as it came; undefined before the first */
  abstract productsOf(note: unknown): CreditProduct[];

  /** The standard product [consulta padrão] of the integration. */
  abstract productFor(settings: S, personType: PersonType): string | undefined;

  /** @param day `YYYY-MM-DD` in the integration's zone @returns money; undefined: it is not bought */
  abstract priceOf(settings: S, product: string, day: string): string | undefined;

  /** How a title the customer owes is told before the analysis. */
  abstract planTitle(title: ReceivableChanged, settings: S): PlannedDelivery[];

  /** What the paid `@Deliver` is given. */
  abstract bodyOf(analysis: AnalysisToBuy): object;

  /** Within so many days of an analysis another one of the same document needs a word on it; 0: never. */
  abstract requeryDaysOf(settings: S, ofSystem: P): number;
}
