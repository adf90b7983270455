import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { delivered, refused, unavailable } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER, openPool, textOf } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
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

const called = () => ledger.courier.calls.map(({ body }) => (body as { n: number }).n);
const three = [1, 2, 3].map((n) => movement('title', { n }));
const through = () => eventually(async () => (await ledger.waiting()) === 0, { withinMs: 20_000 });

describe('An answer the database cannot hold', () => {
  const odd = 'a \0 and \ud800 half';

  it.each([
    ['a delivery', () => delivered(odd, odd)],
    ['a refusal', () => refused(odd)],
    ['an unavailable partner', () => unavailable(odd)],
  ])('to %s is stored as far as it can be, and holds its lane no longer than any other', async (_, answer) => {
    const answers = [answer()];
    ledger.courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
    ledger.courier.finalRefusals.add('title.put');
    ledger.courier.script = () => answers.shift() ?? delivered();
    await ledger.schedule(engine, three);
    engine.start();
    await through();
    expect(called().filter((n) => n > 1)).toEqual([2, 3]);
    expect(ledger.troubles).toEqual([]);
  });

  it('in its exchange too', async () => {
    ledger.courier.exchange = () => ({ body: odd, deep: [{ odd }] });
    await ledger.schedule(engine, three);
    engine.start();
    await through();
    expect(ledger.troubles).toEqual([]);
  });

  it('for a reason nobody thought of loses its words and keeps its verdict', async () => {
    await ledger.rows(
      `alter table attempt add constraint odd check (exchange ->> 'n' is distinct from 'odd') not valid`,
    );
    ledger.courier.exchange = ({ body }) => ({ n: (body as { n: number }).n === 1 ? 'odd' : 'plain' });
    await ledger.schedule(engine, [...three, movement('other', { n: 4 })]);
    engine.start();
    await through();
    await ledger.rows('alter table attempt drop constraint odd');
    expect(called().toSorted()).toEqual([1, 2, 3, 4]);
    expect((await ledger.settled()).map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'delivered'));
    expect((await ledger.attempts())[0]).toMatchObject({
      outcome: 'delivered',
      reason: 'what was answered could not be stored',
    });
  });

  it('as a verdict is parked as our bug, and the one behind it is not sent by mistake', async () => {
    await ledger.rows(`alter table delivery_settled add constraint odd check (body ->> 'n' <> '1') not valid`);
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    expect(called()).toEqual([1]);
    expect(await ledger.lanes()).toMatchObject([{ leased: false, waits_for: 'person' }]);
    await ledger.rows('alter table delivery_settled drop constraint odd');
  });

  it('because a table is missing something waits for it, and nothing is lost or parked', async () => {
    await ledger.rows(`alter table attempt add constraint nothing check (number < 0) not valid`);
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(() => ledger.troubles.length > 6);
    await ledger.rows('alter table attempt drop constraint nothing');
    await through();
    expect(called()).toEqual([1, 2, 3]);
    expect((await ledger.settled()).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
  });
});

describe('A commit whose answer was lost', () => {
  /** Loses the answer of the commit behind the next attempt that is written; the server has committed by then. */
  function loseOneAnswer(pool: Pool, when: 'after' | 'before'): { lost: () => boolean } {
    let lost = false;
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      let wrote = false;
      const losing = async (...args: unknown[]) => {
        const text = textOf(args[0]);
        if (text.includes('insert into attempt')) wrote = true;
        if (text !== 'commit' || !wrote || lost) return query(...args);
        lost = true;
        if (when === 'after') await query(...args);
        throw new Error('Connection terminated unexpectedly');
      };
      Object.assign(client, { query: losing });
    });
    return { lost: () => lost };
  }

  it.each(['after', 'before'] as const)(
    '%s it took effect is settled once, told once and recorded once',
    async (when) => {
      const pool = openPool(database.url);
      const { lost } = loseOneAnswer(pool, when);
      engine = await ledger.engine({ pool });
      await ledger.schedule(engine, [...three, movement('other', { n: 4 })]);
      engine.start();
      await through();
      expect(lost()).toBe(true);
      expect(called().toSorted()).toEqual([1, 2, 3, 4]);
      expect(await ledger.toldOf('delivery.delivered.v1')).toHaveLength(4);
      expect(await ledger.attempts()).toHaveLength(4);
      expect((await ledger.attempts()).every(({ late }) => !late)).toBe(true);
    },
  );
});

describe('A database that goes away', () => {
  it('while results wait to be settled is waited for, and nothing is lost or sent twice', async () => {
    const answer = Promise.withResolvers<void>();
    ledger.courier.script = async () => {
      await answer.promise;
      return delivered();
    };
    const pool = openPool(database.url);
    engine = await ledger.engine({ pool });
    await ledger.schedule(
      engine,
      Array.from({ length: 6 }, (_, n) => movement(`title-${n}`, { n })),
    );
    engine.start();
    await eventually(() => called().length === 6);
    await ledger.rows('alter table attempt rename to attempt_away');
    answer.resolve();
    await eventually(() => ledger.troubles.length > 0);
    await ledger.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'ledger-spec' and pid <> pg_backend_pid()`,
    );
    await ledger.rows('alter table attempt_away rename to attempt');
    await through();
    expect(called().toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await ledger.attempts()).toHaveLength(6);
  });

  it('between calls does not end the engine', async () => {
    engine.start();
    for (let turn = 0; turn < 3; turn += 1) {
      await ledger.rows(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'ledger-spec' and pid <> pg_backend_pid()`,
      );
      await ledger.schedule(engine, [movement(`title-${turn}`, { n: turn })]);
      await through();
    }
    expect(called()).toEqual([0, 1, 2]);
  });
});

it('A trouble of one integration’s limits delays no other', async () => {
  const { limitsOf } = ledger.courier;
  ledger.courier.limitsOf = async (integrationId: string) => {
    if (integrationId === '2') throw new Error('its settings cannot be read');
    return limitsOf.call(ledger.courier, integrationId);
  };
  await ledger.schedule(engine, [movement('title', { n: 2 })], '2');
  await ledger.schedule(engine, [movement('title', { n: 1 })], '1');
  engine.start();
  await eventually(() => called().includes(1));
  await eventually(async () => (await ledger.waiting()) === 1);
  expect(called()).toEqual([1]);
  expect((await ledger.lanes()).map(({ epoch }) => epoch)).toEqual(['0', '1']);
});

it('An integration that is gone is still told of', async () => {
  engine = await ledger.engine({
    refOf: () => {
      throw new Error('there is no such integration');
    },
  });
  await ledger.schedule(engine, three);
  engine.start();
  await through();
  expect((await ledger.toldOf('delivery.delivered.v1'))[0]!.payload).toMatchObject({
    integration: { id: '1', name: '1', source: '/erp/demo', company: '1' },
  });
});
