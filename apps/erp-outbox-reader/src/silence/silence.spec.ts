import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { ReaderWorld } from '../../test/reader-world.js';
import { ReaderEnvironment } from '../reader-environment.js';
import { ReaderModule } from '../reader.module.js';
import type { SilenceReport } from './silence-watch.js';

const KIT = readFileSync(join(process.cwd(), 'libs', 'outbox', 'sql', 'erp-heartbeat.v1.sql'), 'utf8');
const ALWAYS_OPEN = { BUSINESS_HOURS: '1-7 00:00-24:00' };

let world: ReaderWorld;
let token: string;
const running: RunningApp[] = [];

beforeAll(async () => {
  world = await ReaderWorld.open();
  token = await world.token(['analyst']);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
  await world.clear();
});
afterAll(() => world.close());

async function start(more: Record<string, string> = {}): Promise<RunningApp> {
  const environment = readEnvironment(ReaderEnvironment, { ...world.environment, LOG_LEVEL: 'fatal', ...more });
  const options = { name: 'erp-outbox-reader', environment: ReaderEnvironment, module: ReaderModule.for };
  const app = await openApp(options, environment);
  running.push(app);
  return app;
}

async function silence({ url }: RunningApp): Promise<SilenceReport> {
  const answer = await fetch(`${url}/silence`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as SilenceReport;
}

async function gauge({ opsUrl }: RunningApp, name: string): Promise<number> {
  const body = await (await fetch(`${opsUrl}/metrics`)).text();
  const line = body.split('\n').find((one) => one.startsWith(name));
  return Number(line?.split(' ').at(-1));
}

test('an ERP that has fallen silent is seen in GET /silence and in the metrics, with the rights of the kits’ role alone', async () => {
  await world.erp.query(KIT);
  await world.write('4711-2', 1);
  await world.erp.query(`update erp_outbox set occurred_at = now() - interval '3 hours', published_at = now()`);
  await world.erp.query(
    `select erp_outbox_beat('baixas'); update erp_outbox_heartbeat set beat_at = now() - interval '1 hour'`,
  );
  const app = await start(ALWAYS_OPEN);
  const silent = await silence(app);
  expect(silent).toMatchObject({
    lastEventAt: expect.stringMatching(/^20\d\d-.*Z$/),
    quietBusinessMinutes: 180,
    jobs: [{ job: 'baixas', everySeconds: 300, missed: true }],
    alarms: [
      { why: 'no-event', pt: expect.stringContaining('180 minutos de expediente'), en: expect.any(String) },
      { why: 'no-heartbeat', job: 'baixas' },
    ],
  });
  expect(await gauge(app, 'ponte_source_silent{why="no-event"')).toBe(1);
  expect(await gauge(app, 'ponte_source_silent{why="no-heartbeat"')).toBe(1);
  expect(await gauge(app, 'ponte_source_quiet_business_minutes')).toBe(180);
  expect(Math.floor((await gauge(app, 'ponte_source_last_event_age_seconds')) / 60)).toBe(180);

  await world.write('4711-2', 2);
  await world.erp.query(`select erp_outbox_beat('baixas')`);
  expect(await silence(app)).toMatchObject({ quietBusinessMinutes: 0, alarms: [], jobs: [{ missed: false }] });
  expect(await gauge(app, 'ponte_source_silent{why="no-event"')).toBe(0);
  expect(await gauge(app, 'ponte_source_silent{why="no-heartbeat"')).toBe(0);
  expect(await gauge(app, 'ponte_source_last_event_age_seconds')).toBeLessThan(60);
  await world.erp.query('drop table erp_outbox_heartbeat; drop function erp_outbox_beat');
});

test('the reader looks by itself from its start, and says that no job is watched where there is no table', async () => {
  await world.write('4711-2', 1);
  await world.erp.query(`update erp_outbox set occurred_at = now() - interval '3 hours', published_at = now()`);
  const app = await start({ ...ALWAYS_OPEN, SILENCE_AFTER_MINUTES: '0' });
  const age = () => gauge(app, 'ponte_source_last_event_age_seconds');
  await eventually(async () => (await age()) > 10_000);
  expect(await silence(app)).toMatchObject({
    alarms: [],
    quietBusinessMinutes: 180,
    jobs: [],
    jobsUnwatched: 'there is no table "erp_outbox_heartbeat": install erp-heartbeat.v1.sql beside the outbox',
  });
});

test('GET /silence is closed to who shows no token', async () => {
  const app = await start();
  expect((await fetch(`${app.url}/silence`)).status).toBe(401);
});

test('hours that cannot be read refuse the start, all in one message', () => {
  const read = () =>
    readEnvironment(ReaderEnvironment, {
      ...world.environment,
      BUSINESS_HOURS: '1-5 18:00-08:00',
      BUSINESS_ZONE: 'America/Santos',
      BUSINESS_HOLIDAYS: 'natal',
      SILENCE_AFTER_MINUTES: '-1',
    });
  expect(read).toThrow(/4 mistakes/);
  expect(read).toThrow(/ends before it begins: write a night as two/);
  expect(read).toThrow(/"America\/Santos" is none/);
  expect(read).toThrow(/"natal" is no date/);
});
