import { Charge, Identifier, Instant, OneOf, Optional, Part, Shaped, Text, TextList, Uuid } from './fields.js';
import { ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS, IntegrationRef } from './outcome-parts.js';

/** Requests told of in one event beside the first, at the most. */
export const JOINED_REQUESTS_MAX = 200;
/** Analyses told of in one event of a view: a page of the history. */
export const VIEWED_ANALYSES_MAX = 500;

const PERSON_TOKEN_SHAPE = /^[0-9a-f]{32}$/;
const PERSON_TOKEN_WORDS = '32 hexadecimal digits';

/** What every answer to a request for a credit analysis says of it. */
class AboutRequest {
  /** As the ERP named it in `erp.credit-analysis.requested.v1`; of a request over HTTP, its id. */
  @Identifier()
  requestId!: string;

  /** Others that asked for the same while it was under way, and are answered by the same. */
  @Optional()
  @TextList({ max: JOINED_REQUESTS_MAX, of: 120 })
  joinedRequestIds?: string[];

  @Part(() => IntegrationRef)
  integration!: IntegrationRef;

  /** Absent of somebody the ERP has no customer for yet: a lead, a prospect. */
  @Optional()
  @Identifier()
  customerId?: string;

  /** As screens show it: `***.982.247-**`. Whose it is, `customerId` says. */
  @Text(20)
  maskedDocument!: string;

  /** Where no `customerId` says whose it is: stands for the document, and the audit finds it by that. */
  @Optional()
  @Shaped(PERSON_TOKEN_SHAPE, PERSON_TOKEN_WORDS)
  personToken?: string;

  @Text(80)
  product!: string;

  @Text(120)
  requestedBy!: string;
}

/** Data of `<connector>.credit-analysis.completed.v1`: it was made, and charged. */
export class CreditAnalysisCompleted extends AboutRequest {
  @Uuid()
  analysisId!: string;

  /** The partner's own name for it. */
  @Text(200)
  reference!: string;

  @Optional()
  @Text(40)
  score?: string;

  /** What the partner proposes, in its own word. */
  @Optional()
  @Text(80)
  situation?: string;

  @Optional()
  @Charge()
  suggestedLimit?: string;

  /** Where it can be read at the partner. */
  @Optional()
  @Text(2000)
  link?: string;

  @Instant()
  analyzedAt!: string;

  @Charge()
  cost!: string;
}

export const ANSWER_CODES = [
  /** One younger than the interval is there: a new one needs a word on it. */
  'recent',
  'over-budget',
  /** The company's titles were not read whole yet, and nobody said that what is known suffices. */
  'not-read-whole',
  /** The person analysed has not consented yet [autorização SCR]. */
  'consent-pending',
  'no-data',
  /** The partner does not take it as it is. */
  'refused',
  'canceled',
  /** A person said that it was made; what it says is at the partner alone. */
  'without-result',
] as const;
export type AnswerCode = (typeof ANSWER_CODES)[number];

/** The analysis somebody is shown instead of a new one. */
export class LastAnalysis {
  @Uuid()
  analysisId!: string;

  @Text(80)
  product!: string;

  @Instant()
  requestedAt!: string;

  /** Absent while it is under way. */
  @Optional()
  @Instant()
  analyzedAt?: string;
}

/** Data of `<connector>.credit-analysis.answered.v1`: the request came to its end without an analysis. */
export class CreditAnalysisAnswered extends AboutRequest {
  /** Absent where none was begun. */
  @Optional()
  @Uuid()
  analysisId?: string;

  @OneOf(ANSWER_CODES)
  code!: AnswerCode;

  @Text(2000)
  text!: string;

  @Optional()
  @Part(() => LastAnalysis)
  last?: LastAnalysis;

  /** What a new one costs, where one was not begun. */
  @Optional()
  @Charge()
  cost?: string;

  @Optional()
  @Charge()
  budgetLeft?: string;

  @Instant()
  occurredAt!: string;
}

/** Data of `<connector>.credit-analysis.viewed.v1`: somebody looked at what is known of a person. */
export class CreditAnalysisViewed {
  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @TextList({ max: VIEWED_ANALYSES_MAX, of: 36 })
  analysisIds!: string[];

  /** As screens show it. */
  @Text(20)
  maskedDocument!: string;

  /** Stands for the document, and the audit finds it by that. */
  @Optional()
  @Shaped(PERSON_TOKEN_SHAPE, PERSON_TOKEN_WORDS)
  personToken?: string;

  @Text(120)
  viewedBy!: string;

  @Instant()
  viewedAt!: string;
}

/** What a company grants a customer. */
export class CreditStanding {
  /** [situação de crédito] */
  @Optional()
  @Text(80)
  situation?: string;

  /** [limite de crédito] */
  @Optional()
  @Charge()
  limit?: string;
}

/** Data of `<connector>.credit-limit.decided.v1`: what the ERP is to apply, and to acknowledge by `erp.credit-limit.applied.v1`. */
export class CreditLimitDecided {
  @Uuid()
  analysisId!: string;

  @Uuid()
  decisionId!: string;

  @Part(() => IntegrationRef)
  integration!: IntegrationRef;

  @Optional()
  @Identifier()
  customerId?: string;

  /** As screens show it. */
  @Text(20)
  maskedDocument!: string;

  /** Where no `customerId` says whose it is: stands for the document, and the audit finds it by that. */
  @Optional()
  @Shaped(PERSON_TOKEN_SHAPE, PERSON_TOKEN_WORDS)
  personToken?: string;

  /** As proposed, or with another situation or limit. */
  @OneOf(['confirmed', 'changed'])
  kind!: 'confirmed' | 'changed';

  /** What the person saw in force: an ERP that finds another applies nothing and says so. */
  @Part(() => CreditStanding)
  from!: CreditStanding;

  @Part(() => CreditStanding)
  to!: CreditStanding;

  @Text(120)
  decidedBy!: string;

  @Instant()
  decidedAt!: string;
}
