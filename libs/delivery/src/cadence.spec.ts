import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, unavailable } from '#libs/contracts';
import { inTransaction } from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { integrationRef, Ledger, LEDGER, listeningPool } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { Sessions } from '../test/sessions.js';
import type { DeliveryEngine, RunReport } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;
let sessions: Sessions;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  sessions = new Sessions(ledger.pool);
  engine = await ledger.engine();
  await ledger.setCadence(engine, { integrationId: '1', everySeconds: 7_200, zone: 'America/Sao_Paulo' });
});
afterEach(async () => {
  sessions.close();
  await ledger.close();
});
afterAll(() => database.drop());

const called = () => ledger.courier.calls.map(({ body }) => (body as { n: number }).n);
const titles = (...ns: number[]) => ns.map((n) => movement(`title-${n}`, { n }));
/** The window comes: as far as the row goes, it is time. */
const windowComes = () => ledger.rows(`update cadence set next_at = now() - interval '1 second'`);
const runs = (): Promise<RunReport[]> => engine.cadences.runs('1', { limit: 10 });
const hourOfNext = async (integrationId: string, timeZone: string) => {
  const { nextAt } = (await engine.cadences.state(integrationId))!;
  return new Intl.DateTimeFormat('pt-BR', { timeZone, timeStyle: 'short' }).format(nextAt);
};
const through = () => eventually(async () => (await ledger.waiting()) === 0);
const WAITING_FOR_LOCKS = `
  select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
const atRest = () => eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));

/** Once every transaction that was under way is over, which is when runs are finished. */
async function finished(count: number): Promise<RunReport[]> {
  await eventually(async () => {
    await engine.cadences.tick();
    return (await runs()).filter(({ finishedAt }) => finishedAt).length === count;
  });
  return runs();
}

describe('An integration with windows', () => {
  it('sends nothing before its window, everything that waits with it, and nothing that comes after', async () => {
    await ledger.schedule(engine, titles(1, 2));
    engine.start();
    await ledger.schedule(engine, titles(9), '2');
    await eventually(() => called().includes(9));
    expect(called()).toEqual([9]);
    await windowComes();
    await engine.cadences.tick();
    await through();
    await ledger.schedule(engine, titles(3));
    await engine.cadences.tick();
    expect(await ledger.lanes()).toMatchObject([{}, {}, {}, { key: 'title-3', waits_for: 'window' }]);
    expect(called().toSorted()).toEqual([1, 2, 9]);
  });

  it('is released by one number, however many lanes wait', async () => {
    await ledger.schedule(engine, titles(...Array.from({ length: 500 }, (_, n) => n)));
    const before = await ledger.lanes();
    await windowComes();
    await engine.cadences.tick();
    expect(await ledger.lanes()).toEqual(before);
    engine.start();
    await through();
  });

  it('ends a claim at what its window has not let go', async () => {
    await ledger.schedule(
      engine,
      [1, 2].map((n) => movement('title', { n })),
    );
    await windowComes();
    await engine.cadences.tick();
    await ledger.schedule(engine, [movement('title', { n: 3 })]);
    engine.start();
    await eventually(async () => (await ledger.settled()).length === 2);
    await atRest();
    expect(called()).toEqual([1, 2]);
    expect(await ledger.lanes()).toMatchObject([{ waits_for: 'window' }]);
  });

  it('needs no window for a retry', async () => {
    const answers = [unavailable('HTTP 503')];
    ledger.courier.script = () => answers.shift() ?? delivered();
    await ledger.schedule(engine, titles(1));
    await windowComes();
    await engine.cadences.tick();
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.attempts === 1);
    await atRest();
    expect(await ledger.lanes()).toMatchObject([{ waits_for: 'nothing' }]);
    await ledger.passTime(1_200);
    await through();
  });

  it('lets what has priority pass at once, with what is before it on its lane', async () => {
    await ledger.schedule(engine, [...titles(1), movement('title-2', { n: 2 })]);
    await ledger.schedule(engine, [movement('title-2', { n: 3 }, { priority: 1 })]);
    engine.start();
    await eventually(() => called().length === 2);
    expect(called()).toEqual([2, 3]);
  });

  it('whose windows are dropped lets everything go, and one that gets windows keeps what waits', async () => {
    await ledger.schedule(engine, titles(9), '2');
    await ledger.setCadence(engine, { integrationId: '2', everySeconds: 3_600, zone: 'America/Sao_Paulo' });
    expect((await ledger.lanes()).map(({ waits_for }) => waits_for)).toEqual(['window']);
    await ledger.schedule(engine, titles(1));
    await ledger.setCadence(engine, { integrationId: '1', everySeconds: 0, zone: 'America/Sao_Paulo' });
    engine.start();
    await eventually(() => called().length === 1);
    expect(called()).toEqual([1]);
    expect(await engine.cadences.state('1')).toBeUndefined();
  });

  it('saved again as it was keeps its next window', async () => {
    const before = await engine.cadences.state('1');
    ledger.clock.aheadMs += 50 * 3_600_000;
    await ledger.setCadence(engine, { integrationId: '1', everySeconds: 7_200, zone: 'America/Sao_Paulo' });
    expect(await engine.cadences.state('1')).toEqual(before);
  });

  it('saved with another hour to count from has its next window anew', async () => {
    const wish = { integrationId: '1', everySeconds: 86_400, zone: 'America/Sao_Paulo' };
    await ledger.setCadence(engine, { ...wish, fromSeconds: 3_600 });
    expect(await hourOfNext('1', wish.zone)).toBe('01:00');
    await ledger.setCadence(engine, { ...wish, fromSeconds: 7_200 });
    expect(await hourOfNext('1', wish.zone)).toBe('02:00');
  });

  it('with a zone nobody knows is refused', async () => {
    const set = ledger.setCadence(engine, { integrationId: '3', everySeconds: 3_600, zone: 'America/Atlantis' });
    await expect(set).rejects.toThrow(RangeError);
  });
});

describe('A window', () => {
  it('fires once, however many replicas knock at once', async () => {
    const replicas = await Promise.all([1, 2, 3, 4, 5].map(() => ledger.engine()));
    await ledger.schedule(engine, titles(1, 2));
    for (let turn = 0; turn < 5; turn += 1) {
      await ledger.schedule(engine, titles(10 + turn));
      await windowComes();
      await ledger.rows(`delete from run where finished_at is not null`);
      await ledger.rows(
        `update run set window_local = window_local || '-before' where window_local not like '%-before'`,
      );
      await Promise.all(replicas.map((replica) => replica.cadences.tick()));
      expect(await ledger.rows('select id from run where finished_at is null')).toHaveLength(1);
    }
    expect(await ledger.toldOf('run.started.v1')).toHaveLength(5);
  });

  it('fires once under its local name, even when its instant comes twice', async () => {
    await ledger.schedule(engine, titles(1));
    await windowComes();
    await engine.cadences.tick();
    await ledger.schedule(engine, titles(2));
    await windowComes();
    await engine.cadences.tick();
    expect(await runs()).toHaveLength(1);
  });

  it('counted from an hour of the day is named and followed by the clock of the branch, each by its own hour', async () => {
    const zone = 'Asia/Kolkata';
    const hours = { 2: '01:00', 3: '02:00' };
    for (const [integrationId, from] of Object.entries(hours)) {
      const fromSeconds = Number(from.slice(0, 2)) * 3_600;
      await ledger.setCadence(engine, { integrationId, everySeconds: 86_400, zone, fromSeconds });
      await ledger.schedule(engine, titles(Number(integrationId)), integrationId);
    }
    await windowComes();
    await engine.cadences.tick();
    for (const [integrationId, from] of Object.entries(hours)) {
      const [run] = await engine.cadences.runs(integrationId, { limit: 1 });
      expect(run!.windowLocal!.slice(11)).toBe(from);
      expect(await hourOfNext(integrationId, zone)).toBe(from);
    }
  });

  it('counted by the hour has the name it has in the zone of the branch', async () => {
    // Half an hour off whatever zone the process or the database is in.
    await ledger.setCadence(engine, { integrationId: '2', everySeconds: 3_600, zone: 'Asia/Kolkata' });
    await ledger.schedule(engine, titles(1), '2');
    await windowComes();
    const before = new Date();
    await engine.cadences.tick();
    const [run] = await engine.cadences.runs('2', { limit: 1 });
    const opensAt = new Date(`${run!.windowLocal}:00+05:30`);
    expect(before.getTime() - opensAt.getTime()).toBeLessThan(3_600_000);
    expect(opensAt.getTime()).toBeLessThanOrEqual(Date.now());
    expect((await engine.cadences.state('2'))!.nextAt.getTime()).toBe(opensAt.getTime() + 3_600_000);
  });

  it('that another replica fires just now is left to it, without waiting', async () => {
    await ledger.schedule(engine, titles(1));
    await windowComes();
    const other = await sessions.open();
    await other.query('begin');
    await other.query('select 1 from cadence for update');
    await engine.cadences.tick();
    expect(await runs()).toEqual([]);
    await other.query('rollback');
    await engine.cadences.tick();
    expect(await runs()).toHaveLength(1);
  });

  it('waits for whoever looks at the run before it, and then has its own', async () => {
    await ledger.schedule(engine, titles(1));
    await windowComes();
    await engine.cadences.tick();
    await ledger.rows(`update run set window_local = 'an earlier one'`);
    await ledger.schedule(engine, titles(2));
    await windowComes();
    const other = await sessions.open();
    await other.query('begin');
    await other.query('select 1 from run for update');
    const ticking = engine.cadences.tick();
    await eventually(async () => (await ledger.rows(WAITING_FOR_LOCKS)).length > 0);
    await other.query('commit');
    await ticking;
    expect(await runs()).toMatchObject([{ finishedAt: null }, { carried: 1 }]);
  });

  it('that passed while nobody was up fires once, late', async () => {
    await ledger.schedule(engine, titles(1));
    await ledger.rows(`update cadence set next_at = now() - interval '3 days'`);
    await engine.cadences.tick();
    await engine.cadences.tick();
    expect(await runs()).toHaveLength(1);
    const { nextAt } = (await engine.cadences.state('1'))!;
    expect(nextAt.getTime()).toBeGreaterThan(Date.now());
    expect(nextAt.getTime()).toBeLessThanOrEqual(Date.now() + 7_200_000);
  });

  it('in which nothing waited leaves no run, and the last communication moves all the same', async () => {
    await windowComes();
    const before = Date.now();
    await engine.cadences.tick();
    expect(await runs()).toEqual([]);
    expect(await ledger.told()).toEqual([]);
    const { lastCommunication } = (await engine.cadences.state('1'))!;
    expect(lastCommunication!.getTime()).toBeGreaterThan(before - 1_000);
  });

  it('of a thousand idle integrations costs as many statements as that of one', async () => {
    const { pool, statements } = listeningPool(database.url);
    const replica = await ledger.engine({ pool });
    const statementsOfATick = async () => {
      await windowComes();
      statements.length = 0;
      await replica.cadences.tick();
      return [...statements];
    };
    const one = await statementsOfATick();
    await ledger.rows(
      `insert into cadence (integration_id, every_seconds, zone, next_at)
       select n, 3600, 'America/Sao_Paulo', now() from generate_series(100, 1099) n`,
    );
    expect(await statementsOfATick()).toEqual(one);
    expect(await ledger.rows('select 1 from cadence where last_communication is null')).toEqual([]);
  });
});

describe('A run', () => {
  it('closes when each of its items is settled or parked, and says what became of them', async () => {
    ledger.courier.script = ({ body }) => ((body as { n: number }).n === 2 ? refused('HTTP 422') : delivered());
    await ledger.schedule(engine, titles(1, 2, 3));
    await windowComes();
    await engine.cadences.tick();
    await engine.cadences.tick();
    expect(await runs()).toMatchObject([{ kind: 'scheduled', finishedAt: null, startedBy: 'replica-1' }]);
    engine.start();
    await eventually(async () => (await ledger.settled()).length === 2);
    await atRest();
    expect(await finished(1)).toMatchObject([{ delivered: 2, parked: 1, carried: 0, refused: 0, skipped: 0 }]);
    expect(await ledger.toldOf('run.finished.v1')).toMatchObject([
      {
        payload: { released: 3, delivered: 2, parked: 1, carriedOver: 0, trigger: 'cadence', integration: { id: '1' } },
      },
    ]);
  });

  it('that a pause holds back is carried over, so that it starves no window after it', async () => {
    await ledger.schedule(engine, titles(1, 2));
    const [endpointId] = await engine.endpoints.ofIntegration('1');
    await engine.endpoints.pause(endpointId!, { reason: 'operator', detail: 'by hand', setBy: 'rui' });
    await windowComes();
    await engine.cadences.tick();
    await ledger.schedule(engine, titles(3));
    await ledger.rows(`update run set window_local = 'an earlier one'`);
    await windowComes();
    await engine.cadences.tick();
    expect(await runs()).toMatchObject([{ finishedAt: null }, { carried: 2, delivered: 0 }]);
    await engine.endpoints.resume(endpointId!, 'operator', 'rui');
    engine.start();
    await ledger.passTime(10_000);
    await through();
    expect((await finished(2))[0]).toMatchObject({ delivered: 1 });
  });

  it('counts what commits late below its cut-off', async () => {
    const late = await sessions.open();
    await ledger.schedule(engine, titles(1));
    await late.query('begin');
    const { source, company } = integrationRef('1');
    const cause = { source, company, subject: 'receivable/1' };
    await engine.schedule(late, [{ cause, plans: [{ integrationId: '1', deliveries: titles(2) }] }]);
    await windowComes();
    await engine.cadences.tick();
    engine.start();
    await eventually(async () => (await ledger.settled()).length === 1);
    await engine.cadences.tick();
    expect(await runs()).toMatchObject([{ finishedAt: null }]);
    await late.query('commit');
    await eventually(async () => (await ledger.settled()).length === 2);
    await atRest();
    expect(await finished(1)).toMatchObject([{ delivered: 2 }]);
  });

  it('started by a person lets go what waits, now, and names the person', async () => {
    await ledger.schedule(engine, titles(1, 2));
    const { runId } = (await engine.cadences.runNow('1', 'rui')) as { runId: string };
    engine.start();
    await through();
    expect(await finished(1)).toMatchObject([{ id: runId, kind: 'manual', startedBy: 'rui', delivered: 2 }]);
    expect(await ledger.toldOf('run.started.v1')).toMatchObject([{ payload: { trigger: 'person', actor: 'rui' } }]);
  });

  it('is not started by a person while another is open, nor where there are no windows', async () => {
    await ledger.schedule(engine, titles(1));
    const both = await Promise.all([engine.cadences.runNow('1', 'rui'), engine.cadences.runNow('1', 'ana')]);
    expect(both).toContainEqual({ runId: expect.any(String) });
    expect(both).toContainEqual({ refused: 'under-way' });
    expect(await engine.cadences.runNow('2', 'rui')).toEqual({ refused: 'no-windows' });
  });

  it('is not started by a person sooner after a communication than the gap, and is after it', async () => {
    await ledger.schedule(engine, titles(1));
    await windowComes();
    await engine.cadences.tick();
    engine.start();
    await through();
    const refused = await engine.cadences.runNow('1', 'rui', 900);
    expect(refused).toEqual({ refused: 'too-soon', notBefore: expect.any(Date) });
    await ledger.rows(`update cadence set last_communication = now() - interval '901 seconds'`);
    expect(await engine.cadences.runNow('1', 'rui', 900)).toEqual({ runId: expect.any(String) });
  });

  it('started by a person with nothing to send is on record, and over at once', async () => {
    await engine.cadences.runNow('1', 'rui');
    expect(await finished(1)).toMatchObject([{ kind: 'manual', delivered: 0, carried: 0 }]);
  });

  it('counts the first delivery ever planned, and no earlier cut-off lets it go', async () => {
    await windowComes();
    await engine.cadences.tick();
    await inTransaction(ledger.pool, async (client) => {
      const cause = { source: '/erp/demo', company: '1', subject: 'receivable/1' };
      await engine.schedule(client, [{ cause, plans: [{ integrationId: '1', deliveries: titles(1) }] }]);
    });
    expect((await ledger.open())[0]!.position).toBe('100');
    expect(await ledger.rows('select released_up_to::int as up_to from cadence')).toEqual([{ up_to: 0 }]);
  });
});
