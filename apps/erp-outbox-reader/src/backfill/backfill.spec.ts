import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { readEvent, writeEvent, type HubEvent } from '#libs/contracts';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { BackfillWorld, type ToldEvent } from '../../test/backfill-world.js';
import { ReaderEnvironment } from '../reader-environment.js';
import { ReaderModule } from '../reader.module.js';

let world: BackfillWorld;
const running: RunningApp[] = [];

beforeAll(async () => {
  world = await BackfillWorld.open();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
  await world.clear();
});
afterAll(() => world.close());

async function start(more: Record<string, string> = {}): Promise<RunningApp> {
  const environment = readEnvironment(ReaderEnvironment, { ...world.reader.environment, LOG_LEVEL: 'fatal', ...more });
  const options = { name: 'erp-outbox-reader', environment: ReaderEnvironment, module: ReaderModule.for };
  const app = await openApp(options, environment);
  running.push(app);
  return app;
}

interface Ready {
  status: string;
  details: { backfill: { hearsRequests: boolean } };
}

async function readyOf({ opsUrl }: RunningApp): Promise<Ready> {
  return (await (await fetch(`${opsUrl}/health/ready`)).json()) as Ready;
}

const hears = (app: RunningApp) => eventually(async () => (await readyOf(app)).details.backfill.hearsRequests);
const typesOf = (told: ToldEvent[]) => told.map(({ type }) => type);
const snapshotsOf = (told: ToldEvent[]) => told.filter(({ type }) => type === 'erp.receivable.snapshot.v1');

/** Started, then the snapshots in the order of the ids, then finished, among whatever else is told. */
function expectWholeWalk(told: ToldEvent[], rows: number): void {
  const walk = told.filter(({ type }) => type.startsWith('ponte.') || type.endsWith('.snapshot.v1'));
  expect(walk[0]?.type).toBe('ponte.backfill.started.v1');
  expect(walk.at(-1)?.type).toBe('ponte.backfill.finished.v1');
  const subjects = snapshotsOf(walk).map(({ subject }) => subject);
  expect(subjects).toHaveLength(rows);
  expect(subjects).toEqual([...new Set(subjects)].toSorted());
}

test('a view is walked from the first id to the last, between two marks, beside live events that keep their order', async () => {
  const told = await world.listen();
  await world.fill(1_300);
  await world.fill(3, '2');
  const app = await start({ BACKFILL_ROWS_PER_SECOND: '4000' });
  const { id, state } = await world.start(app);
  expect(state).toBe('requested');
  await eventually(() => snapshotsOf(told).length > 0);
  await world.reader.writeMany(900, 30);
  const done = await world.ended(app, id);
  await world.reader.allPublished();
  await eventually(() => told.length === 1_300 + 900 + 2);
  expectWholeWalk(told, 1_300);
  expect(done).toMatchObject({ state: 'finished', rows: 1_300, skipped: 0, lastId: 'T01300', skippedRows: [] });
  const marks = told.filter(({ type }) => type.startsWith('ponte.'));
  expect(marks.map(({ data }) => data)).toEqual([
    { backfillId: id, aggregate: 'receivable', company: '1', startedAt: done.startedAt },
    expect.objectContaining({ backfillId: id, rows: 1_300, startedAt: done.startedAt, finishedAt: done.finishedAt }),
  ]);
  expect(new Set(snapshotsOf(told).map(({ time }) => time))).toEqual(new Set([done.startedAt]));
  for (const event of told.filter(({ type }) => !type.endsWith('settled.v1'))) {
    const { content, properties } = writeEvent(event as unknown as HubEvent);
    expect(readEvent(content, properties).kind).toBe('event');
  }
  const last = new Map<string, number>();
  for (const { subject, data } of told.filter(({ type }) => type.endsWith('settled.v1'))) {
    expect(data['n']).toBeGreaterThan(last.get(subject) ?? 0);
    last.set(subject, data['n'] as number);
  }
});

test('a walk is over only when every live event of what it has seen is at the broker', async () => {
  const told = await world.listen();
  await world.fill(3);
  await world.reader.writeMany(20_000, 500);
  const app = await start();
  const { id } = await world.start(app);
  await world.ended(app, id);
  await eventually(() => told.some(({ type }) => type === 'ponte.backfill.finished.v1'));
  const finishedAt = told.findIndex(({ type }) => type === 'ponte.backfill.finished.v1');
  const lastLive = told.findLastIndex(({ type }) => type === 'erp.receivable.settled.v1');
  expect(told.filter(({ type }) => type === 'erp.receivable.settled.v1')).toHaveLength(20_000);
  expect(finishedAt).toBeGreaterThan(lastLive);
});

