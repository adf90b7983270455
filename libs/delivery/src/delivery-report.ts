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
  plannedAt: Date;
  retryAt: Date | null;
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

export interface DeliveryRow extends ToldRow {
  state: DeliveryState;
  tries: number;
  reason: string | null;
  planned_at: Date;
  retry_at: Date | null;
  reference: string | null;
  settled_at: Date | null;
}

export function toReport(row: DeliveryRow): DeliveryReport {
  const { keys: _keys, traceparent: _traceparent, ...told } = toTold(row);
  return {
    ...told,
    state: row.state,
    tries: row.tries,
    reason: row.reason,
    plannedAt: row.planned_at,
    retryAt: row.retry_at,
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
