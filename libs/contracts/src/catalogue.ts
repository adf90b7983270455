import { BackfillFinished, BackfillStarted } from './backfill.js';
import { ContractChanged } from './contract.js';
import { CreditAnalysisRequested, CreditLimitApplied, NegativationRequested } from './credit.js';
import { CustomerChanged } from './customer.js';
import { OccurrenceChanged } from './occurrence.js';
import { ReceivableChanged } from './receivable.js';
import { RegisterEntryChanged } from './register.js';

/**
 * Every event of `erp.events`, by type, with the class of its data: what an ERP may publish, and what its reader says in
 * line with it. A published version never changes: what must change gets `.v2` beside it. `erp.lead.*`, `erp.prospect.*`, `erp.development.*`, `erp.occurrence-type.*` and
 * `erp.line.*` are reserved names and not events yet.
 */
export const EVENT_CATALOGUE = {
  /** A title entered [entrada de título]. */
  'erp.receivable.opened.v1': ReceivableChanged,
  /** Full or partial settlement [baixa], with the discount, fine and interest paid. */
  'erp.receivable.settled.v1': ReceivableChanged,
  /** [estorno de baixa]; the movement names the settlement it reverses. */
  'erp.receivable.settlement-reversed.v1': ReceivableChanged,
  /** Discount, fine [multa], interest [juros] or due date [prorrogação] changed. */
  'erp.receivable.adjusted.v1': ReceivableChanged,
  'erp.receivable.canceled.v1': ReceivableChanged,
  /** [exclusão] */
  'erp.receivable.deleted.v1': ReceivableChanged,
  /** One row of a backfill: the same data, no movement; never counts as new. */
  'erp.receivable.snapshot.v1': ReceivableChanged,

  'erp.company.registered.v1': RegisterEntryChanged,
  'erp.company.changed.v1': RegisterEntryChanged,
  'erp.branch.registered.v1': RegisterEntryChanged,
  'erp.branch.changed.v1': RegisterEntryChanged,
  'erp.branch.snapshot.v1': RegisterEntryChanged,
  'erp.business-unit.registered.v1': RegisterEntryChanged,
  'erp.business-unit.changed.v1': RegisterEntryChanged,
  'erp.business-unit.snapshot.v1': RegisterEntryChanged,

  'erp.customer.registered.v1': CustomerChanged,
  'erp.customer.changed.v1': CustomerChanged,
  'erp.customer.snapshot.v1': CustomerChanged,

  'erp.contract.signed.v1': ContractChanged,
  'erp.contract.changed.v1': ContractChanged,
  'erp.contract.blocked.v1': ContractChanged,
  'erp.contract.unblocked.v1': ContractChanged,
  'erp.contract.ended.v1': ContractChanged,
  'erp.contract.snapshot.v1': ContractChanged,

  'erp.occurrence.recorded.v1': OccurrenceChanged,
  'erp.occurrence.changed.v1': OccurrenceChanged,
  'erp.occurrence.closed.v1': OccurrenceChanged,
  'erp.occurrence.reopened.v1': OccurrenceChanged,

  'erp.credit-analysis.requested.v1': CreditAnalysisRequested,
  /** What the ERP made of a decision on a customer's credit. */
  'erp.credit-limit.applied.v1': CreditLimitApplied,
  'erp.negativation.requested.v1': NegativationRequested,
  'erp.negativation.removal-requested.v1': NegativationRequested,

  /** A walk through an export view begins; its snapshots follow. Said by the reader in the ERP's name. */
  'ponte.backfill.started.v1': BackfillStarted,
  /** Every snapshot of the walk is at the broker. */
  'ponte.backfill.finished.v1': BackfillFinished,
} as const satisfies Readonly<Record<`${'erp' | 'ponte'}.${string}.${string}.v${number}`, new () => object>>;

export type EventType = keyof typeof EVENT_CATALOGUE;

/** The data an event of type `T` carries. */
export type EventData<T extends EventType = EventType> = InstanceType<(typeof EVENT_CATALOGUE)[T]>;

export const EVENT_TYPES = Object.keys(EVENT_CATALOGUE) as readonly EventType[];

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_CATALOGUE, type);
}
