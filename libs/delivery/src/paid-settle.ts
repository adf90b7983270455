import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { RECOMPUTE_LANES } from './lanes.sql.js';
import { END_INTENTS, STILL_OF_INTENT } from './paid.sql.js';
import type { LaneResult } from './settle.js';

type WriteVerdicts = (results: readonly LaneResult[]) => Promise<void>;

interface StillRow {
  tries: number;
  attempts: number;
  state: 'pending' | 'parked' | 'unknown';
}

/**
 * Within the settlement, whose lanes are locked: what became of the calls that were written down. A process that lost its
 * lane has evidence: it settles the delivery as long as no later call was begun.
 */
export async function settleIntents(
  client: PoolClient,
  results: readonly LaneResult[],
  held: readonly boolean[],
  writeVerdicts: WriteVerdicts,
): Promise<void> {
  if (!results.some(({ attempt }) => attempt?.intent)) return;
  const ended = results.filter((_, at) => held[at]);
  const believed: LaneResult[] = [];
  for (const late of results.filter(({ attempt }, at) => attempt?.intent && !held[at])) {
    const evidence = await asEvidence(client, late);
    if (evidence) believed.push(evidence);
    else if (isOfCallEnded(late)) ended.push(late);
  }
  await endIntents(client, ended);
  if (believed.length === 0) return;
  await writeVerdicts(believed);
  await endIntents(client, believed);
  await client.query(RECOMPUTE_LANES, [believed.map(({ claim }) => claim.laneId)]);
}

async function endIntents(client: PoolClient, results: readonly LaneResult[]): Promise<void> {
  const rows = results.flatMap(({ attempt }) => {
    if (!attempt?.intent) return [];
    const { number, state, unanswered } = attempt.intent;
    return [[attempt.delivery.position, number, state, unanswered]];
  });
  if (rows.length > 0) await client.query(END_INTENTS, columnsOf(rows, 4));
}

/** That the call was made proves itself whatever was believed meanwhile; that it was not, only while nobody knows. */
async function asEvidence(client: PoolClient, result: LaneResult): Promise<LaneResult | undefined> {
  const attempt = result.attempt!;
  const { intent, delivery, verdict } = attempt;
  if (!['confirmed', 'refused', 'not-made'].includes(intent!.state ?? '')) return undefined;
  const still = (await client.query<StillRow>(STILL_OF_INTENT, [delivery.position, intent!.number])).rows[0];
  if (!still || (intent!.state !== 'confirmed' && still.state !== 'unknown')) return undefined;
  const { tries, attempts } = still;
  const asItStands = { ...delivery, tries, attempts };
  return { ...result, attempt: { ...attempt, delivery: asItStands, verdict: { ...verdict, counted: false } } };
}

/** Whoever made it says at least that it has ended: it will not wake up and send any more. */
function isOfCallEnded({ attempt }: LaneResult): boolean {
  return attempt!.intent!.state === 'unknown' || attempt!.intent!.state === 'confirmed';
}
