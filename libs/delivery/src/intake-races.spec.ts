import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseError, type PoolClient } from 'pg';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER, openPool } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { Sessions } from '../test/sessions.js';
import { EpochLost, LOCK_ALL_EPOCHS } from './index.js';
import { LOCK_EPOCH, TAKE_EPOCH } from './intake.sql.js';

let database: PrivateDatabase;
let ledger: Ledger;
let sessions: Sessions;
let a: PoolClient;
let b: PoolClient;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  sessions = new Sessions(ledger.pool);
  a = await sessions.open();
  b = await sessions.open();
});
afterEach(async () => {
  sessions.close();
  await ledger.close();
});
afterAll(() => database.drop());

async function sqlStateOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error as DatabaseError).code,
  );
}

describe('A process that stopped within its transaction', () => {
  async function stoppedOwner(idleInTransactionTimeoutMs: number) {
    const pool = openPool(database.url, 1, { idleInTransactionTimeoutMs });
    const owner = await pool.connect();
    await owner.query(TAKE_EPOCH, ['demo.events']);
    await owner.query('begin');
    await owner.query(LOCK_EPOCH, ['demo.events']);
    return { owner, pool };
  }

  it('holds the queue of the next owner for as long as it is stopped when nobody ends its session', async () => {
    const { owner, pool } = await stoppedOwner(0);
    const taking = a.query(TAKE_EPOCH, ['demo.events']);
    await eventually(() => sessions.waits(a));
    await b.query('select pg_sleep(0.5)');
    expect(await sessions.waits(a)).toBe(true);
    owner.release(true);
    await taking;
    await pool.end();
  });

  it('gives the queue up when its idle transaction times out', async () => {
    const { owner, pool } = await stoppedOwner(200);
    await a.query(TAKE_EPOCH, ['demo.events']);
    await expect(owner.query('select 1')).rejects.toThrow();
    owner.release(true);
    await pool.end();
  });
});