test('a request on the broker is heard by the reader of its ERP; the same id again is the same backfill', async () => {
  const told = await world.listen();
  await world.fill(5);
  const app = await start();
  await hears(app);
  await world.request({ source: '/erp/another' });
  const id = await world.request();
  await eventually(() => typesOf(told).includes('ponte.backfill.finished.v1'));
  await world.request({ backfillId: id });
  await world.request({ backfillId: id });
  const other = await world.request({ company: '2' });
  await eventually(async () => (await world.look(app, other)).state === 'finished');
  expect(await world.look(app, id)).toMatchObject({ state: 'finished', requestedBy: 'customerx-connector', rows: 5 });
  expect(typesOf(told).filter((type) => type.endsWith('started.v1'))).toHaveLength(2);
  expect((await world.ask<{ items: object[] }>(app, 'GET', '/backfills')).body.items).toHaveLength(2);
});

test('a second request while one is under way is answered by that one, and says so', async () => {
  const told = await world.listen();
  await world.fill(400);
  const app = await start({ BACKFILL_ROWS_PER_SECOND: '400' });
  const first = await world.start(app);
  const second = await world.start(app);
  expect(second).toMatchObject({ state: 'joined', joined: first.id });
  await world.ended(app, first.id);
  expectWholeWalk(told, 400);
  expect(await world.look(app, second.id)).toMatchObject({ state: 'joined', joined: first.id });
  expect(await world.ask(app, 'POST', `/backfills/${second.id}/cancel`)).toMatchObject({ status: 409 });
});

test('a row nobody could take is counted, named and left out, and the rest is told', async () => {
  const told = await world.listen();
  await world.fill(700);
  await world.change('T00003', { openAmount: '0.01' });
  await world.change('T00650', { dueDate: 'tomorrow' });
  const app = await start();
  const { id } = await world.start(app);
  const done = await world.ended(app, id);
  expect(done).toMatchObject({
    state: 'finished',
    rows: 698,
    skipped: 2,
    skippedRows: [
      { id: 'T00003', reason: expect.stringContaining('/data/openAmount') },
      { id: 'T00650', reason: expect.stringContaining('/data/dueDate') },
    ],
  });
  await eventually(() => told.length === 700);
  expect(told.at(-1)!.data).toMatchObject({ rows: 698, skipped: 2, skippedIds: ['T00003', 'T00650'] });
});

test('more than a hundred rows left out are counted, and a hundred of them named', async () => {
  const told = await world.listen();
  await world.fill(620);
  await world.reader.erp.query(
    `update title set data = data || '{"kind": "barter"}' where id > 'T00010' and id < 'T00600'`,
  );
  const app = await start();
  const done = await world.ended(app, (await world.start(app)).id);
  expect(done).toMatchObject({ state: 'finished', rows: 31, skipped: 589 });
  expect(done.skippedRows).toHaveLength(100);
  await eventually(() => told.length === 33);
  expect(told.at(-1)!.data['skippedIds']).toHaveLength(100);
});

test('a view that is not there, may not be read or has other columns fails the backfill with what to do, and nothing else', async () => {
  const told = await world.listen();
  await world.reader.erp.query(`
    create view ponte_export.branches as select company, id, data from title;
    create view ponte_export.customers as select company, 1::bigint as id, branch, data from title;
    create view ponte_export.business_units as select company, id, branch, data from title;
    revoke all on ponte_export.business_units from ponte_reader`);
  const app = await start();
  const failure = async (aggregate: string) => {
    const { state, reason } = await world.ended(app, (await world.start(app, { aggregate })).id);
    return `${state}: ${reason}`;
  };
  expect(await failure('contract')).toMatch(
    /^failed: .* has no view ponte_export.contracts: install ponte-export.v1.sql/,
  );
  expect(await failure('branch')).toBe(
    'failed: ponte_export.branches has no column branch: it must have company, id, branch and data',
  );
  expect(await failure('customer')).toBe('failed: ponte_export.customers.id is of type int8: it must be text');
  expect(await failure('business-unit')).toMatch(
    /^failed: ponte_test_reader_\w+ may not read ponte_export.business_units/,
  );
  await world.reader.write('4711-2', 1);
  await world.reader.allPublished();
  expect(typesOf(told)).toEqual(['erp.receivable.settled.v1']);
  expect((await readyOf(app)).status).toBe('ok');
  await world.reader.erp.query('drop view ponte_export.branches, ponte_export.customers, ponte_export.business_units');
});

