import { expect, it } from '@jest/globals';
import { readEnvironment } from '#libs/runtime';
import { ConnectorEnvironment, readWaysIn } from './connector-environment.js';

const BASE = {
  HTTP_PORT: '0',
  OPS_PORT: '0',
  DATABASE_URL: 'postgres://shop@localhost/ponte',
  AMQP_URL: 'amqp://shop:hunter2@localhost/ponte',
  AMQP_MANAGEMENT_URL: 'http://shop:hunter2@localhost:15672',
  ACCESS_ISSUER: 'https://id.example.com',
  ACCESS_AUDIENCE: 'ponte',
  SETTINGS_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
};
const read = (more: Record<string, string>) => readEnvironment(ConnectorEnvironment, { ...BASE, ...more });
const opened = { source: '/erp/acme', type: 'erp.receivable.opened.v1' };

it('believes its own broker user to be the reader, unless told otherwise', () => {
  const alike = readWaysIn(read({}));
  expect([alike.objection(opened, 'shop'), alike.objection(opened, 'reader')]).toEqual([undefined, expect.any(String)]);
  const apart = readWaysIn(read({ READER_BROKER_USERS: 'reader,reader-2' }));
  expect(['reader', 'reader-2'].map((user) => apart.objection(opened, user))).toEqual([undefined, undefined]);
  expect(apart.objection(opened, 'shop')).toContain('"shop" does not publish');
});

it('takes what is published directly as the setting says', () => {
  const ways = readWaysIn(read({ DIRECT_PUBLISHERS: '/erp/acme:erp.receivable.*.v1=erp-acme' }));
  expect([ways.objection(opened, 'erp-acme'), ways.objection(opened, 'shop')]).toEqual([undefined, expect.any(String)]);
});

it.each([
  [{ DIRECT_PUBLISHERS: '/erp/acme=erp-acme' }, 'write <source>:<event types>=<broker user>'],
  [{ READER_BROKER_USERS: 'reader, reader-2' }, 'must be broker users with commas'],
])('refuses to start with %j, saying what to write', (variables: Record<string, string>, sentence) => {
  expect(() => read(variables)).toThrow(sentence);
});
