import { createHash } from 'node:crypto';
import { ERP_EVENTS } from '#libs/broker';
import {
  readEvent,
  snapshotTypeOf,
  writeEnvelope,
  writeEvent,
  type BackfillFinished,
  type BackfillStarted,
  type HubEnvelope,
} from '#libs/contracts';
import { PAYLOAD_MAX_BYTES, type OutgoingEvent } from '#libs/outbox';
import type { SkippedRow, StartedBackfill } from './backfill.js';
import type { ExportRow } from './export-view.js';

export type SnapshotReading = { kind: 'snapshot'; event: OutgoingEvent } | { kind: 'skipped'; reason: string };

const REASON_MAX = 500;
const ID_MAX = 120;

/**
 * The row as an event that everybody can take, or why nobody could: a snapshot that is parked would hold up the live
 * events of its key. The same row of the same walk is the same event, under the same id and time, however often it is
 * sent; a row that has changed in between is another event.
 */
export function rowToSnapshot(row: ExportRow, walk: StartedBackfill): SnapshotReading {
  if (row.payload === null) return skipped(`the row has ${row.bytes} bytes, at most ${PAYLOAD_MAX_BYTES} travel`);
  const written = writeEnvelope(snapshotEnvelope(row, walk), row.payload);
  const read = readEvent(written.content, written.properties);
  if (read.kind === 'event') return { kind: 'snapshot', event: { exchange: ERP_EVENTS, ...written } };
  return skipped(read.kind === 'invalid' ? read.problems.join('; ') : reasonOf(read));
}

export function toStarted(walk: StartedBackfill): OutgoingEvent {
  return {
    exchange: ERP_EVENTS,
    ...writeEvent({ ...markEnvelope(walk, 'started', walk.startedAt), data: startOf(walk) }),
  };
}

/** `skippedRows`: those whose ids are known. */
export function toFinished(
  walk: StartedBackfill & { finishedAt: Date },
  skippedRows: readonly SkippedRow[],
): OutgoingEvent {
  const ids = skippedRows.map(({ id }) => id).filter((id) => id !== '' && [...id].length <= ID_MAX);
  const data: BackfillFinished = {
    ...startOf(walk),
    finishedAt: walk.finishedAt.toISOString(),
    rows: walk.rows,
    ...(walk.skipped > 0 && { skipped: walk.skipped, skippedIds: ids }),
  };
  return { exchange: ERP_EVENTS, ...writeEvent({ ...markEnvelope(walk, 'finished', walk.finishedAt), data }) };
}

function snapshotEnvelope(row: ExportRow, walk: StartedBackfill): Omit<HubEnvelope, 'data'> {
  return {
    specversion: '1.0',
    id: uuidOf([walk.id, walk.startedAt.toISOString(), row.id, row.branch, row.payload]),
    source: walk.source,
    type: snapshotTypeOf(walk.aggregate),
    subject: `${walk.aggregate}/${row.id}`,
    time: walk.startedAt.toISOString(),
    company: walk.company,
    branch: row.branch ?? undefined,
    sequence: row.sequence ?? undefined,
  };
}

function markEnvelope(walk: StartedBackfill, what: 'started' | 'finished', at: Date): Omit<HubEnvelope, 'data'> {
  return {
    specversion: '1.0',
    id: uuidOf([walk.id, walk.startedAt.toISOString(), what]),
    source: walk.source,
    type: `ponte.backfill.${what}.v1`,
    subject: `backfill/${walk.aggregate}`,
    time: at.toISOString(),
    company: walk.company,
  };
}

function startOf({ aggregate, company, id, startedAt }: StartedBackfill): BackfillStarted {
  return { backfillId: id, aggregate, company, startedAt: startedAt.toISOString() };
}

/** A UUID of version 8, made from what the event says. */
function uuidOf(parts: readonly (string | null)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function reasonOf(read: { kind: 'unreadable'; reason: string } | { kind: 'unknown-type' }): string {
  return read.kind === 'unreadable' ? read.reason : 'no snapshot of it is known';
}

function skipped(reason: string): SnapshotReading {
  return { kind: 'skipped', reason: reason.slice(0, REASON_MAX) };
}
