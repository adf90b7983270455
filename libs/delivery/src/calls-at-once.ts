import type { PoolClient } from 'pg';
import { toBatches } from './batch-runner.js';
import type { LaneClaim } from './claim.js';
import { columnsOf } from './columns.js';
import { RELEASE_LANES, RENEW_LANES } from './lanes.sql.js';

/** Calls that may begin, and how many of them only for what gives way to everything else. */
export interface CallRoom {
  calls: number;
  ofBackground: number;
}

/**
 * A claim takes as many lanes as fit into the calls it may make. What went together before is less than that, and
 * operations do not mix: those of more calls stand again as they were found, within the transaction that claimed them.
 */
export async function keepCallsWithin(
  client: PoolClient,
  claims: readonly LaneClaim[],
  room: CallRoom,
  isBackground: (laneId: string) => boolean,
): Promise<LaneClaim[]> {
  const left = { ...room };
  const over = toBatches(claims).together.filter((call) => {
    const isOfBackground = call.every(({ laneId }) => isBackground(laneId));
    if (left.calls <= 0 || (isOfBackground && left.ofBackground <= 0)) return true;
    left.calls -= 1;
    if (isOfBackground) left.ofBackground -= 1;
    return false;
  });
  if (over.length === 0) return [...claims];
  const gone = new Set(over.flat());
  await putBack(client, [...gone]);
  return claims.filter((claim) => !gone.has(claim));
}

/** Whoever claims next must know of a holder that never said what became of its call: that lease has run out again. */
async function putBack(client: PoolClient, claims: readonly LaneClaim[]): Promise<void> {
  const { lost = [], free = [] } = Object.groupBy(claims, (claim) => (claim.lost ? 'lost' : 'free'));
  const expired = lost.map(({ laneId }) => [laneId, 0]);
  if (expired.length > 0) await client.query(RENEW_LANES, columnsOf(expired, 2));
  if (free.length > 0) await client.query(RELEASE_LANES, [free.map(({ laneId }) => laneId)]);
}
