import type { Pool, PoolClient } from 'pg';
import { faultPoint, inTransaction } from '#libs/runtime';
import { noteAwaiting, type ParkedDelivery } from './awaiting.js';
import { LEAVE_BATCH } from './batches.sql.js';
import type { LaneClaim } from './claim.js';
import { columnsOf } from './columns.js';
import type { ClaimedDelivery } from './courier.js';
import { LOCK_LANES, RELEASE_LANES, RENEW_LANES } from './lanes.sql.js';
import { INSERT_ATTEMPTS } from './ledger.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { settleIntents } from './paid-settle.js';
import { maskedResult } from './masked-result.js';
import type { IntentEnd } from './paid-verdict.js';
import type { ToldDelivery } from './told.js';
import { writeOutcomes, type OutcomeRow } from './outcome-rows.js';
import { storable, storableJson } from './storable.js';
import type { Verdict } from './verdict.js';
import { writeVerdictRows } from './verdict-rows.js';

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
  /** It went with others: `open` while nobody knows what became of the call, and they stay together. */
  batch?: 'answered' | 'open';
  /** Of a paid or irreversible call: what became of the one that was written down. */
  intent?: IntentEnd;
}

/** What one lane has to say: an attempt, or nothing when it is handed back unsent. */
export interface LaneResult {
  claim: LaneClaim;
  attempt?: EndedAttempt;
  /** The lane stays ours for its next delivery. */
  keep: boolean;
  /** Its lease begins afresh: what is left of it would not do for the next call. */
  renew?: boolean;
}

export interface SettleOptions {
  pool: Pool;
  replica: string;
  outcomes: OutcomeWriter;
}

/**
 * Settles a handful of lanes in one transaction: locks the lanes in order, checks the epochs, writes states, attempts
 * and outcome rows, and, in a new statement, says what each lane waits for next.
 * @returns for each whether the lane was still ours; where it was not, what we did is recorded as evidence, which settles
 * nothing but a paid or irreversible call that nobody has begun again
 */
export async function settleLanes(options: SettleOptions, given: readonly LaneResult[]): Promise<boolean[]> {
  const results = given.map(maskedResult);
  return inTransaction(options.pool, async (client) => {
    const held = await lockHeld(client, results);
    const ours = results.filter((_, at) => held[at]);
    await writeVerdicts(client, ours, options.outcomes);
    await settleIntents(client, results, held, (believed) => writeVerdicts(client, believed, options.outcomes));
    await writeAttempts(client, results, held, options.replica);
    await leaveBatches(client, ours);
    faultPoint('after-settle-before-release');
    await letGo(client, ours);
    return held;
  });
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
  const settled: unknown[][] = [];
  const kept: unknown[][] = [];
  const parked: ParkedDelivery[] = [];
  for (const { claim, attempt } of results) {
    if (!attempt) continue;
    const { delivery, verdict } = attempt;
    const attempts = delivery.attempts + (verdict.counted ? 1 : 0);
    const row = [delivery.position, delivery.tries, delivery.tries + 1, attempts, verdict.state];
    const reason = storable(verdict.reason);
    if (verdict.kind === 'final') settled.push([...row, reason, storable(verdict.reference), null]);
    else kept.push([...row, reason, verdict.waitMs]);
    if (verdict.state === 'parked') parked.push({ ...delivery, awaits: verdict.awaits });
    const outcome = tell(outcomes, { ...delivery, laneKey: claim.laneKey, attempts }, attempt);
    if (outcome) told.set(delivery.position, outcome);
  }
  const changed = await writeVerdictRows(client, { settled, kept });
  await noteAwaiting(client, parked);
  await writeOutcomes(
    client,
    changed.flatMap((position) => told.get(position) ?? []),
  );
}

function tell(
  outcomes: OutcomeWriter,
  delivery: ToldDelivery,
  { verdict, note }: EndedAttempt,
): OutcomeRow | undefined {
  if (verdict.kind === 'final' && verdict.state === 'delivered')
    return outcomes.delivered(delivery, verdict.reference, note);
  if (verdict.kind === 'final') return outcomes.stopped('refused', delivery, verdict.reason ?? '');
  if (verdict.state === 'parked' || (verdict.state === 'unknown' && verdict.waitMs === null))
    return outcomes.stopped('parked', delivery, verdict.reason);
  return undefined;
}

/** Late results too: they are evidence, and nothing more. */
async function writeAttempts(
  client: PoolClient,
  results: readonly LaneResult[],
  held: readonly boolean[],
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

/** What was answered, or waits for a person, goes by itself when it is sent again. */
async function leaveBatches(client: PoolClient, results: readonly LaneResult[]): Promise<void> {
  const leaving = results.flatMap(({ attempt }) =>
    attempt?.batch && (attempt.batch === 'answered' || attempt.verdict.state === 'parked')
      ? [attempt.delivery.position]
      : [],
  );
  if (leaving.length > 0) await client.query(LEAVE_BATCH, [leaving]);
}

async function letGo(client: PoolClient, results: readonly LaneResult[]): Promise<void> {
  const renewed = results.filter((result) => result.renew).map(({ claim }) => [claim.laneId, claim.leaseMs]);
  const free = results.filter((result) => !result.keep).map((result) => result.claim.laneId);
  if (renewed.length > 0) await client.query(RENEW_LANES, columnsOf(renewed, 2));
  if (free.length > 0) await client.query(RELEASE_LANES, [free]);
}
