import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Caller } from '#libs/access';
import { PartnerEndpoints } from '#libs/partner';
import { inTransaction, Secret, SystemClock } from '#libs/runtime';
import { IntegrationRegistry, readKeyRing, SecretBox, SystemParameters, type Integration } from '#libs/settings';
import { eventually } from '#libs/testing';
import {
  CANARY,
  LOCKED,
  LoginConnector,
  LoginSettings,
  PASSWORD,
  startLoginPartner,
  type LoginPartner,
} from '../test/login-partner.js';
import { openShop, SETTINGS_KEYS, type Shop } from '../test/shop-database.js';
import { ConnectionTest } from './connection-test.js';
import { definitionOf, plan } from './definition.js';
import { EngineRoom } from './engine-room.js';
import { IntegrationDesk } from './integration-desk.js';
import type { PartnerSettings } from './partner-settings.js';
import { SettingsBook } from './settings-book.js';

const clock = new SystemClock();
const definition = definitionOf(LoginConnector);
const ANA = { name: 'ana', may: () => true } as unknown as Caller;
const SENTENCE = `${LOCKED.pt} / ${LOCKED.en}`;

let shop: Shop;
let partner: LoginPartner;
let partners: PartnerEndpoints;
let room: EngineRoom;
let desk: IntegrationDesk;
let test: ConnectionTest;
let integration: Integration<PartnerSettings>;
const logged: string[] = [];

beforeAll(() => {
  const keep = (...words: unknown[]) => void logged.push(JSON.stringify(words));
  Logger.overrideLogger({ log: keep, warn: keep, error: keep, debug: keep, verbose: keep, fatal: keep });
});

beforeEach(async () => {
  [shop, partner] = await Promise.all([openShop(clock), startLoginPartner()]);
  partners = new PartnerEndpoints({ clock });
  const { pool } = shop;
  const box = new SecretBox(readKeyRing(new Secret(SETTINGS_KEYS)));
  const registry = new IntegrationRegistry<PartnerSettings>('shop', LoginSettings, box, clock);
  const book = new SettingsBook(pool, registry, clock);
  const parts = { definition, connector: new LoginConnector(), box, replica: 'r1', pool, clock, registry };
  room = new EngineRoom({ ...parts, book, partners });
  const parameters = new SystemParameters('shop', clock);
  desk = new IntegrationDesk({ definition, pool, registry, parameters, book, engine: room.engine });
  test = new ConnectionTest(pool, room.engine, room.courier, definition);
  await room.engine.prepare();
  integration = await save({ password: PASSWORD });
  room.engine.start();
});

afterEach(async () => {
  await room.engine.stop();
  await partners.close();
  await partner.close();
  await shop.close();
});

async function save(settings: Record<string, unknown>): Promise<Integration<PartnerSettings>> {
  const reachable = { baseUrl: partner.url, allowPlainHttp: true, allowPrivateAddresses: true, deadlineSeconds: 4 };
  return desk.save({ source: '/erp/demo', company: '1', enabled: true, settings: { ...reachable, ...settings } }, ANA);
}

async function wish(operation: 'title.put' | 'analysis.buy', id: string): Promise<void> {
  const { id: integrationId, source, company } = integration;
  const paid = operation === 'analysis.buy' ? { group: 'bureau', operationKey: id, cost: '7.50' } : { group: 'titles' };
  const plans = [{ integrationId, deliveries: [plan(operation, { lane: id, body: { id }, ...paid })] }];
  const cause = { source, company, subject: `customer/${id}` };
  await inTransaction(shop.pool, (client) => room.engine.schedule(client, [{ cause, plans }]));
}

const settled = () => room.engine.deliveries.list({ settled: true, limit: 20 });
const areSettled = (count: number) => eventually(async () => expect(await settled()).toHaveLength(count));
const pauses = async () =>
  (await room.engine.endpoints.standing()).map(({ group, reason, detail }) => [group, reason, detail]);

