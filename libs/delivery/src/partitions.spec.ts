import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { migrate } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER, openPool } from '../test/ledger.js';
import { DELIVERY_MIGRATIONS } from './migrations.js';
import { keepPartitions } from './partitions.js';

let database: PrivateDatabase;
let ledger: Ledger;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

const NOW = new Date('2026-11-22T23:30:00Z');
const inDays = (count: number) => new Date(NOW.getTime() + count * 86_400_000);

async function partitionsOf(table: string): Promise<string[]> {
  const rows = await ledger.rows<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1`,
    [table],
  );
  return rows.map(({ name }) => name);
}

it('The inbox remembers every day of the horizon and some ahead, settled deliveries and attempts months', async () => {
  await keepPartitions(ledger.pool, NOW);
  const days = await partitionsOf('inbox');
  expect(days).toContain('inbox_20261022');
  expect(days).toContain('inbox_20261125');
  expect(await partitionsOf('delivery_settled')).toEqual(
    expect.arrayContaining(['delivery_settled_202611', 'delivery_settled_202612', 'delivery_settled_202701']),
  );
  expect(await partitionsOf('attempt')).toContain('attempt_202701');
});

it('Days out of the horizon are dropped, months are kept', async () => {
  await keepPartitions(ledger.pool, NOW);
  await keepPartitions(ledger.pool, inDays(40));
  expect(await partitionsOf('inbox')).not.toContain('inbox_20261122');
  expect(await partitionsOf('inbox')).toContain('inbox_20261203');
  expect(await partitionsOf('attempt')).toContain('attempt_202611');
});

it('Replicas that start at once make each partition once', async () => {
  const fresh = await privateDatabase({ migrate: (url) => migrate(url, 'ledger', DELIVERY_MIGRATIONS) });
  const pool = openPool(fresh.url, 6);
  await expect(Promise.all([1, 2, 3, 4].map(() => keepPartitions(pool, NOW)))).resolves.toHaveLength(4);
  await pool.end();
  await fresh.drop();
});

it('A backup that reads for hours stops neither a new partition, nor the start, nor the intake behind it', async () => {
  const backup = await ledger.pool.connect();
  await backup.query('begin');
  await backup.query('select count(*) from inbox');
  await backup.query('select count(*) from attempt');
  await keepPartitions(ledger.pool, inDays(70));
  expect(await partitionsOf('attempt')).toContain('attempt_202703');
  const engine = await ledger.engine();
  expect(await ledger.take(engine, message(opened('1')))).toMatchObject({ planned: 1 });
  await backup.query('rollback');
  backup.release();
});
