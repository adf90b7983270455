import {
  CalendarDate,
  Charge,
  Count,
  Flag,
  Identifier,
  Money,
  OneOf,
  Optional,
  Part,
  Parts,
  Shaped,
  Text,
} from './fields.js';
import { ReceivableCustomer } from './customer.js';

export const RECEIVABLE_KINDS = ['title', 'check'] as const;
export type ReceivableKind = (typeof RECEIVABLE_KINDS)[number];

export const RECEIVABLE_STATUSES = ['open', 'partially-settled', 'settled', 'canceled', 'deleted'] as const;
export type ReceivableStatus = (typeof RECEIVABLE_STATUSES)[number];

export const MOVEMENT_KINDS = [
  'entry',
  'settlement',
  'settlement-reversal',
  'discount',
  'fine',
  'interest',
  'due-date',
  'cancellation',
  'deletion',
] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** One receipt of money for a title [baixa]. It stays in the list when reversed, with the day of the reversal. */
export class Settlement {
  @Identifier()
  id!: string;

  @CalendarDate()
  date!: string;

  /** The day the money was available: the law counts the days to remove a negativation from it. */
  @Optional()
  @CalendarDate()
  creditedOn?: string;

  /** Received in all, fine and interest included. */
  @Charge()
  amount!: string;

  @Charge()
  discount!: string;

  @Charge()
  fine!: string;

  @Charge()
  interest!: string;

  /** [estorno] */
  @Optional()
  @CalendarDate()
  reversedOn?: string;
}

/** The change this event is about [movimento]. `data` around it is the state after the change. */
export class Movement {
  @Identifier()
  id!: string;

  @OneOf(MOVEMENT_KINDS)
  kind!: MovementKind;

  @CalendarDate()
  date!: string;

  /** Negative only where an adjustment lowers what was granted or charged before. */
  @Money()
  amount!: string;

  @Optional()
  @Charge()
  discount?: string;

  @Optional()
  @Charge()
  fine?: string;

  @Optional()
  @Charge()
  interest?: string;

  /** The settlement a reversal undoes. */
  @Optional()
  @Identifier()
  reverses?: string;

  /** Why it was canceled: `renegotiated`, `error`, or the ERP's own word. */
  @Optional()
  @Text(60)
  reason?: string;
}

/** Data of every `erp.receivable.*`: one title or check [título, cheque] after the change, and the change itself. */
export class ReceivableChanged {
  @Identifier()
  receivableId!: string;

  @Text(40)
  company!: string;

  @Text(40)
  branch!: string;

  /** [unidade de negócio] A title need not belong to one. */
  @Optional()
  @Text(40)
  businessUnit?: string;

  @Part(() => ReceivableCustomer)
  customer!: ReceivableCustomer;

  @Optional()
  @Identifier()
  contractId?: string;

  @OneOf(RECEIVABLE_KINDS)
  kind!: ReceivableKind;

  @Text(60)
  number!: string;

  /** [parcela] Text: `2`, `02/12`, `A`. */
  @Text(20)
  installment!: string;

  @CalendarDate()
  issueDate!: string;

  @CalendarDate()
  dueDate!: string;

  @CalendarDate()
  originalDueDate!: string;

  @Shaped(/^[A-Z]{3}$/, 'an ISO 4217 currency, such as BRL')
  currency!: string;

  /** Face value. */
  @Charge()
  amount!: string;

  /** Still owed. */
  @Charge()
  openAmount!: string;

  /** Received in all, fine and interest included, reversed settlements taken off. */
  @Charge()
  paidAmount!: string;

  @Charge()
  discountAmount!: string;

  /** [multa] */
  @Charge()
  fineAmount!: string;

  /** [juros] */
  @Charge()
  interestAmount!: string;

  @OneOf(RECEIVABLE_STATUSES)
  status!: ReceivableStatus;

  /** The customer contests it: nobody may negativate it. */
  @Flag()
  disputed!: boolean;

  @Count()
  sequence!: number;

  @Parts(() => Settlement, { max: 1000 })
  settlements!: Settlement[];

  /** Absent on a snapshot only. */
  @Optional()
  @Part(() => Movement)
  movement?: Movement;
}
