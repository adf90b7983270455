import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { refuseRings } from './dependencies.js';
import { ContentFailure, type DeliveryEngine } from './index.js';

describe('Deliveries that wait for other lanes', () => {
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

  const called = () => ledger.courier.calls.map(({ body }) => (body as { n: number }).n);
  const laneOf = async (key: string) => (await ledger.lanes()).find((lane) => lane.key === key)!;
  const after = (...lanes: string[]) => ({ after: lanes });

  it('do not wait where nothing is open there', async () => {
    await ledger.schedule(engine, [movement('title', { n: 1 }, after('customer'))]);
    expect(await laneOf('title')).toMatchObject({ waits_for: 'nothing' });
  });

  it('go when what was open there is settled, later ones not awaited', async () => {
    ledger.courier.script = ({ body }) => ((body as { n: number }).n === 2 ? refused('HTTP 422') : delivered());
    await ledger.schedule(engine, [movement('customer', { n: 1 }), movement('title', { n: 3 }, after('customer'))]);
    await ledger.schedule(engine, [movement('customer', { n: 2 })]);
    expect(await laneOf('title')).toMatchObject({ waits_for: 'dependency' });
    engine.start();
    await eventually(() => called().includes(3));
    expect(called().indexOf(1)).toBeLessThan(called().indexOf(3));
    await eventually(async () => (await ledger.waiting()) === 1);
  });

  it('wait for all of several lanes', async () => {
    const answer = Promise.withResolvers<void>();
    ledger.courier.script = async ({ body }) => {
      if ((body as { n: number }).n === 2) await answer.promise;
      return delivered();
    };
    const title = movement('title', { n: 3 }, after('customer', 'contract', 'contract'));
    await ledger.schedule(engine, [movement('customer', { n: 1 }), movement('contract', { n: 2 }), title]);
    engine.start();
    await eventually(async () => (await ledger.settled()).length === 1);
    expect(await laneOf('title')).toMatchObject({ waits_for: 'dependency' });
    answer.resolve();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called().at(-1)).toBe(3);
  });

  it('of one integration do not wait for a lane of the same name of another', async () => {
    await ledger.schedule(engine, [movement('customer', { n: 1 })], '2');
    await ledger.schedule(engine, [movement('title', { n: 2 }, after('customer'))], '1');
    expect(await ledger.rows(`select 1 from lane where waits_for = 'dependency'`)).toEqual([]);
  });

  it('wait for a parked one, which is said, and go when a person skips it', async () => {
    ledger.courier.script = ({ body }) => ((body as { n: number }).n === 1 ? refused('HTTP 422') : delivered());
    await ledger.schedule(engine, [movement('customer', { n: 1 }), movement('title', { n: 2 }, after('customer'))]);
    engine.start();
    await eventually(async () => (await laneOf('customer')).waits_for === 'person');
    const [parked, waiting] = await ledger.open();
    expect((await engine.deliveries.read(waiting!.position))!.waitsFor).toEqual([
      { position: parked!.position, lane: 'customer', operation: 'title.put', state: 'parked' },
    ]);
    await engine.deliveries.skip(parked!.position, 'rui', 'cancelled by phone');
    expect((await laneOf('title')).waits_for).not.toBe('dependency');
    await eventually(async () => (await ledger.waiting()) === 0);
  });

  it('hold what is behind them on their own lane, and end a claim before them', async () => {
    const answer = Promise.withResolvers<void>();
    ledger.courier.script = async ({ body }) => {
      if ((body as { n: number }).n === 1) await answer.promise;
      return delivered();
    };
    await ledger.schedule(engine, [
      movement('customer', { n: 1 }),
      movement('title', { n: 2 }),
      movement('title', { n: 3 }, after('customer')),
      movement('title', { n: 4 }),
    ]);
    engine.start();
    await eventually(async () => (await laneOf('title')).waits_for === 'dependency');
    expect(called().toSorted()).toEqual([1, 2]);
    answer.resolve();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called().filter((n) => n > 1)).toEqual([2, 3, 4]);
  });

  it('whose waker died between its commit and the waking are found by the sweeper', async () => {
    await ledger.schedule(engine, [movement('customer', { n: 1 }), movement('title', { n: 2 }, after('customer'))]);
    const { id } = await laneOf('customer');
    await ledger.rows('delete from delivery where lane_id = $1', [id]);
    expect(await laneOf('title')).toMatchObject({ waits_for: 'dependency' });
    const { mended } = await engine.sweep();
    expect(mended).toContain((await laneOf('title')).id);
    expect(await laneOf('title')).toMatchObject({ waits_for: 'nothing' });
  });

  it('planned by one event in a ring fail for their integration alone', async () => {
    ledger.planner.integrations = ['1', '2'];
    ledger.planner.script = (_, integrationId) =>
      integrationId === '1'
        ? [movement('customer', { n: 1 }, after('title')), movement('title', { n: 2 }, after('customer'))]
        : [movement('title', { n: 3 })];
    await ledger.take(engine, message(opened('1')));
    expect(await ledger.waiting()).toBe(1);
    expect(await ledger.parked()).toMatchObject([
      { reason_code: 'plan-failed', integration_id: '1', reason: expect.stringContaining('for ever') },
    ]);
  });

  it('always end, whoever waits for whom: a wait points to what came before', async () => {
    const keys = ['a', 'b', 'c', 'd'];
    for (let n = 0; n < 60; n += 1) {
      const lane = keys[n % 4]!;
      const waits = keys.filter((key, at) => key !== lane && (n + at) % 3 === 0);
      await ledger.schedule(engine, [movement(lane, { n }, after(...waits))]);
    }
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(called()).toHaveLength(60);
  });
});

describe('A plan', () => {
  const plan = (lane: string, ...after: string[]) => movement(lane, {}, { after });

  it('may wait in any order that can be kept', () => {
    expect(() =>
      refuseRings([plan('a'), plan('b', 'a'), plan('a', 'b'), plan('c', 'a', 'b', 'elsewhere')]),
    ).not.toThrow();
  });

  it.each([
    ['for itself', [plan('a', 'a')]],
    ['in a ring of two', [plan('a', 'b'), plan('b', 'a')]],
    ['in a ring of three', [plan('a', 'b'), plan('b', 'c'), plan('c', 'a')]],
    ['in a ring further on', [plan('x'), plan('a', 'x', 'b'), plan('b', 'c'), plan('c', 'a')]],
  ])('that waits %s is refused', (_, deliveries) => {
    expect(() => refuseRings(deliveries)).toThrow(ContentFailure);
  });
});
