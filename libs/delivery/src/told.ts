import type { BusinessKeys, ParkedKind } from '#libs/contracts';
import type { OutcomeRow } from './outcome-rows.js';
import type { PauseReason } from './pause.js';

/** Whose an outcome is, and of what. */
export type Where = Pick<OutcomeRow, 'subject' | 'company' | 'branch' | 'traceparent'>;

/** What is known of the event something is told about. */
export interface EventFacts extends Where {
  id: string;
  source: string;
  type: string;
}

export interface Release {
  how: 'skipped' | 'planned' | 'fixed';
  actor: string;
  reason?: string;
}

export interface ParkedFacts {
  parkedId: string;
  kind: ParkedKind;
  reason: string;
  heldKey?: string;
  integrationId?: string;
}

/** What the ledger knows of a delivery when it tells of it. */
export interface ToldDelivery {
  position: string;
  laneKey: string;
  integrationId: string;
  operation: string;
  attempts: number;
  source: string;
  company: string;
  branch: string | null;
  eventId: string | null;
  eventType: string | null;
  subject: string;
  keys: BusinessKeys | null;
  traceparent: string | null;
}

export interface EndpointOwner {
  endpointId: string;
  integrationId: string;
  group: string;
  source: string;
  company: string;
}

/** What stands on an endpoint after a reason came or went. */
export interface EndpointPauses {
  reason: PauseReason;
  standing: PauseReason[];
  detail?: string;
  until?: Date;
  actor?: string;
}

export interface RunFacts {
  runId: string;
  integrationId: string;
  /** Unknown where nothing was ever planned for the integration. */
  owner?: { source: string; company: string };
  trigger: 'cadence' | 'person';
  startedAt: Date;
  upTo: string;
  actor?: string;
}

/** What became of a run's items; they add up to what it released. */
export interface RunCounts {
  delivered: number;
  refused: number;
  skipped: number;
  superseded: number;
  parked: number;
  carried: number;
}
