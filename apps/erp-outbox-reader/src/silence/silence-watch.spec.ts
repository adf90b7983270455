import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Pool } from 'pg';
import { OUTBOX_COLUMNS, OutboxReader, type OutboxTable } from '#libs/outbox';
import { ManualClock } from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Heartbeats } from './heartbeats.js';
import { readBusinessHours } from './read-business-hours.js';
import { SilenceWatch } from './silence-watch.js';

const readKit = (name: string) => readFileSync(join(process.cwd(), 'libs', 'outbox', 'sql', name), 'utf8');
const OUTBOX: OutboxTable = { name: 'erp_outbox', columns: OUTBOX_COLUMNS };
const RULES = {
  hours: readBusinessHours({ hours: '1-5 08:00-18:00', zone: 'America/Sao_Paulo' }),
  quietAfterMinutes: 120,
};
/** A Monday, nine in the morning in São Paulo. */
const MONDAY = '2026-11-23T12:00:00Z';
const MINUTE_MS = 60_000;

let database: PrivateDatabase;
let erp: Pool;
let clock: ManualClock;
let told: { level: string; event: string; job?: string }[];

beforeAll(async () => {
  database = await privateDatabase();
  erp = new Pool({ connectionString: database.url });
});
afterAll(async () => {
  await erp.end();
  await database.drop();
});

beforeEach(async () => {
  await erp.query('drop table if exists erp_outbox, erp_outbox_heartbeat, theirs');
  await erp.query(readKit('erp-outbox.v1.sql'));
  clock = new ManualClock(new Date(MONDAY));
  told = [];
  const tell = (level: string) => (message: { event: string }) => told.push({ level, ...message });
  Logger.overrideLogger({ log: tell('info'), warn: tell('warn'), error: tell('error') });
});
afterEach(() => Logger.overrideLogger(false));

function openWatch(table = OUTBOX, rules = RULES): SilenceWatch {
  const outbox = new OutboxReader(erp, table, 'stamp');
  return new SilenceWatch({ outbox, heartbeats: new Heartbeats(erp, table.name), rules, clock });
}

async function record(occurredAt: string, more: Record<string, unknown> = {}): Promise<void> {
  const { rows } = await erp.query(
    `select erp_outbox_write('receivable', '4711-2', 'erp.receivable.settled.v1', '{}', '1', '01', 1, 'maria') as position`,
  );
  await erp.query(`update erp_outbox set occurred_at = $2, published_at = $3, parked_reason = $4 where position = $1`, [
    rows[0].position,
    occurredAt,
    more.publishedAt,
    more.parkedReason,
  ]);
}

async function beat(job: string, everySeconds: number, at = clock.now()): Promise<void> {
  await erp.query('select erp_outbox_beat($1, $2)', [job, everySeconds]);
  await erp.query('update erp_outbox_heartbeat set beat_at = $2 where job = $1', [job, at]);
}

async function after(minutes: number, watch: SilenceWatch) {
  clock.advance(minutes * MINUTE_MS);
  await watch.look();
  return watch.report();
}

const events = (...names: string[]) => told.filter(({ event }) => names.includes(event));

test('an ERP that records nothing for too many minutes of business is told of once, and once more when it is heard again', async () => {
  await record('2026-11-23T11:30:00Z');
  const watch = openWatch();
  expect(await after(0, watch)).toMatchObject({
    lastEventAt: new Date('2026-11-23T11:30:00Z'),
    quietBusinessMinutes: 30,
    alarmAfterMinutes: 120,
    alarms: [],
  });
  expect((await after(90, watch)).alarms).toEqual([]);
  expect(await after(1, watch)).toMatchObject({ quietBusinessMinutes: 121, alarms: [{ why: 'no-event' }] });
  expect((await after(5, watch)).alarms).toMatchObject([{ pt: expect.stringContaining('em 126 minutos') }]);
  await record('2026-11-23T13:36:00Z');
  expect(await after(0, watch)).toMatchObject({ quietBusinessMinutes: 0, alarms: [] });
  await after(1, watch);
  expect(events('source.silent', 'source.heard')).toMatchObject([
    { level: 'warn', event: 'source.silent', why: 'no-event' },
    { level: 'info', event: 'source.heard', why: 'no-event', silentSince: new Date('2026-11-23T11:30:00Z') },
  ]);
});

test('a weekend is no silence, and a row counts whether it was published, parked, or waits', async () => {
  const friday = '2026-11-20T20:00:00Z';
  for (const more of [{ publishedAt: friday }, { parkedReason: 'too large' }, {}]) {
    await erp.query('truncate erp_outbox');
    await record(friday, more);
    const watch = openWatch();
    expect(await after(0, watch)).toMatchObject({ quietBusinessMinutes: 120, alarms: [] });
    clock = new ManualClock(new Date('2026-11-23T12:01:00Z'));
    expect((await after(0, openWatch())).alarms).toMatchObject([{ why: 'no-event', since: new Date(friday) }]);
    clock = new ManualClock(new Date(MONDAY));
  }
});

test('an outbox that was always empty is not silent before the minutes have passed since the start', async () => {
  const watch = openWatch();
  expect(await after(120, watch)).toMatchObject({ quietBusinessMinutes: 120, alarms: [], lastEventAt: undefined });
  expect((await after(1, watch)).alarms).toMatchObject([{ why: 'no-event', since: new Date(MONDAY) }]);
});

