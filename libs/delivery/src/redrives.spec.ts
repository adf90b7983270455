import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { ScriptedCourier } from '../test/scripted-courier.js';
import { movement } from '../test/scripted-planner.js';
import { RedriveRefusal, type DeliveryEngine, type RedriveWish } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;
/** Lanes the partner refuses. */
let refuses: Set<string>;

/** A deadline of 2 s and a margin of 5 s. */
const LEASE_MS = 7_000;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  refuses = new Set();
  ledger.courier.script = ({ body }) => {
    const { lane } = body as { lane: string };
    return refuses.has(lane) ? refused(`HTTP 422: title ${lane} unknown`) : delivered();
  };
  engine = await ledger.engine();
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

const start = (more: Partial<RedriveWish> = {}, by: DeliveryEngine = engine) =>
  by.redrives.start(undefined, {
    filter: {},
    reason: 'clients registered',
    by: 'rui',
    perSecond: 500,
    expectedCount: 999,
    ...more,
  });
const report = async (id: string) => (await engine.redrives.read(undefined, id))!;
const untilFinished = (id: string) =>
  eventually(async () => expect(await report(id)).toMatchObject({ finishedAt: expect.any(Date) }), {
    withinMs: 15_000,
  });
const redriven = () => ledger.rows(`select position from delivery_action where action = 'redriven'`);
const lanesOf = (count: number) => Array.from({ length: count }, (_, n) => `lane-${n}`);
const parkedNow = async () => (await ledger.open()).filter(({ state }) => state === 'parked');

/** So many lanes, each held by a refused delivery with another behind it. */
async function park(count: number, integrationId = '1', lanes = lanesOf(count)): Promise<void> {
  for (const lane of lanes) refuses.add(lane);
  const before = (await parkedNow()).length;
  await ledger.schedule(
    engine,
    lanes.flatMap((lane) => [movement(lane, { lane }), movement(lane, { lane })]),
    integrationId,
  );
  engine.start();
  await eventually(async () => expect(await parkedNow()).toHaveLength(before + count));
  ledger.courier.calls.length = 0;
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RedriveRefusal);
  return (error as RedriveRefusal).code;
}

describe('Before a redrive', () => {
  it('one sees how many there are, of which operations, for which reasons, and some of them', async () => {
    await park(3);
    const preview = await engine.redrives.preview(undefined, {});
    expect(preview).toMatchObject({
      count: 3,
      inOtherRedrives: 0,
      byOperation: [{ operation: 'title.put', count: 3 }],
      byReason: [{ reason: 'HTTP 422: title # unknown', count: 3 }],
    });
    expect(preview.oldest!.getTime()).toBeLessThanOrEqual(preview.newest!.getTime());
    expect(preview.sample.map(({ reason }) => reason)).toContain('HTTP 422: title lane-0 unknown');
    expect((await engine.redrives.preview(undefined, { reasonContains: 'LANE-1 ' })).count).toBe(1);
    expect((await engine.redrives.preview(undefined, { to: new Date(0) })).count).toBe(0);
  });

  it('more than what was previewed is refused and nothing of it begins; fewer is what was settled meanwhile', async () => {
    await park(3);
    expect(await refusalOf(start({ expectedCount: 2 }))).toBe('count-moved');
    expect(await engine.redrives.list(undefined, { limit: 10 })).toEqual([]);
    expect(await report(await start({ expectedCount: 5 }))).toMatchObject({ total: 3 });
  });
});

