import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import type { BusinessKeys } from '#libs/contracts';
import type { ClaimedDelivery } from './courier.js';
import { COUNT_RAMP, LOCK_ENDPOINT, TAKE_PROBE } from './endpoints.sql.js';
import { CLAIM_DUE_LANES, CLAIM_RELEASED_LANES, HEADS_OF_LANES, WINDOWED } from './lanes.sql.js';

/** A lane held under a lease, with the deliveries to make, first to last. */
export interface LaneClaim {
  laneId: string;
  laneKey: string;
  epoch: string;
  endpointId: string;
  integrationId: string;
  leaseMs: number;
  /** Monotonic; no call may end after it. */
  leaseEndsAt: number;
  deliveries: ClaimedDelivery[];
  /** The holder before us never said what became of the head. */
  lost: boolean;
  probe: boolean;
}

/** An endpoint with something due, and at which priorities; `WINDOWED` for lanes let go by their window. */
export interface DueEndpoint {
  endpointId: string;
  integrationId: string;
  ownerKey: string;
  priorities: number[];
}

export interface ClaimWish {
  room: number;
  /** How long a claim lasts: the deadline of one call and a margin. */
  leaseMs: number;
  perLane: number;
  operations: readonly string[];
}

interface LockedEndpoint {
  id: string;
  integration_id: string;
  concurrency: number;
  ramp_seconds: number | null;
  ramp_second: number;
  ramp_used: number;
  in_use: number;
  pauses: string[];
  /** Of an integration with a cadence: what its windows have let go. */
  released_up_to: string | null;
}

interface ClaimedLane {
  id: string;
  key: string;
  epoch: string;
  was_leased: boolean;
}

interface HeadRow {
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
  waits: boolean;
}

/** After this many seconds the ramp lets 128 claims a second through, and ends. */
const RAMP_SECONDS = 8;

/** Claims lanes of one endpoint. @returns nothing when it is paused, full, ramping, or claimed by another replica just now */
export async function claimLanes(pool: Pool, due: DueEndpoint, wish: ClaimWish): Promise<LaneClaim[]> {
  const claimedAt = performance.now();
  return inTransaction(pool, async (client) => {
    const endpoint = await lockEndpoint(client, due.endpointId);
    if (!endpoint || endpoint.pauses.length > 0) return [];
    const room = Math.min(wish.room, endpoint.concurrency - endpoint.in_use, rampRoom(endpoint));
    const lanes = await takeLanes(client, endpoint, due.priorities, { ...wish, room });
    if (lanes.length > 0) await countRamp(client, endpoint, lanes.length);
    return withHeads(client, endpoint, lanes, { ...wish, claimedAt, probe: false });
  });
}

/**
 * Claims the one lane that goes through an open breaker, when this replica takes the probe.
 * @param nextProbeMs when another may try, should this one never be heard of again
 */
export async function claimProbe(
  pool: Pool,
  due: DueEndpoint,
  wish: ClaimWish,
  nextProbeMs: number,
): Promise<LaneClaim[]> {
  const claimedAt = performance.now();
  return inTransaction(pool, async (client) => {
    const endpoint = await lockEndpoint(client, due.endpointId);
    if (!endpoint) return [];
    const { rowCount } = await client.query(TAKE_PROBE, [due.endpointId, nextProbeMs]);
    if (!rowCount) return [];
    const lanes = await takeLanes(client, endpoint, due.priorities, { ...wish, room: 1 });
    return withHeads(client, endpoint, lanes, { ...wish, claimedAt, perLane: 1, probe: true });
  });
}

async function lockEndpoint(client: PoolClient, endpointId: string): Promise<LockedEndpoint | undefined> {
  return (await client.query<LockedEndpoint>(LOCK_ENDPOINT, [endpointId])).rows[0];
}

async function takeLanes(
  client: PoolClient,
  endpoint: LockedEndpoint,
  priorities: number[],
  wish: ClaimWish,
): Promise<ClaimedLane[]> {
  const lanes: ClaimedLane[] = [];
  for (const priority of [...priorities].sort((a, b) => b - a)) {
    const room = wish.room - lanes.length;
    if (room <= 0) break;
    const [sql, last] =
      priority === WINDOWED ? [CLAIM_RELEASED_LANES, endpoint.integration_id] : [CLAIM_DUE_LANES, priority];
    const values = [endpoint.id, room, wish.leaseMs, last, wish.operations];
    lanes.push(...(await client.query<ClaimedLane>(sql, values)).rows);
  }
  return lanes;
}

interface HeadsWish {
  leaseMs: number;
  claimedAt: number;
  perLane: number;
  probe: boolean;
}

async function withHeads(
  client: PoolClient,
  endpoint: LockedEndpoint,
  lanes: ClaimedLane[],
  wish: HeadsWish,
): Promise<LaneClaim[]> {
  if (lanes.length === 0) return [];
  const { rows } = await client.query<HeadRow>(HEADS_OF_LANES, [lanes.map((lane) => lane.id), wish.perLane]);
  const byLane = Map.groupBy(rows, (row) => row.lane_id);
  return lanes.map((lane) => ({
    laneId: lane.id,
    laneKey: lane.key,
    epoch: lane.epoch,
    endpointId: endpoint.id,
    integrationId: endpoint.integration_id,
    leaseMs: wish.leaseMs,
    leaseEndsAt: wish.claimedAt + wish.leaseMs,
    deliveries: callablePrefix(byLane.get(lane.id) ?? [], endpoint),
    lost: lane.was_leased,
    probe: wish.probe,
  }));
}

/**
 * The unbroken run of pending deliveries on the claimed endpoint. Behind the first, one that waits for another lane or
 * for the next window ends it.
 */
function callablePrefix(rows: HeadRow[], endpoint: LockedEndpoint): ClaimedDelivery[] {
  const released = endpoint.released_up_to === null ? undefined : BigInt(endpoint.released_up_to);
  const mustWait = (row: HeadRow) => row.waits || (released !== undefined && BigInt(row.position) > released);
  const end = rows.findIndex(
    (row, at) => row.state !== 'pending' || row.endpoint_id !== endpoint.id || (at > 0 && mustWait(row)),
  );
  return (end === -1 ? rows : rows.slice(0, end)).map(toClaimed);
}

function toClaimed(row: HeadRow): ClaimedDelivery {
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
  };
}

/** After a breaker closed: 1, 2, 4 … claims in each second, shared by all replicas through the endpoint's row. */
function rampRoom(endpoint: LockedEndpoint): number {
  if (endpoint.ramp_seconds === null) return Infinity;
  const second = Math.floor(endpoint.ramp_seconds);
  if (second >= RAMP_SECONDS) return Infinity;
  return 2 ** second - (second === endpoint.ramp_second ? endpoint.ramp_used : 0);
}

async function countRamp(client: PoolClient, endpoint: LockedEndpoint, claimed: number): Promise<void> {
  if (endpoint.ramp_seconds === null) return;
  const second = Math.floor(endpoint.ramp_seconds);
  const used = claimed + (second === endpoint.ramp_second ? endpoint.ramp_used : 0);
  await client.query(COUNT_RAMP, second >= RAMP_SECONDS ? [endpoint.id, null, 0] : [endpoint.id, second, used]);
}
