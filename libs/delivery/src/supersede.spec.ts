import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { delivered, unavailable } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement, state } from '../test/scripted-planner.js';
import type { DeliveryEngine } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  engine = await ledger.engine();
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

/** By what was written into the bodies. */
async function openOnes(): Promise<number[]> {
  return (await ledger.rows<{ n: number }>(`select (body ->> 'n')::int as n from delivery order by position`)).map(
    ({ n }) => n,
  );
}

it('A newer state takes the place of older ones, and says so of each', async () => {
  await ledger.schedule(engine, [state('customer', { n: 1 }), state('customer', { n: 2 })]);
  await ledger.schedule(engine, [state('customer', { n: 3 })]);
  expect(await openOnes()).toEqual([3]);
  const newest = (await ledger.open())[0]!.position;
  expect(await ledger.settled()).toMatchObject([
    { state: 'superseded', attempts: 0, tries: 0 },
    { state: 'superseded', reason: `by ${newest}`, attempts: 0, tries: 0 },
  ]);
  const told = await ledger.toldOf('delivery.superseded.v1');
  expect(told.map(({ payload }) => payload)).toMatchObject([{ lane: 'customer' }, { supersededBy: newest }]);
});

it('A movement is never superseded, and no state is across one', async () => {
  await ledger.schedule(engine, [state('title', { n: 1 }), movement('title', { n: 2 }), state('title', { n: 3 })]);
  await ledger.schedule(engine, [movement('title', { n: 4 }), movement('title', { n: 5 }), state('title', { n: 6 })]);
  expect(await openOnes()).toEqual([1, 2, 3, 4, 5, 6]);
});

it('States behind the last movement are superseded, those before it are not', async () => {
  await ledger.schedule(engine, [state('title', { n: 1 }), movement('title', { n: 2 }), state('title', { n: 3 })]);
  await ledger.schedule(engine, [state('title', { n: 4 })]);
  expect(await openOnes()).toEqual([1, 2, 4]);
});

it('Another operation, another target and another integration keep theirs', async () => {
  const other = { ...state('customer', { n: 2 }), operation: 'customer.tag' };
  await ledger.schedule(engine, [
    state('customer', { n: 1 }),
    other,
    state('customer', { n: 3 }, { target: 'address' }),
  ]);
  await ledger.schedule(engine, [state('customer', { n: 4 })], '2');
  await ledger.schedule(engine, [state('customer', { n: 5 })]);
  expect(await openOnes()).toEqual([2, 3, 4, 5]);
});

it('What was tried is sent again as it was, before the newer state', async () => {
  ledger.courier.limits = { attempts: 9, deadlineMs: 2_000, waitsMs: [3_600_000] };
  ledger.courier.script = () => unavailable('HTTP 503');
  await ledger.schedule(engine, [state('customer', { n: 1 })]);
  engine.start();
  await eventually(async () => (await ledger.open())[0]!.attempts === 1);
  await ledger.schedule(engine, [state('customer', { n: 2 })]);
  expect(await openOnes()).toEqual([1, 2]);
});

it('What is in somebody’s hands is left alone, and so is all behind it', async () => {
  const answer = Promise.withResolvers<void>();
  ledger.courier.script = async () => {
    await answer.promise;
    return delivered();
  };
  await ledger.schedule(engine, [movement('customer', { n: 1 }), state('customer', { n: 2 })]);
  engine.start();
  await eventually(() => ledger.courier.calls.length === 1);
  await ledger.schedule(engine, [state('customer', { n: 3 })]);
  expect(await openOnes()).toEqual([1, 2, 3]);
  answer.resolve();
  await eventually(async () => (await ledger.waiting()) === 0);
  expect(await ledger.settled()).toMatchObject([1, 2, 3].map(() => ({ state: 'delivered' })));
});

it('A state another lane waits for stays: that lane would go on although nothing had been told', async () => {
  await ledger.schedule(engine, [state('customer', { n: 1 }), movement('title', { n: 2 }, { after: ['customer'] })]);
  await ledger.schedule(engine, [state('customer', { n: 3 })]);
  expect(await openOnes()).toEqual([1, 2, 3]);
  engine.start();
  await eventually(async () => (await ledger.waiting()) === 0);
  const called = ledger.courier.calls.map(({ body }) => (body as { n: number }).n);
  expect(called.indexOf(1)).toBeLessThan(called.indexOf(2));
});

it('A state that waits for another lane is not superseded', async () => {
  await ledger.schedule(engine, [movement('customer', { n: 1 }), state('title', { n: 2 }, { after: ['customer'] })]);
  await ledger.schedule(engine, [state('title', { n: 3 })]);
  expect(await openOnes()).toEqual([1, 2, 3]);
});

it('However many give way at once, each is settled and told of once', async () => {
  const each = (n: number) => Array.from({ length: 450 }, (_, lane) => state(`customer-${lane}`, { n }));
  await ledger.schedule(engine, each(1));
  await ledger.schedule(engine, each(2));
  expect(await openOnes()).toEqual(each(2).map(() => 2));
  expect(await ledger.settled()).toHaveLength(450);
  expect(await ledger.toldOf('delivery.superseded.v1')).toHaveLength(450);
});

/** What a batch may ask for: of two lanes, two targets, and waits for the other lane. */
interface Wish {
  lane: 'a' | 'b';
  kind: 'state' | 'movement';
  target: string;
  waits: boolean;
}

/** As it stands open, by its number, and the number up to which it waits on the other lane. */
interface Open extends Wish {
  n: number;
  until?: number;
}

/** The rule, said without a database. */
function superseding(open: readonly Open[], batch: readonly Wish[], from: number): Open[] {
  const all = [...open];
  for (const [at, wish] of batch.entries()) {
    const until = wish.waits ? all.findLast(({ lane }) => lane !== wish.lane)?.n : undefined;
    all.push({ ...wish, n: from + at, until });
  }
  const givesWay = (older: Open, newer: Open) =>
    older.lane === newer.lane &&
    older.target === newer.target &&
    older.n < newer.n &&
    all.every(
      ({ lane, kind, until, n }) =>
        lane !== older.lane || n < older.n || n >= newer.n || (kind === 'state' && until === undefined),
    ) &&
    !all.some(({ lane, until }) => lane !== older.lane && until !== undefined && until >= older.n);
  const news = all.filter(({ n, kind }) => n >= from && kind === 'state');
  return all.filter((older) => !news.some((newer) => givesWay(older, newer)));
}

it('Whatever is asked for in whatever order, what stays is what the rule leaves', async () => {
  const wish = fc.record<Wish>({
    lane: fc.constantFrom('a', 'b'),
    kind: fc.constantFrom('state', 'state', 'state', 'movement'),
    target: fc.constantFrom('address', 'phone'),
    waits: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
  });
  const other = { a: 'b', b: 'a' };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(wish, { minLength: 1, maxLength: 6 }), { maxLength: 5 }), async (batches) => {
      const fresh = await Ledger.open(database);
      const replica = await fresh.engine();
      let expected: Open[] = [];
      let n = 0;
      for (const batch of batches) {
        expected = superseding(expected, batch, n);
        const plans = batch.map(({ lane, kind, target, waits }, at) => {
          const more = { ...(kind === 'state' && { target }), ...(waits && { after: [other[lane]] }) };
          return [(kind === 'state' ? state : movement)(lane, { n: n + at }, more)];
        });
        n += batch.length;
        await fresh.scheduleBatch(replica, plans);
      }
      const stays = await openOnes();
      await fresh.close();
      expect(stays).toEqual(expected.map((open) => open.n));
    }),
    { numRuns: 60 },
  );
});
