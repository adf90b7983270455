import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { migrate } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { BackfillBook } from './backfill-book.js';
import { ReaderBackfill1764000000000 } from './backfill.migration.js';

let database: PrivateDatabase;
let pool: Pool;
let book: BackfillBook;

const at = new Date('2026-07-27T05:00:00Z');
const wishOf = (id: string = randomUUID()) =>
  ({ id, company: '1', aggregate: 'receivable', requestedBy: 'rui' }) as const;
const progress = { lastId: 'b', snapshots: 2, skipped: [{ id: 'a', reason: 'no' }], at };

beforeAll(async () => {
  database = await privateDatabase();
  await migrate(database.url, 'reader', [ReaderBackfill1764000000000]);
  pool = new Pool({ connectionString: database.url, options: '-c search_path=reader', max: 10 });
  book = new BackfillBook(pool, '/erp/test');
});
beforeEach(() => pool.query('truncate backfill cascade'));
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

async function started() {
  const { backfill } = await book.request(wishOf());
  return (await book.start(backfill.id, at))!;
}

test('of many who ask at once one is walked, and the others join it', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => book.request(wishOf())));
  const [walked, ...more] = answers.filter(({ kind }) => kind === 'new');
  expect(more).toEqual([]);
  const joined = answers.filter(({ kind }) => kind === 'joined');
  expect(joined).toHaveLength(9);
  expect(new Set(joined.map(({ backfill }) => backfill.joined))).toEqual(new Set([walked!.backfill.id]));
});

test('whoever walks behind somebody else’s back stores nothing', async () => {
  const walk = await started();
  const moved = await book.advance(walk, progress);
  expect(moved).toMatchObject({ lastId: 'b', rows: 2, skipped: 1 });
  expect(await book.advance(walk, { ...progress, lastId: 'c' })).toBeUndefined();
  expect(await book.close(walk, at)).toBeUndefined();
  expect(await book.one(walk.id)).toMatchObject({ lastId: 'b', rows: 2, skipped: 1 });
});

test('one that was canceled is neither moved on nor finished', async () => {
  const walk = await started();
  const closed = (await book.close(walk, at))!;
  await book.cancel(walk.id, 'rui');
  expect(await book.advance(walk, progress)).toBeUndefined();
  expect(await book.finish(closed)).toBeUndefined();
  expect(await book.request(wishOf(walk.id))).toMatchObject({ kind: 'known', backfill: { state: 'canceled' } });
});

test('what is said at the end is stored before it is said, and stays the same', async () => {
  const walk = await started();
  const closed = (await book.close(walk, at))!;
  expect(closed).toMatchObject({ state: 'running', finishedAt: at });
  expect(await book.close(walk, new Date('2027-01-01T00:00:00Z'))).toBeUndefined();
  expect(await book.finish(closed)).toMatchObject({ state: 'finished', finishedAt: at });
});

test('one that failed and is asked for again begins at the beginning, unless another one is open: that one it joins', async () => {
  const walk = await started();
  await book.advance(walk, progress);
  await book.fail(walk.id, 'the view is gone');
  const other = await book.request(wishOf());
  expect(await book.request(wishOf(walk.id))).toMatchObject({
    kind: 'joined',
    backfill: { id: walk.id, state: 'joined', joined: other.backfill.id },
  });
  const failed = other.backfill.id;
  await book.fail(failed, 'the view is gone');
  const again = await book.request(wishOf(failed));
  expect(again).toMatchObject({ kind: 'again', backfill: { state: 'requested', lastId: '', rows: 0, skipped: 0 } });
  expect(again.backfill.reason).toBeUndefined();
  expect(await book.skippedRows(failed)).toEqual([]);
});

test('what has begun is walked on before what waits', async () => {
  await book.request({ ...wishOf(), aggregate: 'branch' });
  const { backfill } = await book.request(wishOf());
  await book.start(backfill.id, at);
  expect((await book.next())?.id).toBe(backfill.id);
});