describe('A redrive', () => {
  it('sends again what it chose, what waits behind it follows, and every item has its result', async () => {
    await park(3);
    refuses = new Set(['lane-1']);
    const id = await start({ filter: { integrationId: '1' } });
    await untilFinished(id);
    expect(await report(id)).toMatchObject({
      state: 'finished',
      filter: { integrationId: '1' },
      reason: 'clients registered',
      startedBy: 'rui',
      total: 3,
      delivered: 2,
      parkedAgain: 1,
      remaining: 0,
      underWay: 0,
    });
    expect(await engine.redrives.items(id, { limit: 10 })).toMatchObject([
      { state: 'delivered', reasonBefore: 'HTTP 422: title lane-0 unknown' },
      { state: 'parked-again', reason: 'HTTP 422: title lane-1 unknown', subject: 'receivable/1' },
      { state: 'delivered' },
    ]);
    expect(await engine.redrives.items(id, { limit: 10, state: 'parked-again' })).toHaveLength(1);
    expect(await ledger.waiting()).toBe(2);
  });

  it('is on record with each delivery, and told of', async () => {
    await park(1);
    refuses.clear();
    const id = await start();
    await untilFinished(id);
    const { position } = (await engine.redrives.items(id, { limit: 1 }))[0]!;
    expect((await engine.deliveries.read(position))!.actions).toMatchObject([
      { action: 'redriven', by: 'rui', reason: 'clients registered', redriveId: id },
    ]);
    expect(await ledger.toldOf('delivery.retried.v1')).toMatchObject([
      { payload: { deliveryId: position, redriveId: id, actor: 'rui', note: 'clients registered' } },
    ]);
  });

  it('leaves alone what was parked after it began', async () => {
    await park(2);
    const id = await start({ perSecond: 1 });
    await park(1, '1', ['late']);
    refuses.clear();
    await untilFinished(id);
    expect((await parkedNow()).map(({ lane }) => lane)).toEqual(['late']);
  });

  it('started twenty times at once is one job, and each delivery goes once', async () => {
    await park(10);
    refuses.clear();
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => start()));
    const ids = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(ids).toHaveLength(1);
    expect(all.filter((one) => one.status === 'rejected' && one.reason.code === 'nothing-to-redrive')).toHaveLength(19);
    await untilFinished(ids[0]!);
    expect(await redriven()).toHaveLength(10);
    expect(ledger.courier.calls).toHaveLength(20);
  });

  it('takes nothing another open one has, and may take what that one has seen parked again', async () => {
    await park(3);
    const first = await start({ filter: { reasonContains: 'lane-1 ' }, perSecond: 1, firstOnly: 1 });
    expect(await engine.redrives.preview(undefined, {})).toMatchObject({ count: 2, inOtherRedrives: 1 });
    expect(await report(await start({ perSecond: 1, firstOnly: 1 }))).toMatchObject({ total: 2 });
    await untilFinished(first);
    expect(await report(await start({ filter: { reasonContains: 'lane-1 ' } }))).toMatchObject({ total: 1 });
  });

  it('is not shown to who may not see all of it, and does not take what they may not touch', async () => {
    await park(1, '1');
    await park(1, '11', ['other']);
    const company = (name: string) => [{ source: '/erp/demo', company: name }];
    const wish = { filter: {}, reason: 'x', by: 'rui', perSecond: 1, expectedCount: 9 };
    expect((await engine.redrives.preview(company('2'), {})).count).toBe(1);
    expect(await refusalOf(engine.redrives.start(company('3'), wish))).toBe('nothing-to-redrive');
    const own = await engine.redrives.start(company('2'), wish);
    expect(await engine.redrives.items(own, { limit: 9 })).toMatchObject([{ company: '2' }]);
    const both = await start({ filter: { company: '1' } });
    const shown = async (...seen: string[]) =>
      (await engine.redrives.list(seen.flatMap(company), { limit: 9 })).map(({ id }) => id);
    expect(await shown('1')).toEqual([both]);
    expect(await shown('1', '2')).toEqual([both, own]);
    expect(await engine.redrives.read(company('1'), own)).toBeUndefined();
    expect(await engine.redrives.read([{ ...company('2')[0]!, branch: '3' }], own)).toBeUndefined();
  });

  it('lets so many go a second', async () => {
    await park(6);
    refuses.clear();
    const id = await start({ perSecond: 2 });
    await untilFinished(id);
    const { startedAt, finishedAt } = await report(id);
    expect(finishedAt!.getTime() - startedAt.getTime()).toBeGreaterThan(1_500);
    const times = await ledger.rows<{ at: number }>(
      `select extract(epoch from released_at)::float8 as at from redrive_item order by 1`,
    );
    expect(times.at(-1)!.at - times[0]!.at).toBeGreaterThan(1.5);
  });

  it('cancelled leaves the rest parked, and still says what became of those let go', async () => {
    await park(6);
    refuses.clear();
    const id = await start({ firstOnly: 2 });
    await eventually(async () =>
      expect(await report(id)).toMatchObject({ delivered: 2, state: 'waiting-for-go-ahead' }),
    );
    await engine.redrives.cancel(id, 'ana');
    await untilFinished(id);
    expect(await report(id)).toMatchObject({ state: 'canceled', canceledBy: 'ana', delivered: 2, canceled: 4 });
    expect(await parkedNow()).toHaveLength(4);
    expect(await refusalOf(engine.redrives.cancel(id, 'ana'))).toBe('not-open');
    expect(await report(await start())).toMatchObject({ total: 4 });
  });

  it('of which only the first go waits, and lets the rest go when somebody says so', async () => {
    await park(5);
    refuses.clear();
    const id = await start({ firstOnly: 2 });
    await eventually(async () =>
      expect(await report(id)).toMatchObject({ delivered: 2, state: 'waiting-for-go-ahead' }),
    );
    expect(await report(id)).toMatchObject({ remaining: 3 });
    await engine.redrives.letTheRestGo(id);
    expect(await refusalOf(engine.redrives.letTheRestGo(id).then(() => engine.redrives.letTheRestGo(id)))).toBe(
      'not-waiting',
    );
    await untilFinished(id);
    expect(await report(id)).toMatchObject({ state: 'finished', delivered: 5 });
  });

  it('leaves to others what they settled or had sent before its turn came', async () => {
    await park(4);
    const again = Promise.withResolvers<void>();
    ledger.courier.script = async ({ body }) => {
      if ((body as { lane: string }).lane === 'lane-2') await again.promise;
      return delivered();
    };
    const id = await start({ firstOnly: 1 });
    await eventually(async () => expect(await report(id)).toMatchObject({ delivered: 1 }));
    const [, second, third] = await engine.redrives.items(id, { limit: 9 });
    await engine.deliveries.skip(second!.position, 'ana', 'cancelled by phone');
    await engine.deliveries.retry(third!.position, 'ana');
    await engine.redrives.letTheRestGo(id);
    await untilFinished(id);
    again.resolve();
    expect(await engine.redrives.items(id, { limit: 9 })).toMatchObject([
      { state: 'delivered' },
      { state: 'already-settled' },
      { state: 'already-retried' },
      { state: 'delivered' },
    ]);
    expect(await redriven()).toHaveLength(2);
    await eventually(async () => expect(await ledger.waiting()).toBe(0));
    expect(ledger.courier.calls).toHaveLength(7);
  });
});

