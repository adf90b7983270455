import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  privateDatabase,
  privateVhost,
  startChildApp,
  type ChildApp,
  type PrivateDatabase,
  type PrivateVhost,
} from '#libs/testing';
import {
  accessVariables,
  eventOf,
  everywhere,
  masterKey,
  openPublisher,
  tokenOf,
  type Page,
} from './audit-under-test.js';

let database: PrivateDatabase;
let vhost: PrivateVhost;
let app: ChildApp;
let publish: Awaited<ReturnType<typeof openPublisher>>;

const canary = '52998224725';

beforeAll(async () => {
  [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
  const env = {
    ...accessVariables,
    DATABASE_URL: database.url,
    AMQP_URL: vhost.amqpUrl,
    AMQP_MANAGEMENT_URL: vhost.managementUrl,
    AUDIT_KEY: masterKey,
    LOG_LEVEL: 'debug',
  };
  app = await startChildApp({ app: 'audit', env });
  publish = await openPublisher(vhost.amqpUrl);
});

afterAll(async () => {
  await publish?.close();
  await app?.kill();
  await Promise.all([database?.drop(), vhost?.drop()]);
});

describe('the built app', () => {
  it('writes no personal data to its log, whatever comes in and whoever searches, and closes in order', async () => {
    const event = eventOf('erp.customer.registered.v1', ({ data }) => {
      Object.assign(data, { document: canary, name: 'Aurora Canário', email: 'aurora@canario.test' });
    });
    await publish.erp(event);
    await publish.bytes(Buffer.from(`{"document": "${canary}", "name": "Aurora Canário"`));
    const authorization = `Bearer ${await tokenOf(everywhere)}`;
    const ask = (path: string, init?: RequestInit) =>
      fetch(`${app.httpUrl}${path}`, { ...init, headers: { authorization, 'content-type': 'application/json' } });
    const found = await eventually(async () => {
      const { items } = (await (await ask(`/entries?document=${canary}`)).json()) as Page;
      expect(items).toHaveLength(1);
      return items[0]!;
    });
    await ask(`/entries/${found.id}/reveal`, {
      method: 'POST',
      body: JSON.stringify({ reason: 'Aurora Canário pediu' }),
    });
    await ask('/subjects/erase', { method: 'POST', body: JSON.stringify({ document: canary, reason: 'pedido' }) });
    await ask(`/entries?document=${canary}&limit=x`);
    expect(await app.stop()).toBe(0);
    const log = app.logs().join('\n');
    expect(log).toContain('/subjects/erase');
    expect(log).not.toMatch(/52998224725|Aurora|aurora@/);
  });
});
