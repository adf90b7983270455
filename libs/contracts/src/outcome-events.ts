import { Count, Identifier, Instant, OneOf, Optional, Part, Serial, Shaped, Text, TextList, Uuid } from './fields.js';

/**
 * What Ponte itself says on `ponte.events`. These rows are stored, searched and exported: business keys and ids only,
 * no names, no documents, no addresses; `reason` and `note` are written masked by whoever emits them.
 */

const SOURCE_WORDS = '/erp/<instance>';
const ERP_SOURCE_SHAPE = /^\/erp\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** One company's (or branch's) account at a partner. It implies whose everything is: source, company, branch. */
export class IntegrationRef {
  @Identifier()
  id!: string;

  @Text(120)
  name!: string;

  /** The ERP: the envelope's source is Ponte's own. */
  @Shaped(ERP_SOURCE_SHAPE, SOURCE_WORDS)
  source!: string;

  @Text(40)
  company!: string;

  @Optional()
  @Text(40)
  branch?: string;
}

/** The event of the ERP something came of. */
export class CausingEvent {
  @Uuid()
  id!: string;

  @Shaped(ERP_SOURCE_SHAPE, SOURCE_WORDS)
  source!: string;

  @Text(120)
  type!: string;

  @Text(200)
  subject!: string;
}

/** What the support desk types into a search box. */
export class BusinessKeys {
  @Optional()
  @Identifier()
  receivableId?: string;

  @Optional()
  @Text(60)
  titleNumber?: string;

  @Optional()
  @Text(20)
  installment?: string;

  @Optional()
  @Identifier()
  contractId?: string;

  @Optional()
  @Text(60)
  contractNumber?: string;

  @Optional()
  @Identifier()
  customerId?: string;

  @Optional()
  @Identifier()
  occurrenceId?: string;
}

/** Data of `<connector>.delivery.delivered.v1` and what every delivery event carries. */
export class DeliveryEvent {
  /** The ledger's id of the delivery. */
  @Serial()
  deliveryId!: string;

  @Part(() => IntegrationRef)
  integration!: IntegrationRef;

  @Text(80)
  operation!: string;

  /** The lane's key as the connector named it. */
  @Text(200)
  lane!: string;

  /** Absent where a load or a run planned the delivery. */
  @Optional()
  @Part(() => CausingEvent)
  event?: CausingEvent;

  @Optional()
  @Part(() => BusinessKeys)
  keys?: BusinessKeys;

  @Optional()
  @Serial()
  runId?: string;

  /** Attempts spent so far. */
  @Count()
  attempts!: number;

  @Instant()
  occurredAt!: string;

  /** The partner's own name for it. */
  @Optional()
  @Text(200)
  reference?: string;

  @Optional()
  @Text(2000)
  note?: string;

  /** Present where a person did it. */
  @Optional()
  @Text(120)
  actor?: string;
}

/** Data of `.delivery.refused.v1`, `.skipped.v1` and `.parked.v1`: it was not delivered, and this is why. */
export class DeliveryStopped extends DeliveryEvent {
  @Text(2000)
  reason!: string;

  /** A stable word for statistics: `http-422`, `attempts-spent`, `our-bug`. */
  @Optional()
  @Text(80)
  reasonCode?: string;
}

/** Data of `.delivery.superseded.v1`: a newer state of the same thing went in its place. */
export class DeliverySuperseded extends DeliveryEvent {
  @Serial()
  supersededBy!: string;
}

/** Data of `<connector>.run.started.v1`. */
export class RunStarted {
  @Serial()
  runId!: string;

  @Part(() => IntegrationRef)
  integration!: IntegrationRef;

  @Text(80)
  job!: string;

  @OneOf(['cadence', 'load', 'person'])
  trigger!: 'cadence' | 'load' | 'person';

  @Instant()
  startedAt!: string;

  /** Deliveries up to this position belong to the run. */
  @Optional()
  @Serial()
  releasedUpTo?: string;

  @Optional()
  @Text(120)
  actor?: string;
}

/** Data of `<connector>.run.finished.v1`. The counts add up to what the run released. */
export class RunFinished extends RunStarted {
  @Instant()
  finishedAt!: string;

  @OneOf(['completed', 'failed', 'canceled'])
  result!: 'completed' | 'failed' | 'canceled';

  @Count()
  released!: number;

  @Count()
  delivered!: number;

  @Count()
  refused!: number;

  @Count()
  skipped!: number;

