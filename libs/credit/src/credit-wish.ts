import type { LastAnalysis, PersonType } from '#libs/contracts';
import type { Analysis } from './analysis.js';

/** Somebody asks for an analysis. */
export interface CreditWish {
  /** A UUID: that of the event or of the request. Asked again under it, the answer is the same. */
  id: string;
  /** What the ERP calls the request; the id unless told. */
  requestId?: string;
  source: string;
  company: string;
  branch?: string;
  /** CPF or CNPJ, in whatever punctuation and case. */
  document: string;
  /** Of the customer register, where the person is in it. */
  customerId?: string;
  customerName?: string;
  /** The integration's standard one unless told. */
  product?: string;
  requestedBy: string;
  /** The analysis the person was shown, and wants a new one all the same. */
  insteadOf?: string;
  /**
   * Where nobody said which one was shown: what was there at this instant counts as shown.
   */
  confirmedAt?: Date;
  /** Bought though the company's titles were not read whole: the partner hears of those that are known. */
  knownSuffices?: boolean;
}

/** A wish with everything read that is read without the database. */
export interface Asked extends CreditWish {
  requestId: string;
  personType: PersonType;
}

export type AskAnswer =
  /** It is under way, by this wish or by an earlier one of the same. */
  | { kind: 'waiting'; id: string }
  /** Nothing was charged: there is one, and a new one needs a word on it (`insteadOf: last.analysisId`). */
  | { kind: 'recent'; last: LastAnalysis; cost: string; budgetLeft?: string }
  | { kind: 'over-budget'; cost: string; budgetLeft: string }
  /** Nothing was charged: titles of the company are missing here yet, unless what is known suffices (`knownSuffices`). */
  | { kind: 'not-read-whole'; cost: string; budgetLeft?: string };

export function toLast({ id: analysisId, product, requestedAt, analyzedAt }: Analysis): LastAnalysis {
  return {
    ...{ analysisId, product },
    requestedAt: requestedAt.toISOString(),
    ...(analyzedAt && { analyzedAt: analyzedAt.toISOString() }),
  };
}
