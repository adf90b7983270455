import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, unavailable, unknown } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER, openPool } from '../test/ledger.js';
import { ScriptedBatches } from '../test/scripted-batches.js';
import { movement, state } from '../test/scripted-planner.js';
import { Batches } from './batches.js';
import { LaneClaimer, type LaneClaim } from './claim.js';
import { NotNow, type ClaimedDelivery, type DeliveryEngine, type PlannedDelivery } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;
let batches: ScriptedBatches;
/** What calls wait for, where a test has them under way for a while. */
let answer: PromiseWithResolvers<void>;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  answer = Promise.withResolvers();
  batches = ledger.courier.batches = new ScriptedBatches(3);
  ledger.courier.operations = ['title.put', 'title.send'];
  ledger.courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
  engine = await ledger.engine();
});
afterEach(() => {
  answer.resolve();
  return ledger.close();
});
afterAll(() => database.drop());

const SENT = { operation: 'title.send', group: 'together' };
const title = (n: number, more: Partial<PlannedDelivery> = {}) => movement(`title-${n}`, { n }, { ...SENT, ...more });
const titles = (...ns: number[]) => ns.map((n) => title(n));
/** The second title's first try. */
const isFirstOfTwo = ({ body, tries }: ClaimedDelivery) => (body as { n: number }).n === 2 && tries === 0;
const BROKEN = unknown('the connection broke');
const afterAnswer = async (batch: readonly ClaimedDelivery[]) => {
  await answer.promise;
  return batch.map(() => delivered());
};
const calls = () => batches.calls.map(({ ns }) => ns);
const through = () => eventually(async () => (await ledger.waiting()) === 0);
const states = async () => (await ledger.settled()).map(({ state: was }) => was);

