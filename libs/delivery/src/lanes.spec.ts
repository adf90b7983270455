import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, unavailable, unknown } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { DeliveryRefusal, NotNow, type DeliveryEngine } from './index.js';

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

/** What was called, in order, by what `movement` wrote into the bodies. */
const called = () => ledger.courier.calls.map(({ body }) => (body as { n: number }).n);
const three = [1, 2, 3].map((n) => movement('title', { n }));

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeliveryRefusal);
  return (error as DeliveryRefusal).code;
}

/** The first of three is refused and parked. */
async function parkTheFirst(): Promise<string> {
  ledger.courier.script = ({ body }) => ((body as { n: number }).n === 1 ? refused('HTTP 422') : delivered());
  await ledger.schedule(engine, three);
  engine.start();
  await eventually(async () => (await ledger.lanes())[0]!.waits_for === 'person');
  return (await ledger.open())[0]!.position;
}

describe('A lane', () => {
  it('is delivered in order, each once, with an attempt and an outcome each', async () => {
    ledger.courier.script = () => delivered('cx-1');
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 2, 3]);
    expect(await ledger.attempts()).toMatchObject(
      three.map(() => ({ number: 1, counted: true, late: false, outcome: 'delivered', replica: 'replica-1' })),
    );
    const told = await ledger.toldOf('delivery.delivered.v1');
    expect(told.map(({ payload }) => payload)).toMatchObject(
      three.map(() => ({ lane: 'title', reference: 'cx-1', attempts: 1 })),
    );
    expect(await ledger.lanes()).toMatchObject([{ waits_for: null, leased: false }]);
  });

  it('waits with what is behind while its head is tried again, and goes on in order', async () => {
    let failures = 2;
    ledger.courier.script = () => (failures-- > 0 ? unavailable('HTTP 503') : delivered());
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(() => called().length === 1);
    await eventually(async () => !(await ledger.lanes())[0]!.leased);
    expect(await ledger.open()).toMatchObject([
      { state: 'pending', attempts: 1, reason: 'HTTP 503' },
      { attempts: 0 },
      {},
    ]);
    await ledger.passTime(1_200);
    await eventually(() => called().length === 2);
    await eventually(async () => !(await ledger.lanes())[0]!.leased);
    await ledger.passTime(11_000);
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 1, 1, 2, 3]);
  });

  it('is held by a head that has spent its attempts; others flow', async () => {
    ledger.courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
    ledger.courier.script = ({ body }) => ((body as { n: number }).n === 1 ? unavailable('HTTP 503') : delivered());
    await ledger.schedule(engine, [...three, movement('other', { n: 9 })]);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    await eventually(async () => (await ledger.settled()).length === 1);
    expect(await ledger.open()).toMatchObject([
      { state: 'parked', attempts: 3 },
      { state: 'pending' },
      { state: 'pending' },
    ]);
    expect(await ledger.settled()).toMatchObject([{ lane: 'other' }]);
    expect((await ledger.toldOf('delivery.parked.v1'))[0]!.payload).toMatchObject({
      attempts: 3,
      reason: 'given up after 3 attempts: HTTP 503',
    });
  });

  it('is held by a refused head', async () => {
    await parkTheFirst();
    expect(called()).toEqual([1]);
    expect(await ledger.attempts()).toMatchObject([{ outcome: 'refused', reason: 'HTTP 422' }]);
  });

  it('goes on behind a refusal where the operation declares that it may', async () => {
    ledger.courier.finalRefusals.add('title.put');
    ledger.courier.script = ({ body }) => ((body as { n: number }).n === 1 ? refused('HTTP 404') : delivered());
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(await ledger.settled()).toMatchObject([
      { state: 'refused' },
      { state: 'delivered' },
      { state: 'delivered' },
    ]);
    expect(await ledger.toldOf('delivery.refused.v1')).toMatchObject([{ payload: { reason: 'HTTP 404' } }]);
  });

  it('is held by a head on which our own code threw', async () => {
    ledger.courier.script = () => {
      throw new TypeError('no such field');
    };
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    expect(called()).toEqual([1]);
    expect(await ledger.open()).toMatchObject([{ reason: 'a mistake of ours: TypeError: no such field' }, {}, {}]);
    expect(await ledger.attempts()).toMatchObject([{ outcome: 'exception', counted: true }]);
  });

  it('goes back as it came where what a call needs cannot be had now: no attempt, and nobody is asked', async () => {
    let isAway = true;
    ledger.courier.script = () => {
      if (!isAway) return delivered();
      isAway = false;
      throw new NotNow('the settings cannot be read: timeout exceeded when trying to connect');
    };
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 1, 2, 3]);
    expect(await ledger.attempts()).toMatchObject([{ number: 1 }, { number: 1 }, { number: 1 }]);
    expect(await ledger.toldOf('delivery.parked.v1')).toEqual([]);
    expect(ledger.troubles.map(({ name }) => name)).toEqual(['NotNow']);
  });

  it('tries an unknown result again, since what it does may be repeated', async () => {
    ledger.courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
    const answers = [unknown('no answer within 2 s')];
    ledger.courier.script = () => answers.shift() ?? delivered();
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 1, 2, 3]);
  });

  it('waits as long as the partner asks', async () => {
    const answers = [unavailable('busy', { retryAt: new Date(Date.now() + 3_600_000) })];
    ledger.courier.script = () => answers.shift() ?? delivered();
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.attempts === 1);
    await ledger.passTime(3_500_000);
    engine.stir();
    expect(called()).toEqual([1]);
    await ledger.passTime(101_000);
    await eventually(async () => (await ledger.waiting()) === 0);
  });

  it('is not claimed by a process that does not know the operation of its head', async () => {
    await ledger.schedule(engine, [
      movement('title', { n: 1 }),
      { ...movement('title', { n: 2 }), operation: 'title.drop' },
    ]);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 1);
    engine.stir();
    await eventually(async () => !(await ledger.lanes())[0]!.leased);
    const wiser = await ledger.engine({
      courier: Object.assign(Object.create(ledger.courier), { operations: ['title.drop'] }),
    });
    wiser.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 2]);
  });

  it('is handed out up to the first delivery that waits for a person', async () => {
    await ledger.schedule(engine, three);
    await ledger.rows(`update delivery set state = 'parked' where body ->> 'n' = '2'`);
    engine.start();
    await eventually(async () => (await ledger.lanes())[0]!.waits_for === 'person');
    expect(called()).toEqual([1]);
  });

  it('with a higher priority passes those of the same endpoint that came before', async () => {
    await ledger.schedule(
      engine,
      Array.from({ length: 20 }, (_, n) => movement(`title-${n}`, { n })),
    );
    await ledger.schedule(engine, [
      movement('removal', { n: 100 }, { priority: 2 }),
      movement('next', { n: 50 }, { priority: 1 }),
    ]);
    await engine.endpoints.limit('1', 1);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called().slice(0, 3)).toEqual([100, 50, 0]);
  });

  it('of the background gives way to everything, and to nothing once a movement waits on it', async () => {
    const engine = await ledger.engine({ lanesMax: 1 });
    const background = (lane: string) => movement(lane, { lane }, { priority: -1 });
    await ledger.schedule(engine, ['a', 'b', 'c'].map(background));
    await ledger.schedule(engine, [movement('live', { lane: 'live' }), movement('c', { lane: 'c, moved' })]);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    const order = ledger.courier.calls.map(({ body }) => (body as { lane: string }).lane);
    expect(order).toEqual(['c', 'c, moved', 'live', 'a', 'b']);
  });

  it('of the background takes a quarter of the calls, and leaves the others to what moves', async () => {
    const engine = await ledger.engine();
    const held: (() => void)[] = [];
    ledger.courier.script = () => new Promise((resolve) => held.push(() => resolve(delivered())));
    const some = (name: string, more: object = {}) =>
      Array.from({ length: 20 }, (_, n) => movement(`${name}-${n}`, { name }, more));
    const called = () => Map.groupBy(ledger.courier.calls, ({ body }) => (body as { name: string }).name);
    await ledger.schedule(engine, some('load', { priority: -1 }));
    engine.start();
    await eventually(() => held.length === 2);
    await ledger.schedule(engine, some('live'));
    engine.stir();
    await eventually(() => held.length === 8);
    expect(called().get('load')).toHaveLength(2);
    expect(called().get('live')).toHaveLength(6);
    ledger.courier.script = () => delivered();
    for (const letGo of held) letGo();
    await eventually(async () => (await ledger.waiting()) === 0);
  });

  it('takes the priority of the highest that waits on it', async () => {
    await ledger.schedule(engine, [movement('first', { n: 1 }), movement('mixed', { n: 2 })]);
    await ledger.schedule(engine, [movement('mixed', { n: 3 }, { priority: 2 })]);
    await engine.endpoints.limit('1', 1);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([2, 3, 1]);
  });
});

