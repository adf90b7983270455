import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Channel, type ConfirmChannel, type Options } from 'amqplib';
import { Pool } from 'pg';
import { ERP_EVENTS, TopicServer } from '#libs/broker';
import {
  Connector,
  ConnectorEnvironment,
  ConnectorModule,
  Deliver,
  PartnerSettings,
  Plan,
  nothing,
  type Planned,
} from '#libs/connector-kit';
import { delivered, sampleOf, writeEvent, type HubEvent, type Outcome } from '#libs/contracts';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import {
  eventually,
  findTestStack,
  privateDatabase,
  privateVhost,
  type PrivateDatabase,
  type PrivateVhost,
} from '#libs/testing';
import { preparePublisher } from '../tools/stack/publisher.ts';
import { findPythonWithPika } from '../tools/stack/python-pika.ts';

const run = promisify(execFile);
const examples = join(process.cwd(), 'docs', 'examples');
const pika = await findPythonWithPika();

@Connector({ name: 'probe', settings: class ProbeSettings extends PartnerSettings {} })
class Probe {
  @Plan('erp.receivable.*.v1')
  planNothing(): Planned {
    return nothing('it only listens');
  }

  @Deliver('probe.never')
  async never(): Promise<Outcome> {
    return delivered();
  }
}

const NAME = `erp-test-${randomBytes(4).toString('hex')}`;
const PASSWORD = randomBytes(12).toString('hex');

let database: PrivateDatabase;
let vhost: PrivateVhost;
let folder: string;
let running: RunningApp;
let pool: Pool;
let publisherUrl: string;

beforeAll(async () => {
  [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
  folder = mkdtempSync(join(tmpdir(), 'ponte-publisher-'));
  const { adminManagementUrl } = findTestStack();
  await preparePublisher(adminManagementUrl, { vhost: vhost.vhost, name: NAME, password: PASSWORD });
  publisherUrl = Object.assign(new URL(vhost.amqpUrl), { username: NAME, password: PASSWORD }).href;
  const direct = ['node', 'python'].map((erp) => `/erp/${erp}:erp.receivable.*.v1=${NAME}`).join(',');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const environment = readEnvironment(ConnectorEnvironment, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HTTP_PORT: '0',
    OPS_PORT: '0',
    DATABASE_URL: database.url,
    AMQP_URL: vhost.amqpUrl,
    AMQP_MANAGEMENT_URL: vhost.managementUrl,
    ACCESS_ISSUER: 'https://issuer.test',
    ACCESS_AUDIENCE: 'ponte',
    ACCESS_JWKS: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }),
    SETTINGS_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    DIRECT_PUBLISHERS: direct,
  });
  const options = {
    name: 'probe-connector',
    environment: ConnectorEnvironment,
    module: (given: ConnectorEnvironment) => ConnectorModule.for(given, { connector: Probe }),
    microservice: (app: { get(type: typeof TopicServer): TopicServer }) => app.get(TopicServer),
  };
  running = await openApp(options, environment);
  pool = new Pool({ connectionString: database.url });
}, 120_000);

afterAll(async () => {
  await pool.end();
  await running.close();
  await askAdmin('DELETE', `/users/${NAME}`);
  await Promise.all([database.drop(), vhost.drop()]);
  rmSync(folder, { recursive: true });
});

