import type { PoolClient } from 'pg';
import { ContentFailure } from './content-failure.js';
import { LAST_OPEN_OF_LANES } from './ledger.sql.js';
import type { PlannedDelivery } from './plan.js';

/** A lane, and the highest of its positions that must be settled first. */
export interface Dependency {
  lane: string;
  position: string;
}

/** One delivery that is being put on its lane. */
export interface Placed {
  laneId: string;
  position: string;
  /** Lanes it waits for. */
  after: readonly string[];
}

/**
 * What each delivery waits for: the highest open position now of each lane it names, those placed before it in the same
 * batch included; nothing open is satisfied at once. A wait points to lower positions only, so no ring can be stored.
 * @returns nothing for a delivery that need not wait
 */
export async function dependenciesOf(
  client: PoolClient,
  placed: readonly Placed[],
): Promise<(Dependency[] | undefined)[]> {
  const waited = [...new Set(placed.flatMap(({ after }) => after))];
  if (waited.length === 0) return placed.map(() => undefined);
  const { rows } = await client.query<{ lane_id: string; position: string }>(LAST_OPEN_OF_LANES, [waited]);
  const lastOpen = new Map(rows.map((row) => [row.lane_id, row.position]));
  return placed.map(({ laneId, position, after }) => {
    const waits = [...new Set(after)].flatMap((lane): Dependency[] => {
      const last = lastOpen.get(lane);
      return last === undefined ? [] : [{ lane, position: last }];
    });
    lastOpen.set(laneId, position);
    return waits.length > 0 ? waits : undefined;
  });
}

/**
 * Refuses deliveries of one plan that ask to wait for each other in a ring, or for themselves: the author believes in an
 * order that cannot be kept.
 * @throws ContentFailure with the ring in words
 */
export function refuseRings(deliveries: readonly PlannedDelivery[]): void {
  if (!deliveries.some(({ after }) => after && after.length > 0)) return;
  const done = new Set<number>();
  const path: number[] = [];
  const visit = (at: number): void => {
    if (done.has(at)) return;
    if (path.includes(at)) throw new ContentFailure(ringInWords(deliveries, [...path.slice(path.indexOf(at)), at]));
    path.push(at);
    for (const next of waitedFor(deliveries, at)) visit(next);
    path.pop();
    done.add(at);
  };
  deliveries.forEach((_, at) => visit(at));
}

/** Of each lane named: the last delivery before this one in the plan, or else the first behind it. */
function waitedFor(deliveries: readonly PlannedDelivery[], at: number): number[] {
  const { lane: own, after = [] } = deliveries[at]!;
  return after.flatMap((key) => {
    if (key === own) return [at];
    const before = deliveries.slice(0, at).findLastIndex(({ lane }) => lane === key);
    const meant = before >= 0 ? before : deliveries.findIndex(({ lane }) => lane === key);
    return meant >= 0 ? [meant] : [];
  });
}

function ringInWords(deliveries: readonly PlannedDelivery[], ring: readonly number[]): string {
  const names = ring.map((at) => `${deliveries[at]!.operation} on ${deliveries[at]!.lane}`);
  return `these would wait for each other for ever: ${names.join(' → ')}`;
}
