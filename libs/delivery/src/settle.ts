import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import type { LaneClaim } from './claim.js';
import type { ClaimedDelivery } from './courier.js';
import { DEPENDENTS_OF, LOCK_LANES, RECOMPUTE_LANES, RELEASE_LANES, RENEW_LANES } from './lanes.sql.js';
import { INSERT_ATTEMPTS, KEEP_DELIVERIES, SETTLE_DELIVERIES } from './ledger.sql.js';
import { writeOutcomes, type OutcomeRow, type OutcomeWriter, type ToldDelivery } from './outcome-events.js';
import type { Verdict } from './verdict.js';

/** One attempt that has ended. */
export interface EndedAttempt {
  delivery: ClaimedDelivery;
  verdict: Verdict;
  /** In the partner's terms: delivered, refused, unavailable, unknown, or `exception`. */
  outcome: string;
  reason?: string;
  exchange?: unknown;
  note?: string;
  startedAt: Date;
}

/** What one lane has to say: an attempt, or nothing when it is handed back unsent. */
export interface LaneResult {
  claim: LaneClaim;
  attempt?: EndedAttempt;
  /** The lane stays ours, with a fresh lease, for its next delivery. */
  keep: boolean;
}

export interface SettledLane {
  /** False when the lease had run out and somebody else holds the lane: what we did is recorded as evidence. */
  ours: boolean;
  /** Monotonic end of the fresh lease of a lane that was kept. */
  leaseEndsAt: number;
}

/**
 * Settles a handful of lanes in one transaction: locks the lanes in order, checks the epochs, writes states, attempts
 * and outcome rows, and, in a new statement, says what each lane waits for next.
 */
export async function settleLanes(
  pool: Pool,
  results: readonly LaneResult[],
  about: { replica: string; outcomes: OutcomeWriter },
): Promise<SettledLane[]> {
  const startedAt = performance.now();
  const ours = await inTransaction(pool, async (client) => {
    const held = await lockHeld(client, results);
    const valid = results.filter((_, at) => held[at]);
    await writeVerdicts(client, valid, about.outcomes);
    await writeAttempts(client, results, held, about.replica);
    await letGo(client, valid);
    return held;
  });
  await wakeDependents(
    pool,
    results.filter((result, at) => ours[at] && result.attempt?.verdict.kind === 'final'),
  );
  return ours.map((isOurs, at) => ({ ours: isOurs, leaseEndsAt: startedAt + results[at]!.claim.leaseMs }));
}

async function lockHeld(client: PoolClient, results: readonly LaneResult[]): Promise<boolean[]> {
  const lanes = results.map((result) => result.claim.laneId);
  const { rows } = await client.query<{ id: string; epoch: string; leased: boolean }>(LOCK_LANES, [lanes]);
  const epochs = new Map(rows.map((row) => [row.id, row.leased ? row.epoch : undefined]));
  return results.map(({ claim }) => epochs.get(claim.laneId) === claim.epoch);
}

async function writeVerdicts(
  client: PoolClient,
  results: readonly LaneResult[],
  outcomes: OutcomeWriter,
): Promise<void> {
  const told = new Map<string, OutcomeRow>();
  const final: unknown[][] = [];
  const kept: unknown[][] = [];
  for (const { claim, attempt } of results) {
    if (!attempt) continue;
    const { delivery, verdict } = attempt;
    const attempts = delivery.attempts + (verdict.counted ? 1 : 0);
    const tries = delivery.tries + 1;
    const reason = storable(verdict.reason);
    if (verdict.kind === 'final') {
      final.push([delivery.position, verdict.state, reason, storable(verdict.reference), attempts, tries, null]);
    } else {
      kept.push([delivery.position, verdict.state, reason, attempts, tries, verdict.waitMs]);
    }
    const outcome = tell(outcomes, { ...delivery, laneKey: claim.laneKey, attempts }, attempt);
    if (outcome) told.set(delivery.position, outcome);
  }
  const changed = [
    ...(await write(client, SETTLE_DELIVERIES, final, 7)),
    ...(await write(client, KEEP_DELIVERIES, kept, 6)),
  ];
  await writeOutcomes(
    client,
    changed.flatMap((position) => told.get(position) ?? []),
  );
}

