import type { Pool } from 'pg';
import { DateTime } from 'luxon';
import { inTransaction } from '#libs/runtime';
import { createPartition, dropPartition, EXISTING_PARTITIONS, LOCK_PARTITIONS } from './partitions.sql.js';

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
  const existing = await partitionsOf(pool, period.table);
  const missing: DateTime[] = [];
  for (let at = period.first; at <= period.last; at = at.plus({ [period.unit]: 1 })) {
    if (!existing.has(nameOf(period, at))) missing.push(at);
  }
  if (missing.length === 0) return;
  await inTransaction(pool, async (client) => {
    await client.query(LOCK_PARTITIONS);
    for (const at of missing) {
      await client.query(
        createPartition(period.table, nameOf(period, at), bound(at), bound(at.plus({ [period.unit]: 1 }))),
      );
    }
  });
}

async function dropBefore(pool: Pool, period: Period): Promise<void> {
  const oldest = nameOf(period, period.first);
  for (const name of await partitionsOf(pool, period.table)) {
    if (name.length === oldest.length && name < oldest) await pool.query(dropPartition(name));
  }
}

async function partitionsOf(pool: Pool, table: string): Promise<Set<string>> {
  const { rows } = await pool.query<{ name: string }>(EXISTING_PARTITIONS, [table]);
  return new Set(rows.map((row) => row.name));
}

function nameOf({ table, unit }: Period, at: DateTime): string {
  return `${table}_${at.toFormat(unit === 'day' ? 'yyyyMMdd' : 'yyyyMM')}`;
}

function bound(at: DateTime): string {
  return at.toISO()!;
}
