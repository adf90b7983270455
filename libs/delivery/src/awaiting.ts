import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import * as sql from './awaiting.sql.js';
import { columnsOf } from './columns.js';
import { LOCK_LANES, RECOMPUTE_LANES } from './lanes.sql.js';
import { storable } from './storable.js';

/** A delivery that has just been parked, and the lane that will bring what it lacks. */
export interface ParkedDelivery {
  position: string;
  integrationId: string;
  awaits?: string;
}

interface AwaitingRow {
  position: string;
  lane_id: string;
}

const AT_ONCE = 500;

/** Keeps what the parked deliveries await, within the transaction that parks them. */
export async function noteAwaiting(client: PoolClient, parked: readonly ParkedDelivery[]): Promise<void> {
  if (parked.length === 0) return;
  const rows = parked.map(({ position, integrationId, awaits }) => [position, integrationId, storable(awaits)]);
  await client.query(sql.NOTE_AWAITING, columnsOf(rows, 3));
}

/** Whether anything could be let go by a settlement: mostly nothing, and then nothing more is asked. */
export async function anyWaiters(pool: Pool): Promise<{ depending: boolean; awaiting: boolean }> {
  return (await pool.query<{ depending: boolean; awaiting: boolean }>(sql.ANY_WAITERS)).rows[0]!;
}

/** Something was delivered: what awaited its lane, or awaited the same as it did, is tried again. @returns how many */
export async function releaseAwaiting(
  pool: Pool,
  delivered: readonly { laneId: string; position: string }[],
): Promise<number> {
  if (delivered.length === 0) return 0;
  const values = columnsOf(
    delivered.map(({ laneId, position }) => [laneId, position]),
    2,
  );
  for (let released = 0; ;) {
    const { rows } = await pool.query<AwaitingRow>(sql.AWAITED, [...values, AT_ONCE]);
    await tryAgain(pool, rows, (client) => client.query(sql.FORGET_AWAITING, [rows.map(({ position }) => position)]));
    released += rows.length;
    if (rows.length < AT_ONCE) return released;
  }
}

/**
 * Somebody may have put there by hand what deliveries await: once an hour one of them is tried for all, and lets the
 * others go if it is delivered. @returns how many are tried
 */
export async function tryOneOfEachAwaiting(pool: Pool): Promise<number> {
  await pool.query(sql.FORGET_SETTLED);
  const { rows } = await pool.query<AwaitingRow>(sql.AWAITING_TO_TRY);
  await tryAgain(pool, rows);
  return rows.length;
}

async function tryAgain(
  pool: Pool,
  rows: readonly AwaitingRow[],
  also: (client: PoolClient) => Promise<unknown> = async () => undefined,
): Promise<void> {
  if (rows.length === 0) return;
  const lanes = [...new Set(rows.map((row) => row.lane_id))];
  await inTransaction(pool, async (client) => {
    await client.query(LOCK_LANES, [lanes]);
    await client.query(sql.TRY_AGAIN, [rows.map(({ position }) => position)]);
    await also(client);
    await client.query(RECOMPUTE_LANES, [lanes]);
  });
}