test('an outbox that was emptied keeps the hour of its last row', async () => {
  await record('2026-11-23T11:30:00Z');
  const watch = openWatch();
  await watch.look();
  await erp.query('delete from erp_outbox');
  expect(await after(91, watch)).toMatchObject({ quietBusinessMinutes: 121, alarms: [{ why: 'no-event' }] });
});

test('history that is replayed is no silence, and an hour yet to come puts off no alarm', async () => {
  await record('2019-01-01T00:00:00Z');
  const watch = openWatch();
  expect((await after(0, watch)).alarms).toHaveLength(1);
  await record('2019-01-02T00:00:00Z');
  expect((await after(0.5, watch)).alarms).toEqual([]);
  await record('2030-01-01T00:00:00Z');
  expect(await after(0, watch)).toMatchObject({ lastEventAt: clock.now() });
  expect((await after(121, watch)).alarms).toMatchObject([{ why: 'no-event' }]);
});

test('a row that is removed by hand is no sign of life, and rows that are numbered anew are', async () => {
  await record('2026-11-23T11:00:00Z');
  await record('2026-11-23T11:30:00Z');
  const watch = openWatch();
  await watch.look();
  await erp.query('delete from erp_outbox where position = 2');
  expect(await after(60, watch)).toMatchObject({ lastEventAt: new Date('2026-11-23T11:30:00Z') });
  await erp.query('truncate erp_outbox restart identity');
  await record('2026-11-23T12:50:00Z');
  expect(await after(1, watch)).toMatchObject({ lastEventAt: new Date('2026-11-23T12:50:00Z') });
});

test('an outbox of the ERP’s own, with other names, is watched as it is', async () => {
  await erp.query(`create table theirs (seq int primary key, written timestamptz)`);
  await erp.query(`insert into theirs values (7, '2026-11-23T11:45:00Z')`);
  const columns = { ...OUTBOX_COLUMNS, position: 'seq', occurredAt: 'written' };
  expect(await after(0, openWatch({ name: 'public.theirs', columns }))).toMatchObject({ quietBusinessMinutes: 15 });
});

test('a job that has missed three beats is told of, at night too, until it beats again', async () => {
  await erp.query(readKit('erp-heartbeat.v1.sql'));
  clock = new ManualClock(new Date('2026-11-22T04:00:00Z'));
  await beat('baixas', 60);
  await beat('fechamento', 86_400);
  const watch = openWatch();
  expect(await after(3, watch)).toMatchObject({
    alarms: [],
    jobsUnwatched: undefined,
    jobs: [
      { job: 'baixas', lastBeatAt: new Date('2026-11-22T04:00:00Z'), everySeconds: 60, missed: false },
      { job: 'fechamento', missed: false },
    ],
  });
  expect(await after(0.5, watch)).toMatchObject({
    alarms: [{ why: 'no-heartbeat', job: 'baixas' }],
    jobs: [{ missed: true }, { missed: false }],
  });
  await beat('baixas', 60);
  expect((await after(1, watch)).alarms).toEqual([]);
  expect(events('source.silent', 'source.heard')).toMatchObject([
    { level: 'warn', event: 'source.silent', job: 'baixas' },
    { level: 'info', event: 'source.heard', job: 'baixas' },
  ]);
});

test('a heartbeat table that is not there is not watched, which is said once, until it is', async () => {
  const watch = openWatch();
  const missing = 'there is no table "erp_outbox_heartbeat": install erp-heartbeat.v1.sql beside the outbox';
  expect(await after(0, watch)).toMatchObject({ jobs: [], jobsUnwatched: missing });
  await after(1, watch);
  expect(events('source.heartbeats-not-watched')).toMatchObject([{ level: 'info', reason: missing }]);
  await erp.query('create table erp_outbox_heartbeat (name text)');
  expect((await after(1, watch)).jobsUnwatched).toContain('column "job" does not exist');
  await erp.query('drop table erp_outbox_heartbeat');
  await erp.query(readKit('erp-heartbeat.v1.sql'));
  expect(await after(1, watch)).toMatchObject({ jobs: [], jobsUnwatched: undefined });
  expect(events('source.heartbeats-watched')).toHaveLength(1);
});

test('a database that does not answer begins no alarm and ends none, and is told of once', async () => {
  await record('2026-11-23T11:30:00Z');
  const watch = openWatch();
  await watch.look();
  await erp.query('alter table erp_outbox rename to elsewhere');
  expect(await after(200, watch)).toMatchObject({ alarms: [], unread: 'relation "erp_outbox" does not exist' });
  await after(1, watch);
  expect(events('source.not-looked-at')).toMatchObject([{ level: 'warn' }]);
  await erp.query('alter table elsewhere rename to erp_outbox');
  expect(await after(0, watch)).toMatchObject({ alarms: [{ why: 'no-event' }], unread: undefined });
  await erp.query('alter table erp_outbox rename to elsewhere');
  expect((await after(1, watch)).alarms).toMatchObject([{ why: 'no-event' }]);
  await erp.query('alter table elsewhere rename to erp_outbox');
});

test('it looks every half a minute, until it is stopped', async () => {
  const watch = openWatch();
  const stopping = new AbortController();
  const running = watch.run(stopping.signal);
  await eventually(() => clock.sleeping === 1);
  await record(MONDAY);
  clock.advance(29_999);
  expect([clock.sleeping, watch.report().lastEventAt]).toEqual([1, undefined]);
  clock.advance(1);
  await eventually(() => watch.report().lastEventAt !== undefined);
  await eventually(() => clock.sleeping === 1);
  stopping.abort();
  await running;
});
