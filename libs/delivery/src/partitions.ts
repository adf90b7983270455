import type { Pool, PoolClient } from 'pg';
import { DateTime } from 'luxon';
import { inTransaction, sqlStateOf } from '#libs/runtime';
import {
  attachPartition,
  createPartition,
  dropPartition,
  EXISTING_PARTITIONS,
  LOCK_PARTITIONS,
  WAIT_BRIEFLY,
} from './partitions.sql.js';

/**
 * How far back an event's `time` may lie, and how far ahead: outside it, dedupe has no memory and the event is parked.
 * Thirty days outlive any broker backlog an operator would leave standing.
 */
export const HORIZON_DAYS_BACK = 30;
export const HORIZON_DAYS_AHEAD = 1;

const MONTHS_AHEAD = 2;

interface Period {
  table: string;
  unit: 'day' | 'month';
  first: DateTime;
  last: DateTime;
}

/** Makes the partitions of the coming days and months, and drops inbox days that are out of the horizon. */
export async function keepPartitions(pool: Pool, now: Date): Promise<void> {
  const today = DateTime.fromJSDate(now, { zone: 'utc' }).startOf('day');
  const month = today.startOf('month');
  const inbox: Period = {
    table: 'inbox',
    unit: 'day',
    first: today.minus({ days: HORIZON_DAYS_BACK + 1 }),
    last: today.plus({ days: HORIZON_DAYS_AHEAD + 2 }),
  };
  const monthly = (table: string): Period => ({
    table,
    unit: 'month',
    first: month,
    last: month.plus({ months: MONTHS_AHEAD }),
  });
  for (const period of [inbox, monthly('delivery_settled'), monthly('attempt')]) await createMissing(pool, period);
  await dropBefore(pool, inbox);
}

async function createMissing(pool: Pool, period: Period): Promise<void> {
  if ((await missingOf(pool, period)).length === 0) return;
  await inTransaction(pool, async (client) => {
    await client.query(LOCK_PARTITIONS);
    for (const at of await missingOf(client, period)) {
      const name = nameOf(period, at);
      await client.query(createPartition(period.table, name));
      await client.query(attachPartition(period.table, name, bound(at), bound(at.plus({ [period.unit]: 1 }))));
    }
  });
}

async function missingOf(database: Queryable, period: Period): Promise<DateTime[]> {
  const existing = await partitionsOf(database, period.table);
  const missing: DateTime[] = [];
  for (let at = period.first; at <= period.last; at = at.plus({ [period.unit]: 1 })) {
    if (!existing.has(nameOf(period, at))) missing.push(at);
  }
  return missing;
}

/** Not while somebody reads the table and does not end: the next hour tries again. */
async function dropBefore(pool: Pool, period: Period): Promise<void> {
  const oldest = nameOf(period, period.first);
  const names = [...(await partitionsOf(pool, period.table))].filter(
    (name) => name.length === oldest.length && name < oldest,
  );
  if (names.length === 0) return;
  const dropped = inTransaction(pool, async (client) => {
    await client.query(WAIT_BRIEFLY);
    for (const name of names) await client.query(dropPartition(name));
  });
  await dropped.catch((error: unknown) => {
    if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
  });
}

const LOCK_NOT_AVAILABLE = '55P03';

type Queryable = Pick<Pool, 'query'> | Pick<PoolClient, 'query'>;

async function partitionsOf(database: Queryable, table: string): Promise<Set<string>> {
  const { rows } = await (database as Pool).query<{ name: string }>(EXISTING_PARTITIONS, [table]);
  return new Set(rows.map((row) => row.name));
}

function nameOf({ table, unit }: Period, at: DateTime): string {
  return `${table}_${at.toFormat(unit === 'day' ? 'yyyyMMdd' : 'yyyyMM')}`;
}

function bound(at: DateTime): string {
  return at.toISO()!;
}
