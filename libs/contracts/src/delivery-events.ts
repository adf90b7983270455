import { Count, Instant, Optional, Part, Serial, Text } from './fields.js';
import { BusinessKeys, CausingEvent, IntegrationRef } from './outcome-parts.js';

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

/** Data of `.delivery.retried.v1`: a person, the `actor`, had it sent; the `note` says why. Announced, not final. */
export class DeliveryRetried extends DeliveryEvent {
  /** With others, by this job. */
  @Optional()
  @Serial()
  redriveId?: string;

  /** The delivery in whose place it was put, with another body. */
  @Optional()
  @Serial()
  replaces?: string;
}
