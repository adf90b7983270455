import { CalendarDate, Charge, Flag, Identifier, Optional, Part, Parts, Text, Uuid } from './fields.js';
import { ReceivableCustomer } from './customer.js';

/** Data of `erp.credit-analysis.requested.v1`: somebody asks for a paid credit analysis [análise de crédito]. */
export class CreditAnalysisRequested {
  @Identifier()
  requestId!: string;

  /** The ERP user who asks: the bill names a person. */
  @Text(120)
  requestedBy!: string;

  @Part(() => ReceivableCustomer)
  customer!: ReceivableCustomer;

  /** The partner's product [identificador de produtos]; the integration's standard one where it says nothing. */
  @Optional()
  @Text(80)
  productId?: string;

  /** The person was told that a recent analysis exists and wants a new, paid one all the same. */
  @Flag()
  confirmedNew!: boolean;

  /**
   * Which one the person was told of: a request that comes late, when a newer one is there, is shown that one and buys
   * nothing. Without it, `confirmedNew` counts for what was there when the request was recorded.
   */
  @Optional()
  @Uuid()
  insteadOf?: string;

  /** The person was told that the company's titles were not read whole yet, and wants it by what is known. */
  @Optional()
  @Flag()
  knownSuffices?: boolean;
}

/** Data of `erp.credit-limit.applied.v1`: what became of `<connector>.credit-limit.decided.v1` in the ERP. */
export class CreditLimitApplied {
  @Uuid()
  decisionId!: string;

  /** False: the ERP changed nothing, for the reason given. */
  @Flag()
  applied!: boolean;

  @Optional()
  @Text(500)
  reason?: string;
}

/** A title somebody wants negativated or removed. */
export class NegativationTitle {
  @Identifier()
  receivableId!: string;

  @Text(60)
  number!: string;

  @Text(20)
  installment!: string;

  @CalendarDate()
  dueDate!: string;

  @Charge()
  openAmount!: string;
}

/** Data of `erp.negativation.requested.v1` and `.removal-requested.v1`: manual inclusion and removal [negativação, baixa da negativação]. */
export class NegativationRequested {
  @Identifier()
  requestId!: string;

  @Text(120)
  requestedBy!: string;

  @Part(() => ReceivableCustomer)
  customer!: ReceivableCustomer;

  @Parts(() => NegativationTitle, { min: 1, max: 500 })
  titles!: NegativationTitle[];

  /** The restriction or removal motive [motivo] as the person chose it. */
  @Text(200)
  reason!: string;
}