describe('Two who change what intake would plan', () => {
  beforeEach(async () => {
    await ledger.rows('create table setting (id int primary key, enabled boolean not null)');
    await ledger.rows('insert into setting values (1, true), (2, true)');
  });
  afterEach(() => ledger.rows('drop table setting'));

  /** Naive: intake reads the integrations it plans for with `for share`; a person turns all of a company off. */
  it('wait for each other in a ring when intake shares the rows and a person updates them all', async () => {
    await a.query('begin');
    await a.query('select enabled from setting where id = 1 for share');
    await b.query('begin');
    await b.query('update setting set enabled = false where id = 2');
    const turningOff = b.query('update setting set enabled = false');
    await eventually(() => sessions.waits(b));
    const planning = a.query('select enabled from setting where id = 2 for share');
    const states = await Promise.all([sqlStateOf(turningOff), sqlStateOf(planning)]);
    expect(states).toContain('40P01');
    await Promise.all([a.query('rollback'), b.query('rollback')]);
  });

  it('come one after the other, because both lock the epochs first and intake reads without locks', async () => {
    await a.query(TAKE_EPOCH, ['demo.events']);
    await a.query('begin');
    await a.query(LOCK_EPOCH, ['demo.events']);
    await b.query('begin');
    const turningOff = b.query(LOCK_ALL_EPOCHS).then(() => b.query('update setting set enabled = false'));
    await eventually(() => sessions.waits(b));
    const { rows } = await a.query('select enabled from setting order by id');
    await a.query('commit');
    await turningOff;
    await b.query('commit');
    expect(rows).toEqual([{ enabled: true }, { enabled: true }]);
  });

  it('intake that comes after sees what was changed, in a statement of its own behind the lock', async () => {
    const engine = await ledger.engine();
    await ledger.take(engine, message(opened('1')));
    await b.query('begin');
    await b.query(LOCK_ALL_EPOCHS);
    await b.query('update setting set enabled = false');
    ledger.planner.reading = async (client) => {
      const { rows } = await client.query<{ enabled: boolean }>('select enabled from setting where id = 1');
      ledger.planner.script = () => (rows[0]!.enabled ? [movement('late')] : 'it is off');
    };
    const taking = ledger.take(engine, message(opened('2')));
    await eventually(async () => (await ledger.rows(WAITING_SESSIONS)).length === 1);
    await b.query('commit');
    expect(await taking).toMatchObject({ planned: 0 });
  });

  const WAITING_SESSIONS = `
    select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
});

describe('The memory of what came', () => {
  it('cannot be unique by source and id alone once it is partitioned', async () => {
    const made = ledger.rows(
      'create table memory (source text, id uuid, day date, primary key (source, id)) partition by range (day)',
    );
    expect(await sqlStateOf(made)).toBe('0A000');
  });

  it('is unique by source, id and day, and the day is that of the time, the same on every resend', async () => {
    const engine = await ledger.engine();
    const event = message(opened('1'));
    await ledger.take(engine, event);
    expect(await ledger.take(engine, event)).toMatchObject({ received: 1, repeated: 1, planned: 0 });
    expect(await ledger.inbox()).toHaveLength(1);
  });
});

describe('Text that is valid JSON', () => {
  it.each([
    ['NUL', '"a\\u0000b"', '22P05'],
    ['half a character', '"a\\ud800b"', '22P02'],
  ])('is refused by jsonb when it holds %s', async (_, json, state) => {
    expect(() => JSON.parse(json)).not.toThrow();
    expect(await sqlStateOf(ledger.rows('select $1::jsonb', [json]))).toBe(state);
  });

  it.each(['a\0b', 'a\ud800b'])(
    'of a plan parks its event alone, and the rest of the batch goes on: %j',
    async (text) => {
      const engine = await ledger.engine();
      ledger.planner.script = (event) => [
        movement(event.subject, { text: event.subject === 'receivable/2' ? text : 'plain' }),
      ];
      const messages = ['1', '2', '3'].map((title) => message(opened(title)));
      expect(await ledger.take(engine, ...messages)).toMatchObject({ received: 3, planned: 2 });
      expect((await ledger.open()).map(({ lane }) => lane)).toEqual(['receivable/1', 'receivable/3']);
      expect(await ledger.parked()).toMatchObject([{ key: 'receivable/2', reason_code: 'plan-failed', holds: true }]);
    },
  );
});

describe('An owner that lost the queue', () => {
  it('cannot commit what it still has open', async () => {
    const old = await ledger.engine();
    const next = await ledger.engine();
    await old.take([message(opened('1'))], 1);
    await next.take([message(opened('2'))], 1);
    await expect(old.take([message(opened('3'))], 1)).rejects.toThrow(EpochLost);
    expect((await ledger.open()).map(({ lane }) => lane)).toEqual(['receivable/1', 'receivable/2']);
  });

  it('takes nothing more in that life of its channel, whatever its buffer still holds', async () => {
    const old = await ledger.engine();
    const next = await ledger.engine();
    await old.take([message(opened('1'))], 1);
    await next.take([message(opened('2'))], 1);
    await expect(old.take([message(opened('3'))], 1)).rejects.toThrow(EpochLost);
    await expect(old.take([message(opened('4'))], 1)).rejects.toThrow(EpochLost);
    await expect(next.take([message(opened('5'))], 1)).resolves.toMatchObject({ planned: 1 });
    await expect(old.take([message(opened('6'))], 2)).resolves.toMatchObject({ planned: 1 });
  });

  it('waits for nothing it holds: a new owner waits for the open transaction and then has the queue', async () => {
    const old = await ledger.engine();
    const next = await ledger.engine();
    const inPlan = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    ledger.planner.reading = async () => {
      inPlan.resolve();
      await goOn.promise;
    };
    const taking = old.take([message(opened('1'))], 1);
    await inPlan.promise;
    ledger.planner.reading = async () => undefined;
    const takingOver = next.take([message(opened('2'))], 1);
    goOn.resolve();
    await expect(taking).resolves.toMatchObject({ planned: 1 });
    await expect(takingOver).resolves.toMatchObject({ planned: 1 });
    await expect(old.take([message(opened('3'))], 1)).rejects.toThrow(EpochLost);
  });

  it('of the dead letters leaves the owner of the events alone', async () => {
    const events = await ledger.engine();
    const letters = await ledger.engine();
    await events.take([message(opened('1'))], 1);
    await letters.takeDead([message(opened('2'))], 1);
    await expect(events.take([message(opened('3'))], 1)).resolves.toMatchObject({ planned: 1 });
    await expect(letters.takeDead([message(opened('4'))], 1)).resolves.toMatchObject({ parked: 1 });
  });
});

it('Deadlocks and lost connections are the weather: nothing is parked, and the same messages are taken later', async () => {
  const engine = await ledger.engine();
  ledger.planner.reading = (client) =>
    client.query('select pg_terminate_backend(pg_backend_pid())').then(() => undefined);
  const event = message(opened('1'));
  await expect(ledger.take(engine, event)).rejects.toThrow();
  ledger.planner.reading = async () => undefined;
  expect(await ledger.parked()).toEqual([]);
  expect(await ledger.take(engine, event)).toMatchObject({ planned: 1, repeated: 0 });
});

it('A life of the channel that failed once is over, although nobody else has the queue', async () => {
  const engine = await ledger.engine();
  ledger.planner.reading = (client) =>
    client.query('select pg_terminate_backend(pg_backend_pid())').then(() => undefined);
  await expect(engine.take([message(opened('1'))], 1)).rejects.toThrow();
  ledger.planner.reading = async () => undefined;
  await expect(engine.take([message(opened('2'))], 1)).rejects.toThrow(EpochLost);
  await expect(engine.take([message(opened('1')), message(opened('2'))], 2)).resolves.toMatchObject({ planned: 2 });
});

it('A mistake of ours over one message parks that one, whatever kind of exception it is', async () => {
  const engine = await ledger.engine();
  ledger.planner.reading = async (_, events) => {
    if (events.some(({ event }) => event.subject === 'receivable/2')) throw new TypeError('no such thing');
  };
  const messages = ['1', '2', '3'].map((title) => message(opened(title)));
  expect(await ledger.take(engine, ...messages)).toMatchObject({ planned: 2 });
  expect(await ledger.parked()).toMatchObject([
    { key: 'receivable/2', reason: expect.stringContaining('no such thing') },
  ]);
});