async function askAdmin(method: string, path: string): Promise<void> {
  const { origin, username, password } = new URL(findTestStack().adminManagementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  await fetch(`${origin}/api${path}`, { method, headers: { authorization } });
}

/** An event of a title as an ERP of that name would write it; without an id where the ERP makes none. */
function fileOf(source: string, title: string, sequence: number, more: Partial<HubEvent> = {}): string {
  const sample = sampleOf('erp.receivable.opened.v1');
  const data = { ...sample.data, receivableId: title, sequence };
  const event = { ...sample, source, subject: `receivable/${title}`, time: new Date().toISOString(), data };
  const file = join(folder, `${title}-${sequence}.json`);
  writeFileSync(file, JSON.stringify({ ...event, sequence: String(sequence), id: undefined, ...more }));
  return file;
}

interface Taken {
  source: string;
  subject: string;
  event_id: string;
}

async function taken(subject: string): Promise<Taken[]> {
  const found = `select source, subject, event_id from probe.inbox where subject = $1 order by received_at`;
  return (await pool.query<Taken>(found, [subject])).rows;
}

async function parked(subject: string): Promise<{ reason_code: string; reason: string }[]> {
  const found = `select reason_code, reason from probe.parked_event where subject = $1 order by id`;
  return (await pool.query<{ reason_code: string; reason: string }>(found, [subject])).rows;
}

async function publishWith(command: string, script: string, files: string[]): Promise<string> {
  const environment = { ...process.env, AMQP_URL: publisherUrl };
  return (await run(command, [join(examples, script), ...files], { env: environment })).stdout;
}

const EXAMPLES = [
  { language: 'node', command: process.execPath, script: 'publish-events.mjs' },
  ...('python' in pika ? [{ language: 'python', command: pika.python, script: 'publish_events.py' }] : []),
];

describe.each(EXAMPLES)('the $language example of the guide', ({ language, command, script }) => {
  const source = `/erp/${language}`;

  it('publishes events that are taken in once, whatever is sent again, with ids made by the rule', async () => {
    const files = [1, 2].map((sequence) => fileOf(source, `${language}-ação`, sequence));
    expect(await publishWith(command, script, files)).toContain(`published ${files[1]}`);
    await publishWith(command, script, files);
    await publishWith(command, script, [fileOf(source, `${language}-last`, 1)]);
    await eventually(async () => expect(await taken(`receivable/${language}-last`)).toHaveLength(1));
    const rows = await taken(`receivable/${language}-ação`);
    expect(rows.map((row) => row.source)).toEqual([source, source]);
    expect(new Set(rows.map((row) => row.event_id)).size).toBe(2);
    expect(await parked(`receivable/${language}-ação`)).toEqual([]);
  });

  it('fails aloud where nobody takes the event, and where the broker forbids it', async () => {
    const nobody = fileOf(source, `${language}-nobody`, 1, { type: 'erp.nothing.happened.v1' as never });
    await expect(publishWith(command, script, [nobody])).rejects.toThrow();
    const forbidden = fileOf(source, `${language}-forbidden`, 1, { type: 'ponte.backfill.started.v1' as never });
    await expect(publishWith(command, script, [forbidden])).rejects.toThrow();
  });

  it('stands in the guide as it was run here', () => {
    const guide = readFileSync(join(process.cwd(), 'docs', 'erp-guide.md'), 'utf8');
    expect(guide).toContain(readFileSync(join(examples, script), 'utf8').trim());
  });
});

// oxlint-disable-next-line jest/no-disabled-tests -- without Python's client the Node example is run alone, and this says so
if ('lacks' in pika) it.skip(`the python example of the guide was left out: ${pika.lacks}`, () => undefined);

describe('what another source, type or user publishes', () => {
  it('is parked and said: a publisher speaks for its own source alone', async () => {
    const title = 'stolen';
    await publishWith(process.execPath, 'publish-events.mjs', [fileOf('/erp/demo', title, 1)]);
    const rows = await eventually(async () => {
      const found = await parked(`receivable/${title}`);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(rows).toMatchObject([
      { reason_code: 'wrong-way-in', reason: expect.stringContaining(`"${NAME}" does not publish`) },
    ]);
    expect(await taken(`receivable/${title}`)).toEqual([]);
  });

  it('is parked without a user id, and from an outbox where the source comes direct', async () => {
    await asPublisher(vhost.amqpUrl, async (channel) => {
      const event = { ...sampleOf('erp.receivable.opened.v1'), source: '/erp/node', time: new Date().toISOString() };
      for (const [title, userId] of [
        ['unsigned', undefined],
        ['outbox', decodeURIComponent(new URL(vhost.amqpUrl).username)],
      ] as const) {
        const data = { ...event.data, receivableId: title };
        const written = writeEvent({ ...event, id: crypto.randomUUID(), subject: `receivable/${title}`, data });
        channel.publish(ERP_EVENTS, written.routingKey, written.content, { ...written.properties, userId });
      }
      await channel.waitForConfirms();
    });
    await eventually(async () => expect(await parked('receivable/outbox')).toHaveLength(1));
    expect((await parked('receivable/unsigned'))[0]!.reason).toContain('without a user_id');
    expect((await parked('receivable/outbox'))[0]!.reason).toContain('it came through the outbox');
  });
});

describe('the user of a publisher', () => {
  const publish =
    (exchange: string, routingKey: string, options: Options.Publish = {}) =>
    async (channel: ConfirmChannel) => {
      channel.publish(exchange, routingKey, Buffer.from('{}'), options);
      await channel.waitForConfirms();
    };

  it.each<[string, (channel: ConfirmChannel) => Promise<unknown>, RegExp]>([
    ['declares no queue', (channel) => channel.assertQueue('mine'), /ACCESS_REFUSED/],
    ['declares no exchange', (channel) => channel.assertExchange('mine', 'topic'), /ACCESS_REFUSED/],
    ['reads no queue', (channel) => channel.get('probe-connector.events'), /ACCESS_REFUSED/],
    [
      'binds nothing to the events of others',
      (channel) => channel.bindQueue('probe-connector.events', ERP_EVENTS, '#'),
      /ACCESS_REFUSED/,
    ],
    ['writes to no other exchange', publish('ponte.events', 'probe.run.started.v1'), /ACCESS_REFUSED/],
    ['puts nothing into a queue by its name', publish('', 'probe-connector.events'), /ACCESS_REFUSED/],
    ['says nothing that Ponte says', publish(ERP_EVENTS, 'ponte.backfill.finished.v1'), /ACCESS_REFUSED/],
    [
      'does not pass for somebody else',
      publish(ERP_EVENTS, 'erp.receivable.opened.v1', { userId: 'ponte' }),
      /user_id/,
    ],
  ])('%s', async (_what, attempt, refusal) => {
    await expect(asPublisher(publisherUrl, attempt)).rejects.toThrow(refusal);
  });
});

/** @throws what the broker said when it closed the channel */
async function asPublisher(url: string, work: (channel: ConfirmChannel) => Promise<unknown>): Promise<void> {
  const connection = await connect(url);
  connection.on('error', () => undefined);
  const channel = await connection.createConfirmChannel();
  const refused = new Promise<never>((_resolve, reject) => (channel as Channel).on('error', reject));
  try {
    await Promise.race([work(channel), refused]);
  } finally {
    refused.catch(() => undefined);
    await connection.close();
  }
}
