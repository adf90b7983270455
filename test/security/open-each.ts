import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { BrokerConnection, ConfirmPublisher, ERP_EVENTS, TopicServer } from '#libs/broker';
import { sampleOf, writeEvent } from '#libs/contracts';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { eventually, privateDatabase, privateVhost } from '#libs/testing';
import { AuditEnvironment } from '../../apps/audit/src/audit-environment.js';
import { AuditModule } from '../../apps/audit/src/audit.module.js';
import { CustomerXEnvironment, CustomerXModule } from '../../apps/customerx-connector/src/customerx.module.js';
import { ReaderEnvironment } from '../../apps/erp-outbox-reader/src/reader-environment.js';
import { ReaderModule } from '../../apps/erp-outbox-reader/src/reader.module.js';
import { leastRights } from './least-rights.ts';
import { ReaderWorld } from '../../apps/erp-outbox-reader/test/reader-world.js';

export interface OpenedApp {
  url: string;
  opsUrl: string;
  app: RunningApp['app'];
  /** Of somebody who may do everything. */
  token: string;
  /** Bytes as they are, under any headers, into the exchange the app is bound to; resolves when the broker has them. */
  publish: (message: HostileMessage) => Promise<void>;
  ask: <T>(method: string, path: string, body?: object) => Promise<T>;
  close: () => Promise<void>;
}

export interface HostileMessage {
  content: Buffer;
  contentType?: string;
  headers?: Record<string, unknown>;
  routingKey?: string;
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ISSUER = 'https://issuer.test';
const ACCESS = {
  ACCESS_ISSUER: ISSUER,
  ACCESS_AUDIENCE: 'ponte',
  ACCESS_JWKS: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }),
};
/** Nothing but the app itself answers: no limit comes in between, and its own description is there to be read. */
const QUIET = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'silent',
  HTTP_PORT: '0',
  OPS_PORT: '0',
  HTTP_REQUESTS_PER_SECOND: '0',
  ...ACCESS,
};
const newKey = () => `k1:${randomBytes(32).toString('base64')}`;

async function openBeside(
  app: string,
  schema: string,
  open: (place: Record<string, string>) => Promise<RunningApp>,
): Promise<OpenedApp> {
  const [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
  const rights = await leastRights(app, schema, { database, vhost });
  const readers = { READER_BROKER_USERS: new URL(vhost.amqpUrl).username };
  const running = await open({ ...QUIET, ...readers, ...rights.place });
  return opened(running, vhost.amqpUrl, async () => {
    await Promise.all([database.drop(), vhost.drop()]);
    await rights.drop();
  });
}

async function opened(running: RunningApp, amqpUrl: string, dropAll: () => Promise<void>): Promise<OpenedApp> {
  const { app, url, opsUrl } = running;
  const token = await vendorToken();
  const connection = new BrokerConnection(amqpUrl, 'hostile');
  const publisher = new ConfirmPublisher(connection);
  await connection.open();
  await publisher.open();
  return {
    app,
    url,
    opsUrl,
    token,
    publish: ({ content, contentType, headers, routingKey = 'erp.receivable.opened.v1' }) => {
      const properties = { messageId: randomUUID(), contentType, headers };
      return publisher.publish({ exchange: ERP_EVENTS, routingKey, content, properties }).then(() => undefined);
    },
    ask: async <T>(method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: HTTP ${answer.status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    close: async () => {
      await publisher.close();
      await connection.close();
      await running.close();
      await dropAll();
    },
  };
}

function vendorToken(): Promise<string> {
  return new SignJWT({ roles: ['vendor', 'auditor'], companies: ['*'] })
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject('mallory')
    .setIssuer(ISSUER)
    .setAudience('ponte')
    .setExpirationTime('1h')
    .sign(privateKey);
}

const takingMessages = (app: { get(type: typeof TopicServer): TopicServer }) => app.get(TopicServer);

/** With an integration whose partner is nowhere, and events of it and of a company without one. */
export async function openConnector(): Promise<OpenedApp> {
  const connector = await openBeside('customerx-connector', 'customerx', (place) => {
    const environment = readEnvironment(CustomerXEnvironment, { ...place, SETTINGS_KEYS: newKey() });
    const module = (given: CustomerXEnvironment) => CustomerXModule.for(given);
    const named = { name: 'customerx-connector', environment: CustomerXEnvironment, module };
    return openApp({ ...named, microservice: takingMessages }, environment);
  });
  return orClosed(connector, async () => {
    await connector.ask('PUT', '/system-parameter', { source: '/erp/demo', enabled: true });
    const settings = { baseUrl: 'https://partner.invalid', token: 'a-token', periodicityMinutes: 60 };
    const integration = { source: '/erp/demo', company: '1', displayName: 'Um', enabled: true, settings };
    await connector.ask('PUT', '/integrations', integration);
    await connector.publish(goodMessage('1', 'T1'));
    await connector.publish(goodMessage('2', 'T2'));
    await connector.publish({ content: Buffer.from('{') });
    await untilFound(connector, '/deliveries');
    await untilFound(connector, '/parked-events');
  });
}

export async function openAudit(): Promise<OpenedApp> {
  const audit = await openBeside('audit', 'audit', (place) => {
    const environment = readEnvironment(AuditEnvironment, { ...place, AUDIT_KEY: newKey() });
    const module = (given: AuditEnvironment) => AuditModule.for(given);
    return openApp({ name: 'audit', environment: AuditEnvironment, module, microservice: takingMessages }, environment);
  });
  return orClosed(audit, async () => {
    await audit.publish(goodMessage('1', 'T1'));
    await untilFound(audit, '/entries');
  });
}

/** With a row that can never travel. */
export async function openReader(): Promise<OpenedApp> {
  const world = await ReaderWorld.open();
  await world.listen();
  const database = await privateDatabase();
  const rights = await leastRights('erp-outbox-reader', 'reader', { database, vhost: world.vhost });
  const environment = readEnvironment(ReaderEnvironment, { ...world.environment, ...QUIET, ...rights.place });
  const named = { name: 'erp-outbox-reader', environment: ReaderEnvironment, module: ReaderModule.for };
  const reader = await opened(await openApp(named, environment), world.vhost.amqpUrl, async () => {
    await world.close();
    await database.drop();
    await rights.drop();
  });
  return orClosed(reader, async () => {
    await world.write('hostile', 1, 'No Type At All', '1');
    await untilFound(reader, '/parked');
  });
}

/** An app that was not brought as far as a test needs is not left running behind it. */
async function orClosed(app: OpenedApp, prepare: () => Promise<unknown>): Promise<OpenedApp> {
  try {
    await prepare();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

export async function untilFound<Item>(app: OpenedApp, list: string, atLeast = 1): Promise<Item[]> {
  return eventually(
    async () => {
      const { items } = await app.ask<{ items: Item[] }>('GET', list);
      if (items.length < atLeast) throw new Error(`${list} has ${items.length} of ${atLeast}`);
      return items;
    },
    { withinMs: 60_000, everyMs: 200 },
  );
}

/** An event of a title as an ERP sends it. */
export function goodMessage(company: string, title: string): HostileMessage {
  const event = sampleOf('erp.receivable.opened.v1');
  const data = { ...event.data, company, receivableId: title };
  const whose = { id: randomUUID(), time: new Date().toISOString(), company, subject: `receivable/${title}` };
  const { content, properties } = writeEvent({ ...event, ...whose, data });
  return { content, contentType: properties.contentType, headers: properties.headers };
}