describe('With two replicas', () => {
  it('each delivery is let go once, by whichever has the job in hand', async () => {
    await park(60);
    refuses.clear();
    const other = await ledger.engine();
    other.start();
    const id = await start({ perSecond: 60 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? engine : other).redrives.run()));
    await untilFinished(id);
    expect(await report(id)).toMatchObject({ total: 60, delivered: 60 });
    expect(await redriven()).toHaveLength(60);
    expect(ledger.courier.calls).toHaveLength(120);
  });

  it('one that dies in the middle of a chunk leaves nothing half done, and the other goes on', async () => {
    await park(20);
    await engine.stop();
    const other = await ledger.engine();
    const id = await start({ perSecond: 20 });
    const blocker = await ledger.pool.connect();
    await blocker.query('begin');
    await blocker.query('lock table redrive_item in exclusive mode');
    const dying = engine.redrives.run().catch((error: Error) => error);
    const isStopped = `
      select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%update redrive_item%'`;
    const [{ pid }] = await eventually(async () => {
      const rows = await ledger.rows<{ pid: number }>(isStopped);
      expect(rows).toHaveLength(1);
      return rows as [{ pid: number }];
    });
    await ledger.rows('select pg_terminate_backend($1)', [pid]);
    expect(await dying).toBeInstanceOf(Error);
    await blocker.query('rollback');
    blocker.release();
    expect(await report(id)).toMatchObject({ remaining: 20, underWay: 0 });
    expect(await parkedNow()).toHaveLength(20);

    refuses.clear();
    other.start();
    await untilFinished(id);
    expect(await report(id)).toMatchObject({ delivered: 20 });
    expect(await redriven()).toHaveLength(20);
    expect(ledger.courier.calls).toHaveLength(40);
  });

  it('what one had in its hands when it stopped is sent by the other, and accounted for', async () => {
    await park(6);
    await engine.stop();
    const never = Promise.withResolvers<void>();
    const courier = new ScriptedCourier(() => never.promise.then(() => delivered('late')));
    const stopped = await ledger.engine({ courier, lanesMax: 2 });
    stopped.start();
    const id = await start({ firstOnly: 4 }, stopped);
    await eventually(() => expect(courier.calls).toHaveLength(2));
    refuses.clear();
    await ledger.passTime(LEASE_MS);
    const other = await ledger.engine();
    other.start();
    await other.redrives.letTheRestGo(id);
    await untilFinished(id);
    expect(await report(id)).toMatchObject({ total: 6, delivered: 6 });
    expect(await redriven()).toHaveLength(6);
    never.resolve();
  });
});
