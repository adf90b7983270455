import { CalendarDate, Charge, Count, Identifier, OneOf, Optional, Part, Parts, Shaped, Text } from './fields.js';
import { ReceivableCustomer } from './customer.js';

export const CONTRACT_STATUSES = ['active', 'blocked', 'ended'] as const;
export const LINE_KINDS = ['internet', 'voip', 'mobile', 'tv', 'other'] as const;
export const LINE_STATUSES = ['active', 'partially-blocked', 'blocked', 'ended'] as const;
export const BLOCK_KINDS = ['total', 'partial'] as const;
export const BLOCK_REASONS = ['overdue', 'contract', 'customer-request', 'other'] as const;

/** A building project [empreendimento] or a unit of it [unidade]. */
export class NamedPlace {
  @Identifier()
  id!: string;

  @Text(200)
  name!: string;
}

/** A telephone or access line that lives off the contract [linha, ramal]. */
export class ContractLine {
  @Identifier()
  id!: string;

  @OneOf(LINE_KINDS)
  kind!: (typeof LINE_KINDS)[number];

  /** The number or extension a person calls. */
  @Optional()
  @Text(40)
  number?: string;

  @OneOf(LINE_STATUSES)
  status!: (typeof LINE_STATUSES)[number];
}

/** Why and how a contract is blocked [bloqueio]. */
export class ContractBlock {
  @OneOf(BLOCK_KINDS)
  kind!: (typeof BLOCK_KINDS)[number];

  @OneOf(BLOCK_REASONS)
  reason!: (typeof BLOCK_REASONS)[number];

  @CalendarDate()
  since!: string;

  @Optional()
  @Text(500)
  note?: string;
}

/** Data of `erp.contract.*`: one contract after the change. */
export class ContractChanged {
  @Identifier()
  contractId!: string;

  @Text(60)
  number!: string;

  @Text(40)
  company!: string;

  @Text(40)
  branch!: string;

  @Optional()
  @Text(40)
  businessUnit?: string;

  @Part(() => ReceivableCustomer)
  customer!: ReceivableCustomer;

  @OneOf(CONTRACT_STATUSES)
  status!: (typeof CONTRACT_STATUSES)[number];

  @CalendarDate()
  signedOn!: string;

  @Optional()
  @CalendarDate()
  startsOn?: string;

  @Optional()
  @CalendarDate()
  endedOn?: string;

  @Optional()
  @Text(500)
  endReason?: string;

  @Optional()
  @Part(() => NamedPlace)
  development?: NamedPlace;

  @Optional()
  @Part(() => NamedPlace)
  unit?: NamedPlace;

  @Charge()
  amount!: string;

  @Shaped(/^[A-Z]{3}$/, 'an ISO 4217 currency, such as BRL')
  currency!: string;

  @Parts(() => ContractLine, { max: 500 })
  lines!: ContractLine[];

  /** Present while the contract is blocked. */
  @Optional()
  @Part(() => ContractBlock)
  block?: ContractBlock;

  @Count()
  sequence!: number;
}