test('a view that breaks on a row fails the backfill with the database’s words', async () => {
  await world.listen();
  await world.fill(600);
  await world.reader.erp.query(`
    create view ponte_export.branches as
    select company, id, branch, data || jsonb_build_object('x', 1 / (case when id = 'T00550' then 0 else 1 end)) as data
    from title`);
  const app = await start();
  const { id } = await world.start(app, { aggregate: 'branch' });
  expect(await world.ended(app, id)).toMatchObject({
    state: 'failed',
    reason: 'ponte_export.branches cannot be read: division by zero',
  });
  await world.reader.erp.query('drop view ponte_export.branches');
});

test('one that failed begins anew when it is asked for again', async () => {
  const told = await world.listen();
  const app = await start();
  await hears(app);
  const id = await world.request({ aggregate: 'branch' });
  await eventually(async () => (await world.look(app, id)).state === 'failed');
  await world.reader.erp.query('create view ponte_export.branches as select company, id, branch, data from title');
  await world.request({ backfillId: id, aggregate: 'branch' });
  await eventually(async () => (await world.look(app, id)).state === 'finished');
  expect(typesOf(told)).toEqual(['ponte.backfill.started.v1', 'ponte.backfill.finished.v1']);
  await world.reader.erp.query('drop view ponte_export.branches');
});

test('one that is canceled stops, is never said to have finished, and makes way for the next', async () => {
  const told = await world.listen();
  await world.fill(5_000);
  const app = await start({ BACKFILL_ROWS_PER_SECOND: '1000' });
  const { id } = await world.start(app);
  await eventually(() => snapshotsOf(told).length > 200);
  const canceled = await world.ask(app, 'POST', `/backfills/${id}/cancel`);
  expect(canceled).toMatchObject({ status: 200, body: { state: 'canceled', reason: 'canceled by rui' } });
  expect(await world.ask(app, 'POST', `/backfills/${id}/cancel`)).toMatchObject({ status: 409 });
  const next = await world.start(app, { company: '2' });
  await world.ended(app, next.id);
  const marks = told.filter(({ type }) => type.startsWith('ponte.'));
  expect(marks.map(({ type, data }) => [type.split('.')[2], data['backfillId'] === id])).toEqual([
    ['started', true],
    ['started', false],
    ['finished', false],
  ]);
  expect(snapshotsOf(told).length).toBeLessThan(2_000);
});

test('what stops the live stream stops the walk, which says so and goes on by itself', async () => {
  const told = await world.listen();
  await world.fill(300);
  const app = await start({ REQUIRED_QUEUES: 'late.events' });
  const { id } = await world.start(app);
  await eventually(
    async () => (await world.look(app, id)).reason?.includes('queue "late.events" is not bound') ?? false,
  );
  expect(told).toEqual([]);
  await world.reader.bind('late.events');
  expect(await world.ended(app, id)).toMatchObject({ state: 'finished', rows: 300 });
  expect((await world.look(app, id)).reason).toBeUndefined();
  await eventually(() => told.length === 302);
  expectWholeWalk(told, 300);
  await world.channel.deleteQueue('late.events');
});

test('an exchange that vanishes under a walk costs nothing: what nobody has taken is told when somebody does', async () => {
  const told = await world.listen('taker');
  await world.fill(1_500);
  const app = await start({ BACKFILL_ROWS_PER_SECOND: '1000' });
  const { id } = await world.start(app);
  await eventually(() => snapshotsOf(told).length > 300);
  await world.channel.deleteExchange('erp.events');
  await eventually(async () => (await world.look(app, id)).reason?.startsWith('no queue is bound for') ?? false);
  await world.reader.bind('taker');
  expect(await world.ended(app, id)).toMatchObject({ state: 'finished', rows: 1_500 });
  await eventually(() => new Set(snapshotsOf(told).map(({ subject }) => subject)).size === 1_500);
  expect(told.at(-1)?.type).toBe('ponte.backfill.finished.v1');
});

test('an id a view has more than once is told once, and named', async () => {
  const told = await world.listen();
  await world.fill(20);
  await world.reader.erp.query(`
    create view ponte_export.customers as
    select company, id, branch, data from title union all select company, id, branch, data from title where id = 'T00007';
    create or replace view ponte_export.receivables as select company, id, branch, data from ponte_export.customers`);
  const app = await start();
  expect(await world.ended(app, (await world.start(app)).id)).toMatchObject({
    state: 'finished',
    rows: 20,
    skippedRows: [{ id: 'T00007', reason: 'the view has this id more than once' }],
  });
  await eventually(() => told.length === 22);
  expectWholeWalk(told, 20);
  await world.reader.erp.query(`
    create or replace view ponte_export.receivables as select company, id, branch, data from title;
    drop view ponte_export.customers`);
});

