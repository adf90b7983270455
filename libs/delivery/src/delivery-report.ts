import type { BusinessKeys } from '#libs/contracts';
import type { IntentState } from './paid-verdict.js';
import { toTold, type ToldRow } from './told-row.js';

export type DeliveryState = 'pending' | 'parked' | 'unknown' | 'delivered' | 'refused' | 'skipped' | 'superseded';

export interface DeliveryReport {
  position: string;
  integrationId: string;
  operation: string;
  state: DeliveryState;
  attempts: number;
  tries: number;
  reason: string | null;
  source: string;
  company: string;
  branch: string | null;
  eventId: string | null;
  eventType: string | null;
  subject: string;
  /** What the support desk knows it by: title number, customer id … */
  keys: BusinessKeys | null;
  plannedAt: Date;
  retryAt: Date | null;
  /** When it failed last. */
  failedAt: Date | null;
  reference: string | null;
  settledAt: Date | null;
}

export interface AttemptReport {
  number: number;
  outcome: string;
  reason: string | null;
  /** False where the endpoint was to blame: no attempt was spent. */
  counted: boolean;
  /** The lease was over: kept as evidence. */
  late: boolean;
  replica: string;
  exchange: unknown;
  startedAt: Date;
  endedAt: Date;
}

/** What a person did with it. */
export interface ActionReport {
  /** `confirmed`, `denied`: said of a paid or irreversible call that it happened, or did not. */
  action: 'retried' | 'redriven' | 'skipped' | 'edited' | 'confirmed' | 'denied';
  by: string;
  reason: string | null;
  at: Date;
  redriveId: string | null;
  /** What was put in its place. */
  replacedBy: string | null;
}

/** An open delivery that must be settled before another goes. */
export interface WaitedFor {
  position: string;
  lane: string;
  operation: string;
  /** A parked one waits for a person, and so does what waits for it. */
  state: 'pending' | 'parked' | 'unknown';
}

export interface DeliveryDetail {
  delivery: DeliveryReport;
  attempts: AttemptReport[];
  actions: ActionReport[];
  waitsFor: WaitedFor[];
  /** What it was put in the place of, by a person. */
  replaces?: string;
  /** Of a paid or irreversible operation: its calls, each written down before it was made. */
  intents?: IntentReport[];
}

export interface IntentReport {
  number: number;
  state: IntentState;
  cost: string | null;
  /** To look for at the partner. */
  idempotencyKey: string;
  replica: string;
  startedAt: Date;
  endedAt: Date | null;
}

export interface DeliveryRow extends ToldRow {
  state: DeliveryState;
  tries: number;
  reason: string | null;
  planned_at: Date;
  retry_at: Date | null;
  failed_at: Date | null;
  reference: string | null;
  settled_at: Date | null;
  /** Read for a person's hand alone. */
  batch_id?: string | null;
}

export function toReport(row: DeliveryRow): DeliveryReport {
  const { traceparent: _traceparent, ...told } = toTold(row);
  return {
    ...told,
    state: row.state,
    tries: row.tries,
    reason: row.reason,
    plannedAt: row.planned_at,
    retryAt: row.retry_at,
    failedAt: row.failed_at,
    reference: row.reference,
    settledAt: row.settled_at,
  };
}

export function toAttempt(row: Record<string, never>): AttemptReport {
  const { number, outcome, reason, counted, late, replica, exchange } = row;
  return {
    number: number!,
    outcome: outcome!,
    reason: reason!,
    counted: counted!,
    late: late!,
    replica: replica!,
    exchange: exchange!,
    startedAt: row.started_at!,
    endedAt: row.ended_at!,
  };
}

export function toAction(row: Record<string, never>): ActionReport {
  return {
    action: row.action!,
    by: row.done_by!,
    reason: row.reason!,
    at: row.done_at!,
    redriveId: row.redrive_id!,
    replacedBy: row.replaced_by!,
  };
}

export function toIntent(row: Record<string, never>): IntentReport {
  const { number, state, cost, replica } = row;
  return {
    number: number!,
    state: state!,
    cost: cost!,
    idempotencyKey: row.idempotency_key!,
    replica: replica!,
    startedAt: row.started_at!,
    endedAt: row.ended_at!,
  };
}
