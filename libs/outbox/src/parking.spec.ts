import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '#libs/testing';
import type { RowWish } from '../test/outbox-database.js';
import { RelayBench, type RunningRelay, type Taken } from '../test/relay-bench.js';

let bench: RelayBench;
beforeAll(async () => {
  bench = await RelayBench.open();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

const BAD = 'not an event type';
const numbers = (taken: Taken[], key = 'receivable/K') => taken.filter((one) => one.key === key).map(({ n }) => n);
const write = (n: number, wish: Partial<RowWish> = {}) =>
  bench.database.write({ aggregateid: 'K', payload: { n }, ...wish });
const parkedReason = async (position: string) => (await bench.database.row(position)).parked;

async function parkedAs(position: string, reason: string | RegExp): Promise<void> {
  await eventually(async () => expect(await parkedReason(position)).toMatch(reason));
}

/** What the ERP does to a row that was wrong. */
async function mend(position: string): Promise<void> {
  await bench.database.erp.query(`update erp_outbox set type = 'erp.receivable.settled.v1' where position = $1`, [
    position,
  ]);
}

async function release(position: string): Promise<number> {
  const { rows } = await bench.database.erp.query<{ n: string }>('select erp_outbox_release($1) as n', [position]);
  return Number(rows[0]!.n);
}

describe.each<[string, Partial<RowWish>, RegExp]>([
  ['a payload beyond a million bytes', { payload: { x: 'x'.repeat(1_000_001) } }, /the payload has 1000010 bytes/],
  ['a type that is none', { type: BAD }, /^\/type must be/],
  ['a type beyond the 255 bytes of a routing key', { type: `erp.receivable.${'x'.repeat(300)}.v1` }, /^\/type must be/],
  ['an empty company', { company: '' }, /^\/company must be/],
  ['an empty aggregate', { aggregateid: '' }, /^\/subject must be/],
  ['an ordering key too long to keep', { partitionkey: 'k'.repeat(201) }, /^\/partitionkey must be/],
  ['an actor with a line break', { actor: 'maria\nrui' }, /^\/actor must be/],
])('a row with %s', (_, wish, reason) => {
  test('is parked with the reason, holds its own key only, and the other keys flow', async () => {
    const taken = await bench.listen();
    const bad = await write(1, wish);
    const behind = await bench.database.write({ aggregateid: 'K', payload: { n: 2 }, ...keyIn(wish) });
    const other = await bench.database.write({ aggregateid: 'L', payload: { n: 1 } });
    const running = await bench.start();
    await parkedAs(bad, reason);
    await parkedAs(behind, `behind ${bad}`);
    const late = await bench.database.write({ aggregateid: 'K', payload: { n: 3 }, ...keyIn(wish) });
    await parkedAs(late, `behind ${bad}`);
    await eventually(async () => (await bench.database.row(other)).published);
    expect(taken.map(({ key }) => key)).toEqual(['receivable/L']);
    expect(running.notices.filter(({ kind }) => kind === 'parked')).toHaveLength(1);
    expect(running.relay.report().paused).toEqual({});
  });
});

/** What of a bad row is part of its ordering key. */
function keyIn({ company, aggregateid, partitionkey }: Partial<RowWish>): Partial<RowWish> {
  return Object.fromEntries(
    Object.entries({ company, aggregateid, partitionkey }).filter(([, value]) => value !== undefined),
  );
}

test('releasing a mended head frees it and its followers together, and they arrive in order before later ones', async () => {
  const taken = await bench.listen();
  const bad = await write(1, { type: BAD });
  await write(2);
  await bench.start();
  await parkedAs(bad, /type/);
  const third = await write(3);
  await parkedAs(third, `behind ${bad}`);
  await mend(bad);
  expect(await release(bad)).toBe(3);
  await write(4);
  await eventually(() => numbers(taken).length === 4);
  expect(numbers(taken)).toEqual([1, 2, 3, 4]);
});

test('rows that keep coming while a head is parked and released stay in order', async () => {
  const taken = await bench.listen();
  const running = await bench.start();
  let n = 0;
  for (let round = 0; round < 3; round += 1) {
    const bad = await write(++n, { type: BAD });
    await write(++n);
    await parkedAs(bad, /type/);
    await mend(bad);
    const writing = (async () => {
      for (let i = 0; i < 10; i += 1) await write(++n);
    })();
    await release(bad);
    await writing;
    await eventually(() => numbers(taken).length === n);
  }
  expect(numbers(taken)).toEqual(Array.from({ length: n }, (_, i) => i + 1));
  expect(running.notices.filter(({ kind }) => kind === 'parked')).toHaveLength(3);
});

test('a release that commits while a follower is being parked leaves none behind', async () => {
  const taken = await bench.listen();
  const bad = await write(1, { type: BAD });
  await bench.start();
  await parkedAs(bad, /type/);
  await mend(bad);
  const releasing = await bench.database.session();
  await releasing.query('begin');
  await releasing.query('select erp_outbox_release($1)', [bad]);
  await write(2);
  await eventually(async () => {
    const { rows } = await bench.database.erp.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'
       and datname = current_database()`,
    );
    return rows.length > 0;
  });
  await releasing.query('commit');
  await write(3);
  await eventually(() => numbers(taken).length === 3);
  expect(numbers(taken)).toEqual([1, 2, 3]);
});

test('a head released without being mended is parked again, and its followers with it', async () => {
  const taken = await bench.listen();
  const bad = await write(1, { type: BAD });
  const second = await write(2);
  const running = await bench.start();
  await parkedAs(second, `behind ${bad}`);
  await release(bad);
  await eventually(() => running.notices.filter(({ kind }) => kind === 'parked').length === 2);
  await parkedAs(second, `behind ${bad}`);
  expect(numbers(taken)).toEqual([]);
});

test('a head that somebody deletes frees its followers, before any later row of the key', async () => {
  const taken = await bench.listen();
  const bad = await write(1, { type: BAD });
  const second = await write(2);
  await bench.start();
  await parkedAs(second, `behind ${bad}`);
  await bench.database.erp.query('delete from erp_outbox where position = $1', [bad]);
  await write(3);
  await eventually(() => numbers(taken).length === 2);
  expect(numbers(taken)).toEqual([2, 3]);
});

test('what one leader parked holds the key for the next one, followers that were not parked yet included', async () => {
  const taken = await bench.listen();
  const bad = await write(1);
  const follower = await write(2);
  await bench.database.erp.query('update erp_outbox set parked_reason = $2 where position = $1', [bad, 'by hand']);
  const running: RunningRelay = await bench.start();
  await parkedAs(follower, `behind ${bad}`);
  expect(running.publisher.sent).toEqual([]);
  expect(taken).toEqual([]);
});

test('parking while sessions are cut is tried again, and no follower slips by', async () => {
  const taken = await bench.listen();
  const blocker = await bench.database.session();
  await blocker.query('begin');
  const bad = await write(1, { type: BAD });
  // Locked before the relay begins: one that is quick has parked it by then.
  await blocker.query('select from erp_outbox where position = $1 for update', [bad]);
  const running = await bench.start({ ttlMs: 20_000 });
  await eventually(() => running.relay.report().leading);
  const second = await write(2);
  await eventually(async () => (await bench.database.cut(running.applicationName, '%set "parked_reason"%')) === 1);
  await eventually(() => running.relay.report().paused['reading'] !== undefined);
  await blocker.query('rollback');
  await parkedAs(bad, /type/);
  await parkedAs(second, `behind ${bad}`);
  expect(taken).toEqual([]);
});

test('the reader lists the heads with what waits behind them, and releases one with its followers', async () => {
  await bench.listen();
  const first = await write(1, { type: BAD });
  await write(2);
  const second = await bench.database.write({ aggregateid: 'L', type: BAD, company: '2', branch: '7' });
  const running = await bench.start();
  await eventually(() => running.notices.filter(({ kind }) => kind === 'parked').length === 2);
  const reader = bench.database.reader();
  await eventually(async () => (await reader.backlog()).parked === 3);
  expect(await reader.listParked('0', 10)).toEqual([
    expect.objectContaining({ position: first, company: '1', subject: 'receivable/K', behind: 1 }),
    expect.objectContaining({ position: second, company: '2', subject: 'receivable/L', behind: 0 }),
  ]);
  expect(await reader.listParked(first, 10)).toHaveLength(1);
  expect(await reader.listParked('0', 10, { companies: ['1'], branches: [] })).toHaveLength(1);
  expect(await reader.listParked('0', 10, { companies: [], branches: ['2|7'] })).toHaveLength(1);
  await running.stop();
  expect(await reader.release(String(Number(first) + 1))).toEqual({ kind: 'behind', head: first });
  expect(await reader.release(first)).toEqual({ kind: 'released', rows: 2 });
  expect(await reader.release(first)).toEqual({ kind: 'not-parked' });
});
