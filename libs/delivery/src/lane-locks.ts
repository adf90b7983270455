import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import { columnsOf } from './columns.js';
import { DEPENDENTS_OF, ENSURE_LANES, LOCK_LANES, LOCK_LANES_BY_KEY, RECOMPUTE_LANES } from './lanes.sql.js';

export interface Lane {
  id: string;
  /** In somebody's hands, or lost in a dead one's: what may have been sent from it is not known. */
  leased: boolean;
}

/** What a lane is called: its integration and the key the connector gave it. */
export interface LaneName {
  integrationId: string;
  key: string;
}

/** Lanes by name, made where they are missing and locked by rising id, as everybody locks them. */
export class LockedLanes {
  private constructor(private readonly byName: ReadonlyMap<string, Lane>) {}

  static async of(client: PoolClient, names: readonly LaneName[]): Promise<LockedLanes> {
    const wanted = new Map(names.map((name) => [nameOf(name), name]));
    const sorted = [...wanted.keys()].sort().map((name) => wanted.get(name)!);
    const values = columnsOf(
      sorted.map(({ integrationId, key }) => [integrationId, key]),
      2,
    );
    await client.query(ENSURE_LANES, values);
    type Row = { id: string; integration_id: string; key: string; leased: boolean };
    const { rows } = await client.query<Row>(LOCK_LANES_BY_KEY, values);
    const lanes = rows.map(({ id, integration_id: integrationId, key, leased }): [string, Lane] => [
      nameOf({ integrationId, key }),
      { id, leased },
    ]);
    return new LockedLanes(new Map(lanes));
  }

  get(integrationId: string, key: string): Lane {
    return this.byName.get(nameOf({ integrationId, key }))!;
  }
}

function nameOf({ integrationId, key }: LaneName): string {
  return `${integrationId}\n${key}`;
}

/** Locks the lanes in order and says anew what each waits for. @returns those of which something else had been said */
export async function recomputeLanes(pool: Pool, laneIds: readonly string[]): Promise<string[]> {
  if (laneIds.length === 0) return [];
  return inTransaction(pool, async (client) => {
    await client.query(LOCK_LANES, [laneIds]);
    const { rows } = await client.query<{ id: string }>(RECOMPUTE_LANES, [laneIds]);
    return rows.map((row) => row.id);
  });
}

/** Says anew of the lanes that wait for these whether they still must. */
export async function wakeDependentsOf(pool: Pool, laneIds: readonly string[]): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(DEPENDENTS_OF, [laneIds]);
  await recomputeLanes(
    pool,
    rows.map((row) => row.id),
  );
}