async function write(client: PoolClient, sql: string, rows: unknown[][], width: number): Promise<string[]> {
  if (rows.length === 0) return [];
  return (await client.query<{ position: string }>(sql, columnsOf(rows, width))).rows.map((row) => row.position);
}

/** A partner may answer with characters the database cannot hold. */
function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function tell(
  outcomes: OutcomeWriter,
  delivery: ToldDelivery,
  { verdict, note }: EndedAttempt,
): OutcomeRow | undefined {
  if (verdict.kind === 'final' && verdict.state === 'delivered')
    return outcomes.delivered(delivery, verdict.reference, note);
  if (verdict.kind === 'final') return outcomes.stopped('refused', delivery, verdict.reason ?? '');
  if (verdict.state === 'parked') return outcomes.stopped('parked', delivery, verdict.reason);
  return undefined;
}

/** Late results too: they are evidence, and nothing more. */
async function writeAttempts(
  client: PoolClient,
  results: readonly LaneResult[],
  held: boolean[],
  replica: string,
): Promise<void> {
  const rows = results.flatMap(({ claim, attempt }, at) => (attempt ? [{ claim, attempt, late: !held[at] }] : []));
  if (rows.length === 0) return;
  await client.query(INSERT_ATTEMPTS, [
    rows.map(({ attempt }) => attempt.delivery.position),
    rows.map(({ attempt }) => attempt.delivery.tries + 1),
    rows.map(({ claim }) => claim.epoch),
    rows.map(({ attempt, late }) => attempt.verdict.counted && !late),
    rows.map(({ late }) => late),
    rows.map(({ attempt }) => attempt.outcome),
    rows.map(({ attempt }) => storable(attempt.reason)),
    rows.map(({ attempt }) => storableJson(attempt.exchange)),
    replica,
    rows.map(({ attempt }) => attempt.startedAt),
  ]);
}

function storableJson(value: unknown): string | null {
  if (value === undefined) return null;
  return JSON.stringify(value, (_, part) => (typeof part === 'string' ? storable(part) : part)) ?? null;
}

async function letGo(client: PoolClient, results: readonly LaneResult[]): Promise<void> {
  const kept = results.filter((result) => result.keep).map(({ claim }) => [claim.laneId, claim.leaseMs]);
  const free = results.filter((result) => !result.keep).map((result) => result.claim.laneId);
  if (kept.length > 0) await client.query(RENEW_LANES, columnsOf(kept, 2));
  if (free.length === 0) return;
  await client.query(RELEASE_LANES, [free]);
  await client.query(RECOMPUTE_LANES, [free]);
}

/** In a transaction of its own, after the commit; the sweeper covers a crash in between. */
async function wakeDependents(pool: Pool, results: readonly LaneResult[]): Promise<void> {
  if (results.length === 0) return;
  const lanes = results.map((result) => result.claim.laneId);
  const { rows } = await pool.query<{ id: string }>(DEPENDENTS_OF, [lanes]);
  if (rows.length > 0)
    await recomputeLanes(
      pool,
      rows.map((row) => row.id),
    );
}

/** Locks the lanes in order and says anew what each waits for. @returns those of which something else had been said */
export async function recomputeLanes(pool: Pool, laneIds: readonly string[]): Promise<string[]> {
  return inTransaction(pool, async (client) => {
    await client.query(LOCK_LANES, [laneIds]);
    const { rows } = await client.query<{ id: string }>(RECOMPUTE_LANES, [laneIds]);
    return rows.map((row) => row.id);
  });
}

/** Rows to columns, as `unnest` takes them. */
export function columnsOf(rows: readonly unknown[][], width: number): unknown[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}
