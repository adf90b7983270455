import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '#libs/testing';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { ReaderWorld } from '../test/reader-world.js';
import { ReaderEnvironment } from './reader-environment.js';
import { ReaderModule } from './reader.module.js';

let world: ReaderWorld;
const running: RunningApp[] = [];

beforeAll(async () => {
  world = await ReaderWorld.open();
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

async function get<T>(url: string, token?: string, method = 'GET'): Promise<{ status: number; body: T }> {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await fetch(url, { method, headers });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T,
  };
}

interface Ready {
  details: { relay: { status: string; leading: boolean; degraded: boolean; paused: Record<string, string> } };
}
interface Report {
  leading: boolean;
  epoch?: string;
  paused: Record<string, string>;
  published: number;
  backlog: { waiting: number; parked: number };
}

const relayOf = async ({ opsUrl }: RunningApp) => (await get<Ready>(`${opsUrl}/health/ready`)).body.details.relay;
const leads = (app: RunningApp) => eventually(async () => (await relayOf(app)).leading);

test('rows of the ERP are published with the rights of the kit’s role alone, and marked', async () => {
  const taken = await world.listen();
  await start();
  for (let n = 1; n <= 3; n += 1) await world.write('4711-2', n);
  await world.allPublished();
  expect(taken.map(({ n }) => n)).toEqual([1, 2, 3]);
});

test('nothing is published before every required queue is bound, and the reader says which one it waits for', async () => {
  const app = await start({ REQUIRED_QUEUES: 'audit.events,customerx-connector.events' });
  await world.write('4711-2', 1);
  const taken = await world.listen('audit.events');
  await eventually(async () => {
    const { paused } = await relayOf(app);
    return paused['queues-missing']?.startsWith('queue "customerx-connector.events" is not bound') ?? false;
  });
  expect(await world.unpublished()).toBe(1);
  expect(taken).toEqual([]);
  await world.bind('customerx-connector.events');
  await world.allPublished();
  expect((await relayOf(app)).paused).toEqual({});
  expect((await world.channel.checkQueue('customerx-connector.events')).messageCount).toBe(1);
  await world.channel.deleteQueue('customerx-connector.events');
  await world.channel.deleteQueue('audit.events');
});

test('a row that comes back makes the reader look at its required queues at once', async () => {
  const app = await start({ REQUIRED_QUEUES: 'shop-connector.events' });
  await eventually(async () => 'queues-missing' in (await relayOf(app)).paused);
  const taken = await world.listen('audit.events');
  await world.bind('shop-connector.events');
  await world.write('4711-2', 1);
  await world.allPublished(); // it has just looked, and looks again in ten seconds
  for (const queue of ['shop-connector.events', 'audit.events']) await world.channel.deleteQueue(queue);
  await world.write('4711-2', 2);
  await eventually(async () => 'queues-missing' in (await relayOf(app)).paused, { withinMs: 6_000 });
  expect([taken.length, await world.unpublished()]).toEqual([1, 1]);
});

test('a required queue that is deleted while the reader works holds it back until it is there again', async () => {
  await world.listen();
  await world.bind('shop-connector.events');
  const app = await start({ REQUIRED_QUEUES: 'shop-connector.events' });
  await world.write('4711-2', 1);
  await world.allPublished();
  await world.channel.deleteQueue('shop-connector.events');
  await eventually(async () => 'queues-missing' in (await relayOf(app)).paused, { withinMs: 20_000, everyMs: 200 });
  await world.write('4711-2', 2);
  await world.bind('shop-connector.events');
  await world.allPublished();
  expect((await world.channel.checkQueue('shop-connector.events')).messageCount).toBe(1);
  await world.channel.deleteQueue('shop-connector.events');
});

test('one of two leads; the standby is ready, and leads as soon as the leader stops', async () => {
  await world.listen();
  const first = await start();
  await leads(first);
  const second = await start();
  expect(await relayOf(second)).toMatchObject({ status: 'up', leading: false, degraded: false });
  running.splice(running.indexOf(first), 1);
  await first.close();
  await leads(second);
  await world.write('4711-2', 1);
  await world.allPublished();
});

test('with no broker the reader starts, is ready and alive, and says that it is degraded', async () => {
  const app = await start({ AMQP_URL: 'amqp://nobody:x@127.0.0.1:9/ponte' });
  await world.channel.assertExchange('erp.events', 'topic', { durable: true });
  expect(await relayOf(app)).toMatchObject({ status: 'up', degraded: true });
  expect((await relayOf(app)).paused['broker-away']).toContain('the broker is away');
  expect((await get(`${app.opsUrl}/health/live`)).status).toBe(200);
});

test('the metrics tell the backlog, its age, what is parked, who leads and why it is paused', async () => {
  const app = await start({ REQUIRED_QUEUES: 'nobody.events' });
  await world.write('4711-2', 1);
  await leads(app);
  const metrics = await eventually(async () => {
    const { body } = await get<string>(`${app.opsUrl}/metrics`);
    return body.includes('ponte_relay_backlog_rows{app="erp-outbox-reader"} 1') && body;
  });
  expect(metrics).toContain('ponte_relay_paused{reason="queues-missing",app="erp-outbox-reader"} 1');
  expect(metrics).toContain('ponte_relay_paused{reason="broker-blocked",app="erp-outbox-reader"} 0');
  expect(metrics).toContain('ponte_relay_leading{app="erp-outbox-reader"} 1');
  expect(metrics).toContain('ponte_relay_parked_rows{app="erp-outbox-reader"} 0');
  expect(metrics).toMatch(/ponte_relay_oldest_age_seconds\{app="erp-outbox-reader"\} 0\.\d+|[1-9]/);
  expect(metrics).toContain('ponte_relay_published_total{app="erp-outbox-reader"} 0');
});

test('parked rows are listed to who may see their company, and released by who may resolve', async () => {
  const taken = await world.listen();
  const app = await start();
  const bad = await world.write('4711-2', 1, 'no type at all');
  const behind = await world.write('4711-2', 2);
  const foreign = await world.write('815-1', 1, 'no type at all', '2');
  const operator = await world.token(['operator'], ['/erp/test|1']);
  const list = () =>
    get<{ items: { position: string; reason: string; behind: number }[] }>(`${app.url}/parked`, operator);
  await eventually(async () => (await list()).body.items[0]?.behind === 1);
  expect((await list()).body.items).toEqual([
    expect.objectContaining({
      position: bad,
      subject: 'receivable/4711-2',
      behind: 1,
      reason: expect.stringContaining('/type'),
    }),
  ]);
  const release = (position: string, token?: string) =>
    get<{ released?: number; type?: string }>(`${app.url}/parked/${position}/release`, token, 'POST');
  expect((await release(bad)).status).toBe(401);
  expect((await release(bad, await world.token(['analyst']))).status).toBe(403);
  expect((await release(foreign, operator)).status).toBe(404);
  expect((await release('no-number', operator)).status).toBe(404);
  expect(await release(behind, operator)).toMatchObject({
    status: 409,
    body: { type: 'urn:ponte:problem:row-waits-behind' },
  });
  await world.erp.query(`update erp_outbox set type = 'erp.receivable.opened.v1' where position = $1`, [bad]);
  expect(await release(bad, operator)).toMatchObject({ status: 200, body: { position: bad, released: 2 } });
  await eventually(() => taken.length === 2);
  expect(taken.map(({ n }) => n)).toEqual([1, 2]);
});

test('where the ERP says its commits the reader listens, with a connection of its own, and ends it when it stops', async () => {
  const listening = async () => {
    const found = `select from pg_stat_activity where application_name = 'ponte-reader listen'`;
    return (await world.erp.query(found)).rowCount;
  };
  await start();
  expect(await listening()).toBe(0);
  const app = await start({ OUTBOX_CHANNEL: 'erp_outbox' });
  await eventually(async () => (await listening()) === 1);
  await app.close();
  running.pop();
  await eventually(async () => (await listening()) === 0);
});

test('GET /relay reports to who may read it', async () => {
  await world.listen();
  const app = await start();
  await leads(app);
  await world.write('4711-2', 1);
  await world.allPublished();
  expect((await get(`${app.url}/relay`)).status).toBe(401);
  const { body } = await get<Report>(`${app.url}/relay`, await world.token(['analyst']));
  expect(body).toMatchObject({
    leading: true,
    epoch: expect.any(String),
    paused: {},
    published: 1,
    backlog: { waiting: 0, parked: 0 },
  });
});

test('an outbox of the ERP’s own, with other names and without some columns, is relayed as it is', async () => {
  const taken = await world.listen();
  await world.erp.query(`
    create table "Saida" (
      seq bigserial primary key, "eventId" uuid not null default gen_random_uuid(), agg text not null, "aggId" text not null,
      type text not null, body json not null, empresa text not null, created_at timestamptz not null default now(),
      published_at timestamptz, parked_reason text);
    grant select on "Saida" to ponte_reader;
    grant update (published_at, parked_reason) on "Saida" to ponte_reader;`);
  const app = await start({
    OUTBOX_TABLE: 'Saida',
    OUTBOX_COLUMNS:
      'position=seq,id=eventId,aggregatetype=agg,aggregateid=aggId,payload=body,company=empresa,occurredAt=created_at,' +
      'branch=,sequence=,actor=,partitionkey=,traceparent=',
  });
  await leads(app);
  for (let n = 1; n <= 3; n += 1) {
    await world.erp.query(
      `insert into "Saida" (agg, "aggId", type, body, empresa) values ('receivable', '1', 'erp.receivable.opened.v1', $1, '1')`,
      [{ n }],
    );
  }
  await eventually(() => taken.length === 3);
  expect(taken.map(({ n }) => n)).toEqual([1, 2, 3]);
  await world.erp.query('drop table "Saida"');
});