describe('A user the partner has locked', () => {
  beforeEach(async () => {
    partner.loginMischief.push('locked', 'locked');
    for (const id of ['T1', 'T2', 'T3', 'T4', 'T5']) await wish('title.put', id);
    await eventually(async () => expect(await pauses()).toEqual([['titles', 'credential', SENTENCE]]));
  });

  it('stops the endpoint with the partner’s sentence, was tried once, and nothing else is sent', async () => {
    await wish('title.put', 'T6');
    await wish('analysis.buy', 'A1');
    await eventually(async () => expect(await pauses()).toHaveLength(2));
    expect(partner.logins).toBe(1);
    expect(partner.requests).toEqual([]);
    expect(await settled()).toEqual([]);
  });

  it('is tried again when somebody saves the settings, though nothing in them is changed', async () => {
    partner.loginMischief.length = 0;
    await save({});
    await areSettled(5);
    expect(partner.logins).toBe(2);
  });

  it('is tried with the new password when one is saved', async () => {
    partner.loginMischief.length = 0;
    partner.password = `${CANARY}-nova`;
    integration = await save({ password: partner.password });
    await areSettled(5);
    expect(partner.tried).toEqual([PASSWORD, partner.password]);
  });

  it('is what the connection test says, in the partner’s words; and a green one lets everything go on', async () => {
    partner.loginMischief.splice(0, Infinity, 'locked');
    expect(await test.run(integration, 'ana')).toEqual([
      { group: 'bureau', ok: false, problem: 'credential', detail: LOCKED },
    ]);
    expect(partner.logins).toBe(2);
    expect(await test.logIn(integration)).toEqual({
      ok: true,
      note: ['Mix', 'Smart'],
    });
    expect(await test.run(integration, 'ana')).toEqual([{ group: 'bureau', ok: true }]);
    expect(partner.logins).toBe(4);
    await save({});
    await areSettled(5);
    expect(partner.logins).toBe(4);
  });
});

it('A connection test logs in anew though there is a token that serves', async () => {
  await wish('title.put', 'T1');
  await areSettled(1);
  partner.password = 'another';
  expect(await test.run(integration, 'ana')).toMatchObject([{ ok: false, problem: 'credential' }]);
  expect(partner.logins).toBe(2);
});

it('What a login says beside the token is there for who asks later, when the token is long over', async () => {
  await wish('title.put', 'T1');
  await areSettled(1);
  await shop.pool.query('update login_token set expires_at = now()');
  integration = await save({ user: 'another' });
  expect(await room.courier.loginNote(integration, 'default')).toEqual(['Mix', 'Smart']);
  expect(partner.logins).toBe(1);
});

describe('An analysis that is paid for', () => {
  it('and answered by 401 first is charged once, with the token of a new login', async () => {
    partner.turnsAway = 1;
    await wish('analysis.buy', 'A1');
    await areSettled(1);
    expect(await settled()).toMatchObject([{ state: 'delivered', reference: 'A1', attempts: 1 }]);
    expect(partner.charges).toEqual(['A1']);
    expect(partner.logins).toBe(2);
  });

  it('and answered by 401 twice was not made, and waits for a person', async () => {
    partner.turnsAway = 2;
    await wish('analysis.buy', 'A1');
    await eventually(async () => expect(await pauses()).toMatchObject([['bureau', 'credential', expect.anything()]]));
    const open = () => room.engine.deliveries.list({ settled: false, limit: 10 });
    await eventually(async () => expect(await open()).toMatchObject([{ state: 'pending' }]));
    expect(partner.charges).toEqual([]);
    await save({});
    await areSettled(1);
    expect(partner.charges).toEqual(['A1']);
  });

  it.each(['503', 'reset'] as const)(
    'and whose login is answered by %s was not made, and is made once',
    async (does) => {
      partner.loginMischief.push(does);
      await wish('analysis.buy', 'A1');
      await areSettled(1);
      const [delivery] = await settled();
      const { intents } = (await room.engine.deliveries.read(delivery!.position))!;
      expect(intents).toMatchObject([{ state: 'not-made' }, { state: 'confirmed' }]);
      expect(partner.charges).toEqual(['A1']);
    },
  );
});

it('Neither password nor token is in any table, or in any line that was logged', async () => {
  partner.turnsAway = 1;
  partner.loginMischief.push('503');
  await wish('title.put', 'T1');
  await wish('title.put', 'refused');
  await wish('analysis.buy', 'A1');
  await areSettled(2);
  await eventually(async () =>
    expect(await room.engine.deliveries.list({ settled: false, limit: 10 })).toMatchObject([{ state: 'parked' }]),
  );
  partner.loginMischief.push('locked');
  await test.run(integration, 'ana');
  const tables = await shop.pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'shop' and table_type = 'BASE TABLE'`,
  );
  expect(tables.rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['login_token', 'delivery_settled', 'attempt', 'outbox', 'setting_change']),
  );
  for (const { name } of tables.rows) {
    const { rows } = await shop.pool.query<{ written: string | null }>(`select t::text as written from "${name}" t`);
    expect(rows.filter(({ written }) => written?.includes(CANARY))).toEqual([]);
  }
  expect(logged.filter((line) => line.includes(CANARY))).toEqual([]);
});
