import type { BackfillAggregate } from '#libs/contracts';

/** `joined`: another walk of the same company and aggregate was open already and answers for this one. */
export const BACKFILL_STATES = ['requested', 'running', 'finished', 'failed', 'canceled', 'joined'] as const;
export type BackfillState = (typeof BACKFILL_STATES)[number];

/** Somebody wants everything of one aggregate of one company told from the beginning. */
export interface BackfillWish {
  id: string;
  company: string;
  aggregate: BackfillAggregate;
  requestedBy: string;
}

export interface Backfill extends BackfillWish {
  source: string;
  state: BackfillState;
  /** The walk that answers for this one. */
  joined?: string;
  requestedAt: Date;
  /** The id of the last row whose snapshot the broker has confirmed; '' before the first. */
  lastId: string;
  /** Snapshots confirmed. */
  rows: number;
  /** Rows that could not become a snapshot. */
  skipped: number;
  startedAt?: Date;
  /** When the last progress was stored. */
  movedAt?: Date;
  finishedAt?: Date;
  /** Why it failed, who canceled it, or what a running one waits for. */
  reason?: string;
}

/** One that has begun: its start is the `time` of every snapshot. */
export type StartedBackfill = Backfill & { startedAt: Date };

export interface SkippedRow {
  id: string;
  reason: string;
}

export function isStarted(backfill: Backfill): backfill is StartedBackfill {
  return backfill.startedAt !== undefined;
}

/** Snapshots a second since the start, pauses included. */
export function rowsPerSecond({ startedAt, movedAt, rows }: Backfill): number | undefined {
  const seconds = startedAt && movedAt ? (movedAt.getTime() - startedAt.getTime()) / 1_000 : 0;
  return seconds > 0 ? Math.round((rows / seconds) * 10) / 10 : undefined;
}
