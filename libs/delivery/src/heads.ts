import type { BusinessKeys } from '#libs/contracts';
import type { ClaimedDelivery } from './courier.js';
import { VERIFIES } from './lanes.sql.js';

/** One of the first open deliveries of a claimed lane. */
export interface HeadRow {
  position: string;
  lane_id: string;
  integration_id: string;
  endpoint_id: string;
  operation: string;
  state: string;
  attempts: number;
  tries: number;
  source: string;
  company: string;
  branch: string | null;
  event_id: string | null;
  event_type: string | null;
  subject: string;
  keys: BusinessKeys | null;
  traceparent: string | null;
  body: unknown;
  waits?: boolean;
  batch_id: string | null;
}

export interface ClaimedEndpoint {
  endpointId: string;
  /** Of an integration with a cadence: what its windows have let go. */
  releasedUpTo: string | null;
  /** Those that may be claimed now, as their lanes name them: with `VERIFIES` behind what is to be verified. */
  operations: readonly string[];
  /** Those of which one at a time is claimed of a lane. */
  paid: readonly string[];
}

/**
 * The unbroken run of pending deliveries on the claimed endpoint that this process knows how to make. Behind the first,
 * one that waits for another lane or for the next window ends it, and so does one that is paid or cannot be taken back.
 */
export function callablePrefix(
  rows: readonly HeadRow[],
  { endpointId, releasedUpTo, operations, paid }: ClaimedEndpoint,
): ClaimedDelivery[] {
  const released = releasedUpTo === null ? undefined : BigInt(releasedUpTo);
  const mustWait = (row: HeadRow) => row.waits === true || (released !== undefined && BigInt(row.position) > released);
  const isPaid = (row: HeadRow | undefined) => row !== undefined && paid.includes(row.operation);
  const isCallable = (row: HeadRow, at: number) =>
    row.state !== 'parked' &&
    row.endpoint_id === endpointId &&
    operations.includes(row.state === 'unknown' ? row.operation + VERIFIES : row.operation) &&
    (at === 0 || (!mustWait(row) && !isPaid(row) && !isPaid(rows[0])));
  const end = rows.findIndex((row, at) => !isCallable(row, at));
  return (end === -1 ? rows : rows.slice(0, end)).map(toClaimed);
}

export function toClaimed(row: HeadRow): ClaimedDelivery {
  return {
    position: row.position,
    laneId: row.lane_id,
    integrationId: row.integration_id,
    endpointId: row.endpoint_id,
    operation: row.operation,
    body: row.body,
    attempts: row.attempts,
    tries: row.tries,
    source: row.source,
    company: row.company,
    branch: row.branch,
    eventId: row.event_id,
    eventType: row.event_type,
    subject: row.subject,
    keys: row.keys,
    traceparent: row.traceparent,
    batchId: row.batch_id,
  };
}
