import { Count, Instant, OneOf, Optional, Part, Serial, Text, TextList } from './fields.js';
import { IntegrationRef } from './outcome-parts.js';

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