test('a walk is no faster than it may be', async () => {
  const told = await world.listen();
  await world.fill(300);
  const app = await start({ BACKFILL_ROWS_PER_SECOND: '200' });
  const { id } = await world.start(app);
  const { startedAt, finishedAt, rowsPerSecond } = await world.ended(app, id);
  const seconds = (Date.parse(String(finishedAt)) - Date.parse(String(startedAt))) / 1_000;
  expect(seconds).toBeGreaterThanOrEqual(290 / 200);
  expect(rowsPerSecond).toBeLessThanOrEqual(300 / 1.45);
  await eventually(() => told.length === 302);
});

test('a walk makes way while live rows wait, and takes up its pace when they are through', async () => {
  const told = await world.listen();
  await world.fill(3_000);
  const app = await start({ BACKFILL_ROWS_PER_SECOND: '2000' });
  await world.reader.writeMany(15_000, 3);
  await eventually(() => told.length > 0);
  const beganAt = performance.now();
  const { id } = await world.start(app);
  await eventually(async () => (await world.reader.unpublished()) < 1_500, { withinMs: 40_000 });
  const seconds = (performance.now() - beganAt) / 1_000;
  expect(snapshotsOf(told).length).toBeLessThan(100 * seconds + 200);
  expect(await world.ended(app, id)).toMatchObject({ state: 'finished', rows: 3_000 });
});

test('who may not is told, and nobody learns of another company’s walks', async () => {
  await world.listen();
  const app = await start();
  const { id } = await world.start(app);
  await world.start(app, { company: '2' });
  const analyst = await world.reader.token(['analyst'], ['/erp/test|1']);
  const foreign = await world.reader.token(['operator'], ['/erp/test|2']);
  const branch = await world.reader.token(['operator'], ['/erp/test|1|01']);
  const wish = { company: '1', aggregate: 'receivable' };
  expect(await world.ask(app, 'POST', '/backfills', wish, analyst)).toMatchObject({ status: 403 });
  expect(await world.ask(app, 'POST', '/backfills', wish, foreign)).toMatchObject({ status: 404 });
  expect(await world.ask(app, 'POST', '/backfills', wish, branch)).toMatchObject({ status: 404 });
  expect(await world.ask(app, 'GET', `/backfills/${id}`, undefined, foreign)).toMatchObject({ status: 404 });
  expect(await world.ask(app, 'POST', `/backfills/${id}/cancel`, undefined, analyst)).toMatchObject({ status: 403 });
  expect(await world.ask(app, 'GET', `/backfills/${randomUUID()}`)).toMatchObject({ status: 404 });
  expect(await world.ask(app, 'GET', '/backfills/none')).toMatchObject({ status: 404 });
  expect(await world.ask(app, 'POST', '/backfills', { company: '1', aggregate: 'moon' })).toMatchObject({
    status: 400,
  });
  const seen = await world.ask<{ items: { company: string }[] }>(app, 'GET', '/backfills', undefined, analyst);
  expect(seen.body.items.map(({ company }) => company)).toEqual(['1']);
});

test('they are listed newest first, page by page', async () => {
  await world.listen();
  const app = await start();
  const ids: string[] = [];
  for (const company of ['1', '2', '3']) ids.unshift((await world.start(app, { company })).id);
  type Listed = { items: { id: string }[]; next?: string };
  const first = (await world.ask<Listed>(app, 'GET', '/backfills?limit=2')).body;
  const second = (await world.ask<Listed>(app, 'GET', `/backfills?limit=2&cursor=${first.next}`)).body;
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
  expect(second.next).toBeUndefined();
});

test('the metrics tell what was walked, what is open and when one last finished', async () => {
  await world.listen();
  await world.fill(40);
  const app = await start();
  await world.ended(app, (await world.start(app)).id);
  await world.ended(app, (await world.start(app, { aggregate: 'contract' })).id);
  const metrics = await (await fetch(`${app.opsUrl}/metrics`)).text();
  expect(metrics).toContain('ponte_backfill_rows_total{app="erp-outbox-reader"} 40');
  expect(metrics).toContain('ponte_backfills{state="running",app="erp-outbox-reader"} 0');
  expect(metrics).toContain('ponte_backfills{state="failed",app="erp-outbox-reader"} 1');
  await world.reader.erp.query(
    'create view ponte_export.contracts as select company, id, branch, data from title limit 0',
  );
  await world.ended(app, (await world.start(app, { aggregate: 'contract' })).id);
  const mended = await (await fetch(`${app.opsUrl}/metrics`)).text();
  expect(mended).toContain('ponte_backfills{state="failed",app="erp-outbox-reader"} 0');
  await world.reader.erp.query('drop view ponte_export.contracts');
  expect(metrics).toMatch(/ponte_backfill_last_finished_timestamp_seconds\{app="erp-outbox-reader"\} 1\.?\d{9}/);
});