describe('Deliveries that go together', () => {
  it('go in calls of their size at the most, in the order they were planned', async () => {
    await ledger.schedule(engine, titles(1, 2, 3, 4, 5, 6, 7));
    engine.start();
    await through();
    expect(
      calls()
        .map(({ length }) => length)
        .toSorted(),
    ).toEqual([1, 3, 3]);
    expect(calls()).toContainEqual([1, 2, 3]);
    expect(new Set(batches.calls.map(({ batchId }) => batchId)).size).toBe(3);
    expect(await states()).toEqual(Array.from({ length: 7 }, () => 'delivered'));
  });

  it('go in the order they were planned, though one of them has priority', async () => {
    await ledger.schedule(engine, [...titles(1, 2), title(3, { priority: 1 })]);
    engine.start();
    await through();
    expect(calls()).toEqual([[1, 2, 3]]);
  });

  it('are one of each lane: what comes behind on a lane waits for the answer', async () => {
    const answer = Promise.withResolvers<void>();
    batches.script = async (batch) => {
      if (batches.calls.length === 1) await answer.promise;
      return batch.map(() => delivered());
    };
    await ledger.schedule(engine, [title(1), title(2), movement('title-1', { n: 11 }, SENT)]);
    engine.start();
    await eventually(() => calls().length === 1);
    await ledger.schedule(engine, titles(3));
    await eventually(() => calls().length === 2);
    expect(calls()).toEqual([[1, 2], [3]]);
    answer.resolve();
    await through();
    expect(calls().at(-1)).toEqual([11]);
  });

  it('are kept with what was said, and the exchange with the first of them', async () => {
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await through();
    const [first, second] = await ledger.rows<{ exchange: unknown; position: string }>(
      'select position::text as position, exchange from attempt order by attempt.position',
    );
    expect(first!.exchange).toEqual(batches.exchange);
    expect(second!.exchange).toEqual({ wentWith: first!.position });
  });

  it('leave operations of other groups a call each', async () => {
    await ledger.schedule(engine, [movement('title-1', { n: 1 }), movement('title-2', { n: 2 })]);
    engine.start();
    await through();
    expect(calls()).toEqual([]);
    expect(ledger.courier.calls).toHaveLength(2);
  });

  it.each([
    ['what moves', 0, 2],
    ['what gives way to everything else', -1, 8],
  ] as const)('leave room for one more call where two of %s may be under way', async (_, priority, concurrency) => {
    batches.script = afterAnswer;
    const some = (...ns: number[]) => ns.map((n) => title(n, { priority }));
    await ledger.schedule(engine, some(1, 2, 3));
    await ledger.rows('update endpoint set concurrency = $1', [concurrency]);
    engine.start();
    await eventually(() => calls().length === 1);
    await ledger.schedule(engine, some(4, 5, 6));
    await eventually(() => calls().length === 2);
    await ledger.schedule(engine, some(7, 8, 9));
    answer.resolve();
    await through();
    expect(calls()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    expect(batches.inHand.most).toBe(2);
  });

  it('take one place of those a process has for lanes', async () => {
    batches.script = afterAnswer;
    const small = await ledger.engine({ lanesMax: 2 });
    await ledger.schedule(small, titles(1, 2, 3));
    small.start();
    await eventually(() => calls().length === 1);
    await ledger.schedule(small, titles(4, 5, 6));
    await eventually(() => calls().length === 2);
    answer.resolve();
    await through();
  });

  it('are no more calls than the limit allows, though several are to be made again', async () => {
    ledger.courier.limits = { attempts: 5, deadlineMs: 2_000, waitsMs: [60_000] };
    batches.script = (batch) => (batches.calls.length <= 3 ? BROKEN : afterAnswer(batch));
    await ledger.schedule(engine, titles(1, 2, 3, 4, 5, 6, 7, 8, 9));
    await ledger.rows('update endpoint set concurrency = 1');
    engine.start();
    await eventually(async () => (await ledger.attempts()).length === 9);
    await ledger.passTime(120_000);
    await eventually(() => calls().length > 3);
    await ledger.schedule(engine, [movement('alone', { n: 10 })]);
    await eventually(() => ledger.courier.calls.length === 1);
    expect(calls()).toHaveLength(4);
    answer.resolve();
    await through();
    expect(calls()).toHaveLength(6);
    // Each of the nine twice, and the one beside them.
    expect(await ledger.attempts()).toHaveLength(19);
  });

  it.each([
    ['what moves', 0, 1],
    ['what gives way to everything else', -1, 4],
  ] as const)(
    'are one call where one of %s may be under way, of several operations',
    async (_, priority, concurrency) => {
      batches.script = afterAnswer;
      const put = title(2, { operation: 'title.put', priority });
      await ledger.schedule(engine, [title(1, { priority }), put, title(3, { priority })]);
      await ledger.rows('update endpoint set concurrency = $1', [concurrency]);
      engine.start();
      await eventually(() => calls().length > 0);
      await ledger.schedule(engine, [movement('alone', { n: 10 })]);
      await eventually(() => ledger.courier.calls.length === 1);
      expect(calls()).toEqual([[1, 3]]);
      const held = (await ledger.lanes()).filter(({ key, leased }) => leased && key !== 'alone');
      expect(held.map(({ key }) => key)).toEqual(['title-1', 'title-3']);
      answer.resolve();
      await through();
      expect(calls()).toEqual([[1, 3], [2]]);
    },
  );

  it('count as one call against the limit of their endpoint, whatever the replicas', async () => {
    await ledger.schedule(engine, titles(1));
    await ledger.rows('update endpoint set concurrency = 1');
    await ledger.schedule(engine, titles(2, 3, 4, 5, 6, 7, 8, 9, 10));
    const other = await ledger.engine();
    engine.start();
    other.start();
    await through();
    expect(batches.inHand.most).toBe(1);
    expect(
      calls()
        .flat()
        .toSorted((one, two) => one - two),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe('An answer for each', () => {
  it('parks what was refused, alone, and it goes again alone', async () => {
    batches.script = (batch) => batch.map((each) => (isFirstOfTwo(each) ? refused('no such document') : delivered()));
    await ledger.schedule(engine, titles(1, 2, 3));
    engine.start();
    await eventually(async () => (await ledger.open())[0]?.state === 'parked');
    const [parked] = await ledger.open();
    expect(await ledger.open()).toMatchObject([{ lane: 'title-2', reason: 'no such document' }]);
    await engine.deliveries.retry(parked!.position, 'ana');
    await through();
    expect(calls()).toEqual([[1, 2, 3], [2]]);
  });

  it('has what is to come again later go with others, under another name', async () => {
    batches.script = (batch) => batch.map((each) => (isFirstOfTwo(each) ? unavailable('not yet') : delivered()));
    await ledger.schedule(engine, titles(1, 2, 3));
    engine.start();
    await through();
    expect(calls()).toEqual([[1, 2, 3], [2]]);
    expect(batches.calls[1]!.batchId).not.toBe(batches.calls[0]!.batchId);
  });

  it('of another number than was sent is our bug, and parks them', async () => {
    batches.script = () => [delivered()];
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await eventually(async () => (await ledger.open()).every(({ state: is }) => is === 'parked'));
    expect((await ledger.open())[0]!.reason).toContain('a batch of 2 was answered with 1 outcomes');
  });
});

describe('A call whose answer is not known', () => {
  it('is made again with the same ones under the same name, whatever has come meanwhile', async () => {
    ledger.courier.limits = { attempts: 5, deadlineMs: 2_000, waitsMs: [300] };
    batches.script = (batch) => (batches.calls.length === 1 ? BROKEN : batch.map(() => delivered()));
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await eventually(() => calls().length === 1);
    await ledger.schedule(engine, titles(3, 4, 5, 6));
    await through();
    const again = batches.calls.filter(({ ns }) => ns.includes(1));
    expect(again.map(({ ns }) => ns)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(again[1]!.batchId).toBe(again[0]!.batchId);
  });

  it('is due once: the first of them waits for its time, and the others for the first', async () => {
    ledger.courier.limits = { attempts: 5, deadlineMs: 2_000, waitsMs: [60_000] };
    batches.script = () => BROKEN;
    await ledger.schedule(engine, titles(1, 2, 3));
    engine.start();
    await eventually(async () => (await ledger.attempts()).length === 3);
    await eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));
    expect((await ledger.lanes()).map(({ waits_for }) => waits_for)).toEqual(['nothing', 'batch', 'batch']);
  });

  it('leaves none of them to a person meanwhile, and none to a newer state', async () => {
    ledger.courier.limits = { attempts: 5, deadlineMs: 2_000, waitsMs: [60_000] };
    batches.script = () => (batches.calls.length === 1 ? BROKEN : [delivered(), delivered()]);
    await ledger.schedule(engine, [state('title-1', { n: 1 }, SENT), state('title-2', { n: 2 }, SENT)]);
    engine.start();
    await eventually(async () => (await ledger.attempts()).length === 2);
    const [, second] = await ledger.open();
    await expect(engine.deliveries.skip(second!.position, 'ana', 'no')).rejects.toMatchObject({ code: 'in-hand' });
    batches.script = (batch) => batch.map(() => delivered());
    await ledger.schedule(engine, [state('title-2', { n: 22 }, SENT)]);
    await ledger.passTime(60_000);
    await through();
    expect(calls()).toEqual([[1, 2], [1, 2], [22]]);
  });

  it('is given up for all of them at once, and each goes by itself when a person sends it again', async () => {
    batches.script = () => BROKEN;
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await eventually(async () => (await ledger.open()).every(({ state: is }) => is === 'parked'));
    expect(calls()).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    batches.script = (batch) => batch.map(() => delivered());
    const [, second] = await ledger.open();
    await engine.deliveries.retry(second!.position, 'ana');
    await eventually(() => calls().length === 4);
    expect(calls().at(-1)).toEqual([2]);
  });

  it('whose process died is made again by another, whole, when its lease has run out', async () => {
    const never = Promise.withResolvers<never>();
    batches.script = () => never.promise;
    const pool = openPool(database.url);
    const dying = await ledger.engine({ pool, leaseMarginMs: 100 });
    ledger.courier.limits = { attempts: 3, deadlineMs: 100, waitsMs: [0] };
    await ledger.schedule(dying, titles(1, 2, 3));
    dying.start();
    await eventually(() => calls().length === 1);
    batches.script = (batch) => batch.map(() => delivered());
    engine.start();
    await through();
    expect(calls()).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(batches.calls[1]!.batchId).toBe(batches.calls[0]!.batchId);
    expect((await ledger.attempts()).filter(({ outcome }) => outcome === 'unknown')).toHaveLength(3);
    never.reject(new Error('the test is over'));
    await eventually(async () => (await ledger.attempts()).filter(({ late }) => late).length === 3);
  });

  it('whose process died with several in hand are made again within the limit, and each death is on record', async () => {
    batches.script = afterAnswer;
    ledger.courier.limits = { attempts: 3, deadlineMs: 100, waitsMs: [0] };
    const dying = await ledger.engine({ pool: openPool(database.url), leaseMarginMs: 100 });
    await ledger.schedule(dying, titles(1, 2, 3, 4, 5, 6));
    dying.start();
    await eventually(() => calls().length === 2);
    await ledger.rows('update endpoint set concurrency = 1');
    batches.script = (batch) => batch.map(() => delivered());
    engine.start();
    await through();
    expect(calls().slice(2).toSorted()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect((await ledger.attempts()).filter(({ outcome }) => outcome === 'unknown')).toHaveLength(6);
  });
});

describe('A call that cannot be made just now', () => {
  it('has them go back as they came, to go with what came meanwhile', async () => {
    let isAway = true;
    batches.script = (batch) => {
      if (isAway) throw new NotNow('the settings cannot be read');
      return batch.map(() => delivered());
    };
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await eventually(() => calls().length >= 2);
    await ledger.schedule(engine, titles(3));
    await eventually(() => calls().at(-1)!.length === 3);
    isAway = false;
    await through();
    expect(await ledger.attempts()).toHaveLength(3);
    expect((await ledger.attempts()).every(({ number }) => number === 1)).toBe(true);
  });

  it('and was made before without an answer keeps them together, under their name', async () => {
    let isAway = true;
    batches.script = (batch) => {
      if (batches.calls.length === 1) return BROKEN;
      if (isAway) throw new NotNow('the settings cannot be read');
      return batch.map(() => delivered());
    };
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await eventually(() => calls().length >= 2);
    await ledger.schedule(engine, titles(3));
    await eventually(() => calls().some((ns) => ns.includes(3)));
    isAway = false;
    await through();
    const ofFirst = batches.calls.filter(({ ns }) => ns.includes(1));
    expect(ofFirst.every(({ ns }) => ns.length === 2)).toBe(true);
    expect(new Set(ofFirst.map(({ batchId }) => batchId)).size).toBe(1);
  });

  it('because the partner is away pauses the endpoint and spends no attempt, once it is paused', async () => {
    const until = new Date(Date.now() + 60_000);
    batches.script = (batch) =>
      batches.calls.length === 1
        ? unavailable('too many', { pause: { reason: 'rate-limit', until, detail: 'too many' } })
        : batch.map(() => delivered());
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await eventually(async () => (await ledger.attempts()).length === 2);
    expect((await ledger.open()).map(({ attempts }) => attempts)).toEqual([0, 0]);
    await ledger.passTime(61_000);
    await through();
    expect(calls()).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

it('A mistake of ours in a batch parks all of it, and each goes by itself after', async () => {
  batches.script = (batch) => {
    if (batches.calls.length === 1) throw new TypeError('no such field');
    return batch.map(() => delivered());
  };
  await ledger.schedule(engine, titles(1, 2));
  engine.start();
  await eventually(async () => (await ledger.open()).every(({ state: is }) => is === 'parked'));
  expect((await ledger.open())[1]!.reason).toContain('a mistake of ours: TypeError: no such field');
  for (const { position } of await ledger.open()) await engine.deliveries.retry(position, 'ana');
  await through();
});

describe('With whom a delivery goes', () => {
  /** The first lanes that are due, as a process claims them. */
  async function claim(): Promise<LaneClaim[]> {
    const [endpoint] = await ledger.rows<{ id: string }>('select id::text as id from endpoint');
    const due = { endpointId: endpoint!.id, integrationId: '1', ownerKey: '', priorities: [0] };
    const { limits, operations } = ledger.courier;
    const wish = { room: 1, limits, leaseMs: 60_000, perLane: 1, operations, sizeOf: () => 3 };
    return new LaneClaimer(ledger.pool, ledger.clock).claim(due, wish);
  }
  const book = () => new Batches(ledger.pool);
  const takenByAnother = (key: string) => ledger.rows('update lane set epoch = epoch + 1 where key = $1', [key]);

  it('is said once: who would have it go with others as well changes nothing', async () => {
    await ledger.schedule(engine, titles(1, 2));
    const claims = await claim();
    const { id } = (await book().begin(claims))!;
    await book().begin(claims.slice(1));
    expect(await ledger.rows('select batch_id::text as id from delivery')).toEqual([{ id }, { id }]);
  });

  it('is not for a process to say whose lane another has taken', async () => {
    await ledger.schedule(engine, titles(1, 2));
    const claims = await claim();
    await takenByAnother('title-2');
    expect((await book().begin(claims))!.claims.map(({ laneKey }) => laneKey)).toEqual(['title-1']);
    await takenByAnother('title-1');
    expect(await book().begin(claims)).toBeUndefined();
  });

  it('is not for a process to say again whose first lane another has taken', async () => {
    await ledger.schedule(engine, titles(1, 2));
    const { id, claims } = (await book().begin(await claim()))!;
    const [first] = claims;
    const known = { ...first!, deliveries: [{ ...first!.deliveries[0]!, batchId: id }] };
    expect((await book().resume(known))!.claims).toHaveLength(2);
    await takenByAnother('title-1');
    expect(await book().resume(known)).toBeUndefined();
  });

  it('holds though nothing was sent yet: a newer state does not take the place of one of them', async () => {
    await ledger.schedule(engine, [state('title-1', { n: 1 }, SENT), state('title-2', { n: 2 }, SENT)]);
    // As a process leaves them that had said it, and could neither call nor take it back.
    await ledger.rows(`update delivery set batch_id = 'b0a7c4f2-0000-4000-8000-000000000001'`);
    await ledger.schedule(engine, [state('title-2', { n: 22 }, SENT)]);
    expect(await ledger.open()).toHaveLength(3);
    engine.start();
    await through();
    expect(calls()).toEqual([[1, 2], [22]]);
  });
});
