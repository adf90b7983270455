import { Instant, OneOf, Optional, Part, Serial, Text } from './fields.js';
import { BusinessKeys, CausingEvent, IntegrationRef } from './outcome-parts.js';

export const UNPLANNED_REASONS = [
  'off',
  'not-configured',
  'not-ready',
  'filtered',
  'no-plan',
  'no-integration',
  'read-model-only',
  /** A paid or irreversible operation is asked for once, by its permanent key. */
  'already-asked',
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
