import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { eventually } from '#libs/testing';
import { RelayBench, type Taken } from '../test/relay-bench.js';
import { Lease } from './index.js';

let bench: RelayBench;
let pool: Pool;
beforeAll(async () => {
  bench = await RelayBench.open();
  pool = bench.database.pool();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

/** A monotonic clock the test moves. */
class TestClock {
  now = 1_000;
  readonly read = () => this.now;
}

const lease = (clock: TestClock, ttlMs = 60_000) => new Lease({ pool, name: 'led', ttlMs, monotonicMs: clock.read });
const endLease = () => pool.query(`update lease set expires_at = clock_timestamp() - interval '1 second'`);
const numbers = (taken: Taken[]) => taken.map(({ n }) => n);

test('one holds the lease, the other does not, and the epoch rises with each new holder', async () => {
  const [first, second] = [lease(new TestClock()), lease(new TestClock())];
  expect(await first.refresh()).toBe(true);
  expect(await second.refresh()).toBe(false);
  expect([first.epoch, second.epoch]).toEqual(['1', undefined]);
  await endLease();
  expect(await second.refresh()).toBe(true);
  expect(second.epoch).toBe('2');
  expect(await first.refresh()).toBe(false);
});

test('a process that was stopped finds its lease over by its own clock, without asking anybody', async () => {
  const clock = new TestClock();
  const held = lease(clock, 10_000);
  await held.refresh();
  clock.now += 9_999;
  expect(held.holds()).toBe(true);
  clock.now += 1;
  expect(held.holds()).toBe(false);
  expect(held.epoch).toBeUndefined();
});

test('the lease counts from before the renewal was sent, however long the answer took', async () => {
  const clock = new TestClock();
  const held = lease(clock, 10_000);
  const refreshing = held.refresh();
  clock.now += 8_000;
  await refreshing;
  clock.now += 2_000;
  expect(held.holds()).toBe(false);
});

test('whoever renews after its lease ran out and nobody took it leads on, in the same epoch', async () => {
  const clock = new TestClock();
  const held = lease(clock, 10_000);
  await held.refresh();
  await endLease();
  clock.now += 20_000;
  expect(held.holds()).toBe(false);
  expect(await held.refresh()).toBe(true);
  expect(held.epoch).toBe('1');
});

test('giving up lets a standby lead at once', async () => {
  const [first, second] = [lease(new TestClock()), lease(new TestClock())];
  await first.refresh();
  await first.giveUp();
  expect(first.holds()).toBe(false);
  expect(await second.refresh()).toBe(true);
});

test('the naive leader, an advisory lock, keeps it while its process is stopped', async () => {
  const stopped = await bench.database.session();
  await stopped.query('select pg_advisory_lock(4711)');
  const next = await pool.query<{ taken: boolean }>('select pg_try_advisory_lock(4711) as taken');
  expect(next.rows[0]!.taken).toBe(false);
});

test('a stopped leader is followed by a standby, and sends nothing when it wakes: no row is inverted', async () => {
  const taken = await bench.listen();
  const clock = new TestClock();
  const first = await bench.start({ ttlMs: 60_000, monotonicMs: clock.read });
  await eventually(() => first.relay.report().leading);
  first.publisher.holdAnswers();
  for (let n = 1; n <= 3; n += 1) await bench.database.write({ aggregateid: 'K', payload: { n } });
  await eventually(() => taken.length === 1);
  clock.now += 60_000;
  await endLease();
  const second = await bench.start();
  await eventually(async () => (await bench.database.unpublished()) === 0);
  first.publisher.letAnswersThrough();
  await bench.database.write({ aggregateid: 'K', payload: { n: 4 } });
  await eventually(() => numbers(taken).includes(4));
  expect(numbers(taken)).toEqual([1, 1, 2, 3, 4]);
  expect(taken[0]!.id).toBe(taken[1]!.id);
  expect(first.publisher.sent).toHaveLength(1);
  await eventually(() => !first.relay.report().leading && second.relay.report().leading);
});

test('a confirm that comes after the lease was lost still marks its row', async () => {
  await bench.listen();
  const clock = new TestClock();
  const first = await bench.start({ ttlMs: 60_000, monotonicMs: clock.read });
  await eventually(() => first.relay.report().leading);
  first.publisher.holdAnswers();
  const position = await bench.database.write({ aggregateid: 'K', payload: { n: 1 } });
  await eventually(() => first.publisher.answersHeld === 1);
  clock.now += 60_000;
  expect(first.relay.report().leading).toBe(false);
  first.publisher.letAnswersThrough();
  await eventually(async () => (await bench.database.row(position)).published);
});

test('a leader that loses the lease and gets it back with a row under way neither doubles nor inverts', async () => {
  const taken = await bench.listen();
  const clock = new TestClock();
  const only = await bench.start({ ttlMs: 600, monotonicMs: clock.read });
  await eventually(() => only.relay.report().leading);
  only.publisher.holdAnswers();
  for (let n = 1; n <= 3; n += 1) await bench.database.write({ aggregateid: 'K', payload: { n } });
  await eventually(() => only.publisher.answersHeld === 1);
  clock.now += 600;
  await pool.query(`update lease set holder = 'somebody else', epoch = epoch + 1`);
  await eventually(() => only.notices.filter(({ kind }) => kind === 'leading').length === 2);
  only.publisher.letAnswersThrough();
  await eventually(() => taken.length === 3);
  expect(numbers(taken)).toEqual([1, 2, 3]);
});

test('three relays at once: one leads, and everything is published once, in order', async () => {
  const taken = await bench.listen();
  const relays = await Promise.all([bench.start(), bench.start(), bench.start()]);
  await bench.database.writeMany(1_500, 100);
  await eventually(async () => (await bench.database.unpublished()) === 0);
  expect(relays.filter(({ relay }) => relay.report().leading)).toHaveLength(1);
  expect(taken).toHaveLength(1_500);
});
