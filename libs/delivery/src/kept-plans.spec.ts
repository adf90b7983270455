import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Prepared } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { CROWD_ENDPOINT, CROWD_HEADS, CROWD_OF_LANES } from '../test/crowd.sql.js';
import { LEDGER, openPool } from '../test/ledger.js';
import * as endpoints from './endpoints.sql.js';
import * as intake from './intake.sql.js';
import * as lanes from './lanes.sql.js';
import * as ledger from './ledger.sql.js';

const MANY = 20_000;
const AT_ONCE = 50;
/** Growing with the lanes, and looked up by key. */
const GROWN = ['lane', 'delivery'];

let database: PrivateDatabase;
/** One connection, which keeps its plans, and is made to. */
let keeping: Pool;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
  keeping = openPool(database.url, 1);
  for (const table of GROWN) await keeping.query(`alter table ${table} set (autovacuum_enabled = off)`);
  await keeping.query(CROWD_ENDPOINT, ['1', '/erp/demo|1']);
  await crowd(1, 3);
  await keeping.query('vacuum analyze');
  await keeping.query('set plan_cache_mode = force_generic_plan');
  for (const [statement, values] of Object.values(READING))
    await undone((client) => client.query(statement, values(3)));
  await crowd(4, MANY);
});
afterAll(async () => {
  await keeping.end();
  await database.drop();
});

async function crowd(from: number, count: number): Promise<void> {
  await keeping.query(CROWD_OF_LANES, ['1', from, count]);
  await keeping.query(CROWD_HEADS);
}

async function rowsRead(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    `select sum(seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = any($1)`,
    [GROWN],
  );
  return rows[0]!.rows;
}

class Undone extends Error {}

/** As the engine does it, and rolled back. */
async function undone<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
  let result: T;
  await inTransaction(keeping, async (client) => {
    result = await work(client);
    throw new Undone();
  }).catch((error: Error) => {
    if (!(error instanceof Undone)) throw error;
  });
  return result!;
}

const of = (count: number) => Array.from({ length: Math.min(count, AT_ONCE) }, (_, at) => String(at + 1));
const each = (count: number, value: unknown) => of(count).map(() => value);
const verdicts = (count: number, state: string, rest: unknown[]) => [
  of(count),
  ...[0, 1, 1, state, null, ...rest].map((value) => each(count, value)),
];
const byKey = (count: number) => [each(count, '1'), of(count).map((id) => `crowd-${id}`)];

/** Of every prepared statement that reads: itself, and values for so many lanes. */
const READING: Record<string, [Prepared, (count: number) => unknown[]]> = {
  LOCK_LANES_BY_KEY: [lanes.LOCK_LANES_BY_KEY, byKey],
  LOCK_LANES: [lanes.LOCK_LANES, (count) => [of(count)]],
  RECOMPUTE_LANES: [lanes.RECOMPUTE_LANES, (count) => [of(count)]],
  RELEASE_LANES: [lanes.RELEASE_LANES, (count) => [of(count)]],
  RENEW_LANES: [lanes.RENEW_LANES, (count) => [of(count), each(count, 1_000)]],
  CLAIM_DUE_LANES: [lanes.CLAIM_DUE_LANES, (count) => ['1', count, 60_000, 0, ['title.put']]],
  CLAIM_RELEASED_LANES: [lanes.CLAIM_RELEASED_LANES, (count) => ['1', count, 60_000, '1', ['title.put']]],
  HEADS_OF_LANES: [lanes.HEADS_OF_LANES, (count) => [of(count), 5]],
  LOCK_ENDPOINT: [endpoints.LOCK_ENDPOINT, () => ['1']],
  READ_ENDPOINT: [endpoints.READ_ENDPOINT, () => ['1']],
  DRAW_POSITIONS: [ledger.DRAW_POSITIONS, (count) => [count]],
  SETTLE_DELIVERIES: [ledger.SETTLE_DELIVERIES, (count) => verdicts(count, 'delivered', [null, null])],
  KEEP_DELIVERIES: [ledger.KEEP_DELIVERIES, (count) => verdicts(count, 'pending', [1_000])],
  LOCK_EPOCH: [intake.LOCK_EPOCH, () => ['events']],
};

it('every prepared statement of the ledger that reads is looked at here', () => {
  const isPrepared = (value: unknown): value is Prepared =>
    typeof value === 'object' && value !== null && 'text' in value;
  const all = Object.entries({ ...lanes, ...endpoints, ...ledger, ...intake });
  const reading = all.filter(([, value]) => isPrepared(value) && !/^\s*insert into/.test(value.text));
  expect(Object.keys(READING).toSorted()).toEqual(reading.map(([name]) => name).toSorted());
});

it.each(Object.keys(READING))(
  '%s, planned while there were three lanes, reads only what it names now',
  async (name) => {
    const [statement, values] = READING[name]!;
    const read = await undone(async (client) => {
      const before = await rowsRead(client);
      await client.query(statement, values(AT_ONCE));
      return (await rowsRead(client)) - before;
    });
    expect(read).toBeLessThan(AT_ONCE * 20);
    const { rows } = await keeping.query(
      `select generic_plans > 1 as kept from pg_prepared_statements where name = $1`,
      [statement.name],
    );
    expect(rows).toEqual([{ kept: true }]);
  },
);