describe('A person', () => {
  it('has a parked delivery tried again, in its place, with all its attempts before it', async () => {
    const position = await parkTheFirst();
    ledger.courier.script = () => delivered();
    await engine.deliveries.retry(position, 'rui', 'spoke to the partner');
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 1, 2, 3]);
    expect(await ledger.settled()).toMatchObject([{ attempts: 1, tries: 2 }, { attempts: 1 }, { attempts: 1 }]);
    expect((await ledger.attempts()).map(({ number }) => number)).toEqual([1, 2, 1, 1]);
  });

  it('skips one with a reason, and the lane goes on', async () => {
    const position = await parkTheFirst();
    await engine.deliveries.skip(position, 'rui', 'cancelled by phone');
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toEqual([1, 2, 3]);
    expect(await ledger.settled()).toMatchObject([
      { state: 'skipped', settled_by: 'rui', reason: 'cancelled by phone', attempts: 1, tries: 1 },
      {},
      {},
    ]);
    expect(await ledger.toldOf('delivery.skipped.v1')).toMatchObject([
      { payload: { actor: 'rui', reason: 'cancelled by phone', lane: 'title' } },
    ]);
  });

  it('cannot touch one that is being sent', async () => {
    const answer = Promise.withResolvers<void>();
    ledger.courier.script = async () => {
      await answer.promise;
      return refused('HTTP 422');
    };
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(() => called().length === 1);
    const { position } = (await ledger.open())[0]!;
    expect(await refusalOf(engine.deliveries.skip(position, 'rui', 'impatient'))).toBe('in-hand');
    answer.resolve();
  });

  it('cannot touch one that waits for its turn, or is through', async () => {
    const position = await parkTheFirst();
    const [, second] = await ledger.open();
    expect(await refusalOf(engine.deliveries.retry(second!.position, 'rui'))).toBe('not-parked');
    expect(await refusalOf(engine.deliveries.skip(second!.position, 'rui', 'impatient'))).toBe('not-parked');
    await engine.deliveries.skip(position, 'rui', 'cancelled by phone');
    expect(await refusalOf(engine.deliveries.retry(position, 'rui'))).toBe('settled');
  });

  it('who presses twice, or two at once, skips it once', async () => {
    const position = await parkTheFirst();
    const both = await Promise.allSettled(
      [1, 2, 3].map((n) => engine.deliveries.skip(position, `person ${n}`, 'twice')),
    );
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await ledger.toldOf('delivery.skipped.v1')).toHaveLength(1);
  });

  it('sees of a delivery its attempts and what it waits for', async () => {
    const position = await parkTheFirst();
    const first = await engine.deliveries.read(position);
    expect(first).toMatchObject({
      delivery: { state: 'parked', reason: 'HTTP 422', attempts: 1 },
      attempts: [{ number: 1, outcome: 'refused', exchange: { request: { n: 1 } } }],
      waitsFor: [],
    });
    const [, second] = await ledger.open();
    expect(await engine.deliveries.read(second!.position)).toMatchObject({
      waitsFor: [{ position, lane: 'title', state: 'parked' }],
    });
  });

  it('finds deliveries by owner, state, subject and integration, newest first', async () => {
    ledger.planner.integrations = ['1', '11'];
    await ledger.rows('alter sequence position restart with 96');
    await ledger.take(engine, ...['1', '2'].map((title) => message(opened(title))));
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    const list = (more: object) => engine.deliveries.list({ settled: true, limit: 10, ...more });
    const positions = (await list({})).map(({ position }) => Number(position));
    expect(positions).toEqual(positions.toSorted((one, other) => other - one));
    expect(await list({ subject: 'receivable/1' })).toHaveLength(2);
    expect(await list({ integrationId: '11' })).toHaveLength(2);
    expect(await list({ state: 'skipped' })).toHaveLength(0);
    expect(await list({ seen: [{ source: '/erp/demo', company: '1' }] })).toHaveLength(4);
    expect(await list({ seen: [] })).toHaveLength(0);
    expect(await list({ beforePosition: String(positions[0]) })).toHaveLength(3);
    expect(await engine.deliveries.list({ settled: false, limit: 10 })).toHaveLength(0);
  });
});
