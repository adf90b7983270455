import type { DeliveryFilter } from './deliveries-filter.js';

export const REDRIVE_ITEM_STATES = [
  'waiting',
  /** Let go; what becomes of it is not known yet. */
  'released',
  'delivered',
  'refused',
  'skipped',
  'superseded',
  'parked-again',
  /** Somebody else had it sent before its turn came. */
  'already-retried',
  'already-settled',
  'canceled',
] as const;
export type RedriveItemState = (typeof REDRIVE_ITEM_STATES)[number];

/** What would be redriven. */
export interface RedrivePreview {
  count: number;
  /** Chosen by the filter too, and in an open redrive already: left out. */
  inOtherRedrives: number;
  /** Chosen by the filter too, and never redriven: whether their calls took effect is not known. */
  unknown: number;
  oldest: Date | null;
  newest: Date | null;
  byOperation: { operation: string; count: number }[];
  /** The largest groups, with `#` where their reasons differ. */
  byReason: { fingerprint: string; operation: string; reason: string; count: number }[];
  /** The first that would go. */
  sample: {
    position: string;
    operation: string;
    subject: string;
    company: string;
    branch: string | null;
    reason: string | null;
  }[];
}

export interface RedriveReport {
  id: string;
  state: 'running' | 'waiting-for-go-ahead' | 'canceled' | 'finished';
  filter: DeliveryFilter;
  reason: string;
  startedBy: string;
  perSecond: number;
  startedAt: Date;
  finishedAt: Date | null;
  canceledAt: Date | null;
  canceledBy: string | null;
  total: number;
  /** Not let go yet. */
  remaining: number;
  /** Let go, and neither settled nor parked again yet. */
  underWay: number;
  delivered: number;
  refused: number;
  parkedAgain: number;
  skipped: number;
  superseded: number;
  alreadyRetried: number;
  alreadySettled: number;
  canceled: number;
}

export interface RedriveItem {
  position: string;
  integrationId: string;
  operation: string;
  source: string;
  company: string;
  branch: string | null;
  subject: string;
  state: RedriveItemState;
  /** Why it was parked when the redrive began, and what came of it since. */
  reasonBefore: string | null;
  reason: string | null;
  releasedAt: Date | null;
  endedAt: Date | null;
}

export interface RedriveRow {
  id: string;
  filter: DeliveryFilter;
  reason: string;
  started_by: string;
  per_second: number;
  first_only: number | null;
  taken: number;
  total: number;
  started_at: Date;
  canceled_at: Date | null;
  canceled_by: string | null;
  finished_at: Date | null;
  counts: Partial<Record<RedriveItemState, number>>;
}

export function toRedriveReport(row: RedriveRow): RedriveReport {
  const { counts } = row;
  return {
    id: row.id,
    state: stateOf(row),
    filter: row.filter,
    reason: row.reason,
    startedBy: row.started_by,
    perSecond: row.per_second,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    canceledAt: row.canceled_at,
    canceledBy: row.canceled_by,
    total: row.total,
    remaining: counts.waiting ?? 0,
    underWay: counts.released ?? 0,
    delivered: counts.delivered ?? 0,
    refused: counts.refused ?? 0,
    parkedAgain: counts['parked-again'] ?? 0,
    skipped: counts.skipped ?? 0,
    superseded: counts.superseded ?? 0,
    alreadyRetried: counts['already-retried'] ?? 0,
    alreadySettled: counts['already-settled'] ?? 0,
    canceled: counts.canceled ?? 0,
  };
}

function stateOf({ canceled_at, finished_at, first_only, taken, counts }: RedriveRow): RedriveReport['state'] {
  if (canceled_at) return 'canceled';
  if (finished_at) return 'finished';
  return first_only !== null && taken >= first_only && (counts.waiting ?? 0) > 0 ? 'waiting-for-go-ahead' : 'running';
}

export function toRedriveItem(row: Record<string, never>): RedriveItem {
  const { position, operation, source, company, branch, subject, state, reason } = row;
  return {
    position: position!,
    integrationId: row.integration_id!,
    operation: operation!,
    source: source!,
    company: company!,
    branch: branch!,
    subject: subject!,
    state: state!,
    reasonBefore: row.reason_before!,
    reason: reason!,
    releasedAt: row.released_at!,
    endedAt: row.ended_at!,
  };
}
