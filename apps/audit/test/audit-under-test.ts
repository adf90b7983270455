import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { Client, Pool } from 'pg';
import { BrokerConnection, ConfirmPublisher, ERP_EVENTS, PONTE_EVENTS, TopicServer } from '#libs/broker';
import {
  sampleOf,
  sampleOutcomeOf,
  writeEvent,
  type EventType,
  type HubEnvelope,
  type HubEvent,
  type OutcomeEvent,
  type OutcomeSuffix,
} from '#libs/contracts';
import { migrate, openApp, readEnvironment } from '#libs/runtime';
import { privateDatabase, privateVhost } from '#libs/testing';
import { AuditEnvironment } from '../src/audit-environment.js';
import { AUDIT_MIGRATIONS, AuditModule } from '../src/audit.module.js';
import type { EntryView } from '../src/search/entry-view.js';
import { Sealer } from '../src/seals/sealer.js';

/** Where the app under test lives: a database and a vhost of the test's own. */
export interface Place {
  database: { url: string };
  vhost: { amqpUrl: string; managementUrl: string };
}

export interface Answer<Body> {
  status: number;
  body: Body;
}

export type Page = { items: EntryView[]; next?: string };
export type AuditUnderTest = Awaited<ReturnType<typeof openAudit>>;
export type AuditWorld = Awaited<ReturnType<typeof openAuditWorld>>;

export const masterKey = 'k1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY=';
/** No balance is told unless a test begins one: what a round says would be among the entries a test counts. */
export const migratedAudit = {
  template: 'audit',
  migrate: async (url: string) => {
    await migrate(url, 'audit', AUDIT_MIGRATIONS);
    const pool = new Pool({ connectionString: url });
    await pool.query(`update audit.balance set told_up_to = now() + interval '1 day'`).finally(() => pool.end());
  },
};

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const issuer = 'https://issuer.test';

export const accessVariables = {
  ACCESS_ISSUER: issuer,
  ACCESS_AUDIENCE: 'ponte',
  ACCESS_JWKS: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }),
};

export const everywhere = { roles: ['vendor'], companies: ['*'] };

/** The app as it runs, its HTTP on a free port; sealing happens when the test says so. */
export async function openAudit({ database, vhost }: Place, variables: Record<string, string> = {}) {
  const environment = readEnvironment(AuditEnvironment, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HTTP_PORT: '0',
    OPS_PORT: '0',
    DATABASE_URL: database.url,
    AMQP_URL: vhost.amqpUrl,
    AMQP_MANAGEMENT_URL: vhost.managementUrl,
    ...accessVariables,
    AUDIT_KEY: masterKey,
    SEAL_EVERY_MS: '600000',
    ...variables,
  });
  const { app, url, opsUrl, close } = await openApp(
    {
      name: 'audit',
      environment: AuditEnvironment,
      module: (given) => AuditModule.for(given),
      microservice: (running) => running.get(TopicServer),
    },
    environment,
  );
  const token = await tokenOf(everywhere);
  const ask = async <Body>(method: string, path: string, body?: object, bearer = token): Promise<Answer<Body>> => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  };
  return {
    app,
    opsUrl,
    close,
    ask,
    get: <Body = Page>(path: string, bearer?: string) => ask<Body>('GET', path, undefined, bearer),
    post: <Body>(path: string, body: object, bearer?: string) => ask<Body>('POST', path, body, bearer),
    entriesOf: async (eventId: string) => (await ask<Page>('GET', `/entries?eventId=${eventId}`)).body.items,
    seal: () => app.get(Sealer).sealAll(),
  };
}

export interface Claims {
  roles: string[];
  companies: string[];
  sub?: string;
}

export function tokenOf({ roles, companies, sub = 'carla.auditora' }: Claims): Promise<string> {
  return new SignJWT({ roles, companies })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(issuer)
    .setAudience('ponte')
    .setSubject(sub)
    .setExpirationTime('10m')
    .sign(privateKey);
}

/** Plays the reader and the connectors: publishes and waits for the confirm. */
export async function openPublisher(amqpUrl: string) {
  const connection = new BrokerConnection(amqpUrl, 'audit-test');
  const publisher = new ConfirmPublisher(connection);
  await connection.open();
  await publisher.open();
  const publishTo = async (exchange: string, ...envelopes: HubEnvelope[]) => {
    const written = envelopes.map((envelope) => ({ exchange, ...writeEvent(envelope) }));
    await Promise.all(written.map((message) => publisher.publish(message)));
  };
  return {
    publisher,
    erp: (...events: HubEnvelope[]) => publishTo(ERP_EVENTS, ...events),
    ponte: (...outcomes: HubEnvelope[]) => publishTo(PONTE_EVENTS, ...outcomes),
    bytes: (content: Buffer, exchange: string = ERP_EVENTS, routingKey = 'erp.receivable.opened.v1') =>
      publisher.publish({ exchange, routingKey, content, properties: { messageId: randomUUID() } }),
    close: async () => {
      await publisher.close();
      await connection.close();
    },
  };
}

/** The app in a place of its own, whoever tells it something, and the database behind its back. */
export async function openAuditWorld(variables: Record<string, string> = {}) {
  const [database, vhost] = await Promise.all([privateDatabase(migratedAudit), privateVhost()]);
  const audit = await openAudit({ database, vhost }, variables);
  const publish = await openPublisher(vhost.amqpUrl);
  const admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  return {
    database,
    vhost,
    audit,
    publish,
    admin,
    close: async () => {
      await publish.close();
      await audit.close();
      await admin.end();
      await Promise.all([database.drop(), vhost.drop()]);
    },
  };
}

/** A sample with an id of its own; `change` says what else is different. */
export function eventOf<T extends EventType>(
  type: T,
  change: (event: HubEvent<T>) => void = () => undefined,
): HubEvent<T> {
  const event = { ...sampleOf(type), id: randomUUID() };
  change(event);
  return event;
}

export function outcomeOf<S extends OutcomeSuffix>(suffix: S, cause: HubEvent): OutcomeEvent<S> {
  const outcome = { ...sampleOutcomeOf(suffix), id: randomUUID() };
  const { id, source, type, subject } = cause;
  Object.assign(outcome.data, { event: { id, source, type, subject } });
  return outcome;
}
