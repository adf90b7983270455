import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import { keepCallsWithin } from './calls-at-once.js';
import type { ClaimedDelivery, DeliveryLimits } from './courier.js';
import { COUNT_RAMP, LOCK_ENDPOINT, READ_ENDPOINT, TAKE_PROBE } from './endpoints.sql.js';
import { callablePrefix, type HeadRow } from './heads.js';
import { CLAIM_DUE_LANES, CLAIM_RELEASED_LANES, HEADS_OF_LANES, VERIFIES, WINDOWED } from './lanes.sql.js';
import { BACKGROUND } from './plan.js';
import { rampRoom, secondOf, type Ramp } from './ramp.js';

/** A lane held under a lease, with the deliveries to make, first to last. */
export interface LaneClaim {
  laneId: string;
  laneKey: string;
  epoch: string;
  endpointId: string;
  integrationId: string;
  limits: DeliveryLimits;
  leaseMs: number;
  /** Monotonic; no call may end after it. */
  leaseEndsAt: number;
  deliveries: ClaimedDelivery[];
  /** The holder before us never said what became of the head. */
  lost: boolean;
  /** Set where this goes through an open breaker: the number of this probe, from 1. */
  probe?: number;
  /** Its one delivery is paid or cannot be taken back: to be called, or to be verified first. */
  paid?: 'call' | 'verify';
  /** Its one delivery goes in one call with as many of other lanes, at the most. */
  together?: number;
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
  limits: DeliveryLimits;
  /** How long a claim lasts: the deadline of one call and a margin. */
  leaseMs: number;
  perLane: number;
  operations: readonly string[];
  /** Of the operations, those whose calls are paid or cannot be taken back. */
  paid?: readonly string[];
  /** Lanes that go in one call of this group; 1 unless told. */
  sizeOf?: (group: string) => number | undefined;
}

/** What goes through an open breaker. */
export interface ClaimedProbe {
  /** The number of this probe, from 1; undefined: another replica took it. */
  probe?: number;
  group?: string;
  claims: LaneClaim[];
}

interface EndpointRow {
  id: string;
  integration_id: string;
  operation_group: string;
  concurrency: number;
  ramp_seconds: number | null;
  ramp_second: number;
  ramp_used: number;
  in_use: number;
  /** Of those in use, by what gives way to everything else. */
  in_background: number;
  pauses: string[];
  /** Of an integration with a cadence: what its windows have let go. */
  released_up_to: string | null;
}

interface LaneRow {
  id: string;
  key: string;
  epoch: string;
  was_leased: boolean;
}

interface ClaimedLane extends LaneRow {
  priority: number;
}

/** Claims lanes for this process; the database decides between replicas. */
export class LaneClaimer {
  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns nothing when the endpoint is paused, full, ramping, or claimed by another replica just now; while its budget is
   * spent, what is to be verified
   */
  claim(due: DueEndpoint, wish: ClaimWish): Promise<LaneClaim[]> {
    const claimedAt = this.clock.monotonicMs();
    return inTransaction(this.pool, async (client) => {
      const endpoint = await lockEndpoint(client, due.endpointId);
      if (!endpoint || endpoint.pauses.some((reason) => reason !== 'spend-cap')) return [];
      const { all, verifying } = claimableOperations(wish);
      const operations = endpoint.pauses.length > 0 ? verifying : all;
      const ramp = rampOf(endpoint);
      const size = wish.sizeOf?.(endpoint.operation_group) ?? 1;
      const calls = Math.min(wish.room, endpoint.concurrency - endpoint.in_use);
      const room = Math.min(calls * size, rampRoom(ramp));
      const lanes = await takeLanes(client, endpoint, due.priorities, {
        room,
        size,
        operations,
        leaseMs: wish.leaseMs,
      });
      // The ramp counts lanes: one delivery of each, or what waits on one lane would go all at once.
      const perLane = rampRoom(ramp) === Infinity && size === 1 ? wish.perLane : 1;
      const heads = { ...wish, perLane, claimedAt, claimable: operations };
      const claimed = await withHeads(client, endpoint, lanes, heads);
      const background = new Set(lanes.filter(({ priority }) => priority === BACKGROUND).map(({ id }) => id));
      const callRoom = { calls, ofBackground: backgroundRoom(endpoint) };
      const kept = await keepCallsWithin(client, claimed, callRoom, (id) => background.has(id));
      if (ramp && kept.length > 0) await countRamp(client, endpoint.id, ramp, kept.length);
      return kept;
    });
  }