  @Count()
  superseded!: number;

  @Count()
  parked!: number;

  /** Still open when the next window came. */
  @Count()
  carriedOver!: number;

  @Optional()
  @Text(2000)
  reason?: string;
}

export const PAUSE_REASONS = [
  'breaker',
  'rate-limit',
  'credential',
  'spend-cap',
  'maintenance',
  'off',
  'operator',
] as const;

/** Data of `<connector>.endpoint.paused.v1` and `.resumed.v1`: one pause reason came or went. */
export class EndpointEvent {
  @Serial()
  endpointId!: string;

  @Part(() => IntegrationRef)
  integration!: IntegrationRef;

  /** The operations that share the endpoint. */
  @Text(80)
  operationGroup!: string;

  @OneOf(PAUSE_REASONS)
  pauseReason!: (typeof PAUSE_REASONS)[number];

  /** Pause reasons that still stand: a resumed endpoint may stay paused for another. */
  @TextList({ max: 7, of: PAUSE_REASONS })
  standing!: (typeof PAUSE_REASONS)[number][];

  @Optional()
  @Text(2000)
  detail?: string;

  @Optional()
  @Instant()
  until?: string;

  @Instant()
  occurredAt!: string;

  @Optional()
  @Text(120)
  actor?: string;
}

/** Data of `<connector>.settings.changed.v1`: which fields, never their values. */
export class SettingsChanged {
  @Part(() => IntegrationRef)
  integration!: IntegrationRef;

  @OneOf(['created', 'changed', 'turned-on', 'turned-off', 'removed'])
  change!: 'created' | 'changed' | 'turned-on' | 'turned-off' | 'removed';

  @TextList({ max: 200, of: 120 })
  fields!: string[];

  @Count()
  version!: number;

  @Text(120)
  actor!: string;

  @Instant()
  occurredAt!: string;
}

export const UNPLANNED_REASONS = [
  'off',
  'not-configured',
  'not-ready',
  'filtered',
  'no-plan',
  'no-integration',
  'read-model-only',
] as const;
export type UnplannedReason = (typeof UNPLANNED_REASONS)[number];

/** Data of `<connector>.event.unplanned.v1`: why nothing was sent. "Why did mine not go?" is asked first. */
export class EventUnplanned {
  @Part(() => CausingEvent)
  event!: CausingEvent;

  /** Absent where no integration of the company exists. */
  @Optional()
  @Part(() => IntegrationRef)
  integration?: IntegrationRef;

  @Optional()
  @Part(() => BusinessKeys)
  keys?: BusinessKeys;

  @OneOf(UNPLANNED_REASONS)
  reasonCode!: UnplannedReason;

  @Text(2000)
  reason!: string;

  @Instant()
  occurredAt!: string;
}

export const PARKED_KINDS = [
  'unreadable',
  'invalid',
  'unknown-type',
  'outside-horizon',
  'id-reused',
  'wrong-way-in',
  'plan-failed',
  'dead-letter',
] as const;
export type ParkedKind = (typeof PARKED_KINDS)[number];

/** Data of `<connector>.event.parked.v1`: it waits for a person, or for a process that knows its type. */
export class EventParked {
  @Serial()
  parkedId!: string;

  @OneOf(PARKED_KINDS)
  kind!: ParkedKind;

  /** Absent where nothing of it could be read. */
  @Optional()
  @Part(() => CausingEvent)
  event?: CausingEvent;

  /** Present where planning failed for one integration only. */
  @Optional()
  @Part(() => IntegrationRef)
  integration?: IntegrationRef;

  /** The ordering key that waits behind it; absent where it holds nothing. */
  @Optional()
  @Text(200)
  heldKey?: string;

  @Text(2000)
  reason!: string;

  @Instant()
  occurredAt!: string;
}

/** Data of `<connector>.event.released.v1`: a parked event no longer waits. */
export class EventReleased {
  @Serial()
  parkedId!: string;

  @OneOf(['fixed', 'skipped', 'superseded', 'planned', 'expired'])
  how!: 'fixed' | 'skipped' | 'superseded' | 'planned' | 'expired';

  @Optional()
  @Part(() => CausingEvent)
  event?: CausingEvent;

  @Optional()
  @Text(200)
  heldKey?: string;

  @Optional()
  @Text(2000)
  reason?: string;

  @Optional()
  @Text(120)
  actor?: string;

  @Instant()
  occurredAt!: string;
}