  /**
   * Claims the one lane that goes through an open breaker, when this replica takes the probe; none with a call that is
   * paid or cannot be taken back.
   * @param nextProbeMs when another may try, should this one never be heard of again
   */
  claimProbe(due: DueEndpoint, wish: ClaimWish, nextProbeMs: number): Promise<ClaimedProbe> {
    const claimedAt = this.clock.monotonicMs();
    return inTransaction(this.pool, async (client) => {
      const endpoint = await lockEndpoint(client, due.endpointId);
      if (!endpoint) return { claims: [] };
      const taken = await client.query<{ probes: number }>(TAKE_PROBE, [due.endpointId, nextProbeMs]);
      const probe = taken.rows[0]?.probes;
      if (probe === undefined) return { claims: [] };
      const { free, verifying } = claimableOperations(wish);
      const operations = endpoint.pauses.includes('spend-cap') ? verifying : free;
      const lanes = await takeLanes(client, endpoint, due.priorities, {
        room: 1,
        size: 1,
        operations,
        leaseMs: wish.leaseMs,
      });
      const heads = { ...wish, claimedAt, perLane: 1, probe, claimable: operations };
      return { probe, group: endpoint.operation_group, claims: await withHeads(client, endpoint, lanes, heads) };
    });
  }
}

async function lockEndpoint(client: PoolClient, endpointId: string): Promise<EndpointRow | undefined> {
  const { rowCount } = await client.query(LOCK_ENDPOINT, [endpointId]);
  if (!rowCount) return undefined;
  return (await client.query<EndpointRow>(READ_ENDPOINT, [endpointId])).rows[0];
}

/** The highest priority first; what its window has let go comes last. */
async function takeLanes(
  client: PoolClient,
  endpoint: EndpointRow,
  priorities: readonly number[],
  wish: { room: number; size: number; leaseMs: number; operations: readonly string[] },
): Promise<ClaimedLane[]> {
  const lanes: ClaimedLane[] = [];
  for (const priority of priorities.toSorted((one, other) => other - one)) {
    if (lanes.length >= wish.room) break;
    const left = wish.room - lanes.length;
    const room = priority === BACKGROUND ? Math.min(left, backgroundRoom(endpoint) * wish.size) : left;
    if (room <= 0) continue;
    const [sql, last] =
      priority === WINDOWED ? [CLAIM_RELEASED_LANES, endpoint.integration_id] : [CLAIM_DUE_LANES, priority];
    const values = [endpoint.id, room, wish.leaseMs, last, wish.operations];
    const { rows } = await client.query<LaneRow>(sql, values);
    lanes.push(...rows.map((row) => ({ ...row, priority })));
  }
  return lanes;
}

/** A quarter of the calls, so that what moves meanwhile finds the others free. */
function backgroundRoom({ concurrency, in_background: used }: EndpointRow): number {
  return Math.max(Math.floor(concurrency / 4), 1) - used;
}

interface HeadsWish extends ClaimWish {
  claimedAt: number;
  probe?: number;
  /** Those that may be claimed now. */
  claimable: readonly string[];
}

async function withHeads(
  client: PoolClient,
  endpoint: EndpointRow,
  lanes: readonly ClaimedLane[],
  wish: HeadsWish,
): Promise<LaneClaim[]> {
  if (lanes.length === 0) return [];
  const { rows } = await client.query<HeadRow>(HEADS_OF_LANES, [lanes.map((lane) => lane.id), wish.perLane]);
  const byLane = Map.groupBy(rows, (row) => row.lane_id);
  const { claimable: operations, paid = [] } = wish;
  const claimed = { endpointId: endpoint.id, releasedUpTo: endpoint.released_up_to, operations, paid };
  return lanes.map((lane) => ({
    laneId: lane.id,
    laneKey: lane.key,
    epoch: lane.epoch,
    endpointId: endpoint.id,
    integrationId: endpoint.integration_id,
    limits: wish.limits,
    leaseMs: wish.leaseMs,
    leaseEndsAt: wish.claimedAt + wish.leaseMs,
    deliveries: callablePrefix(byLane.get(lane.id) ?? [], claimed),
    lost: lane.was_leased,
    probe: wish.probe,
    paid: paidOf(byLane.get(lane.id)?.[0], paid),
    together: wish.sizeOf?.(endpoint.operation_group),
  }));
}

/** As lanes name them: with `VERIFIES` behind those whose last call is to be verified, which costs nothing. */
function claimableOperations({ operations, paid = [] }: ClaimWish) {
  const verifying = paid.map((operation) => operation + VERIFIES);
  const repeatable = operations.filter((operation) => !paid.includes(operation));
  return { all: [...operations, ...verifying], free: [...repeatable, ...verifying], verifying };
}

function paidOf(head: HeadRow | undefined, paid: readonly string[]): LaneClaim['paid'] {
  if (!head || !paid.includes(head.operation)) return undefined;
  return head.state === 'unknown' ? 'verify' : 'call';
}

function rampOf({ ramp_seconds: seconds, ramp_second: second, ramp_used: used }: EndpointRow): Ramp | undefined {
  return seconds === null ? undefined : { seconds, second, used };
}

async function countRamp(client: PoolClient, endpointId: string, ramp: Ramp, claimed: number): Promise<void> {
  const second = secondOf(ramp);
  const used = claimed + (second === ramp.second ? ramp.used : 0);
  await client.query(COUNT_RAMP, second === undefined ? [endpointId, null, 0] : [endpointId, second, used]);
}
