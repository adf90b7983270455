import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Caller } from '#libs/access';
import { PartnerEndpoints } from '#libs/partner';
import { inTransaction, Secret, SystemClock } from '#libs/runtime';
import { IntegrationRegistry, readKeyRing, SecretBox, SystemParameters, type Integration } from '#libs/settings';
import { eventually } from '#libs/testing';
import { BureauConnector, BureauSettings, startBureau, type Analysis, type Bureau } from '../test/bureau.js';
import { openShop, SETTINGS_KEYS, type Shop } from '../test/shop-database.js';
import { connectorConformance } from './connector-conformance.js';
import { definitionOf, plan } from './definition.js';
import { EngineRoom } from './engine-room.js';
import { IntegrationDesk } from './integration-desk.js';
import type { PartnerSettings } from './partner-settings.js';
import { SettingsBook } from './settings-book.js';

const clock = new SystemClock();
const definition = definitionOf(BureauConnector);
const ANA = { name: 'ana', may: () => true } as unknown as Caller;

let shop: Shop;
let bureau: Bureau;
let partners: PartnerEndpoints;
let room: EngineRoom;
let desk: IntegrationDesk;
let integration: Integration<PartnerSettings>;

beforeAll(() => Logger.overrideLogger(false));

beforeEach(async () => {
  [shop, bureau] = await Promise.all([openShop(clock), startBureau()]);
  partners = new PartnerEndpoints({ clock });
  const { pool } = shop;
  const box = new SecretBox(readKeyRing(new Secret(SETTINGS_KEYS)));
  const registry = new IntegrationRegistry<PartnerSettings>('shop', BureauSettings, box, clock);
  const book = new SettingsBook(pool, registry, clock);
  const parts = { definition, connector: new BureauConnector(), box, replica: 'r1', pool, clock, registry };
  room = new EngineRoom({ ...parts, book, partners });
  const parameters = new SystemParameters('shop', clock);
  desk = new IntegrationDesk({ definition, pool, registry, parameters, book, engine: room.engine });
  await room.engine.prepare();
  integration = await save({});
});

afterEach(async () => {
  await room.engine.stop();
  await partners.close();
  await bureau.close();
  await shop.close();
});

async function save(settings: Record<string, unknown>): Promise<Integration<PartnerSettings>> {
  const reachable = { baseUrl: bureau.url, allowPlainHttp: true, allowPrivateAddresses: true, deadlineSeconds: 2 };
  const input = { source: '/erp/demo', company: '1', enabled: true, settings: { ...reachable, ...settings } };
  return desk.save(input, ANA);
}

async function ask(key: string, body: Partial<Analysis> = {}): Promise<void> {
  const { id: integrationId, source, company } = integration;
  const analysis = { document: '52998224725', ...body };
  const wish = { lane: key, operationKey: key, cost: '7.50', body: analysis, group: 'bureau' };
  const plans = [{ integrationId, deliveries: [plan('analysis.buy', wish)] }];
  const cause = { source, company, subject: 'customer/1' };
  await inTransaction(shop.pool, (client) => room.engine.schedule(client, [{ cause, plans }]));
}

const settled = () => room.engine.deliveries.list({ settled: true, limit: 10 });
const open = () => room.engine.deliveries.list({ settled: false, limit: 10 });
const isSettled = (howMany = 1) => eventually(async () => expect(await settled()).toHaveLength(howMany));
const detailOf = async (position: string) => (await room.engine.deliveries.read(position))!;

async function buyWith(...mischief: Bureau['mischief']): Promise<void> {
  bureau.mischief.push(...mischief);
  await ask('a1');
  room.engine.start();
}

describe('An analysis that is paid for', () => {
  it.each(['reset-after', '502-after', 'page-after', 'hang-after'] as const)(
    'and answered by %s is charged once: the partner is asked whether it has it',
    async (mischief) => {
      await buyWith(mischief);
      await isSettled();
      const [delivery] = await settled();
      expect(delivery).toMatchObject({ state: 'delivered', reference: 'A1', attempts: 1 });
      expect((await detailOf(delivery!.position)).attempts.map(({ outcome }) => outcome)).toEqual([
        'unknown',
        'verified present',
      ]);
      expect(bureau.charges).toEqual([`ponte-shop-${integration.id}-${delivery!.position}`]);
    },
  );

  it('and answered with "not yet" is asked for again', async () => {
    await buyWith('429');
    await isSettled();
    expect(bureau.charges).toHaveLength(1);
  });

  it('whose login fails has not left: it is made again, and nobody is asked', async () => {
    bureau.away = 1;
    await ask('a1', { mode: 'login' });
    room.engine.start();
    await isSettled();
    const [delivery] = await settled();
    expect((await detailOf(delivery!.position)).intents).toMatchObject([{ state: 'not-made' }, { state: 'confirmed' }]);
    expect(bureau.charges).toHaveLength(1);
  });

  it('and is our mistake before anything left is parked', async () => {
    await ask('a1', { mode: 'broken' });
    room.engine.start();
    await eventually(async () => expect(await open()).toMatchObject([{ state: 'parked' }]));
    expect((await open())[0]!.reason).toMatch(/TypeError: the document is no document/);
    expect(bureau.charges).toEqual([]);
  });

  it('and cannot be found is a person’s, who has it made exactly once more', async () => {
    await buyWith('502-before');
    const waits = () =>
      eventually(async () => expect(await open()).toMatchObject([{ state: 'unknown', retryAt: null }]));
    await waits();
    expect(bureau.charges).toEqual([]);
    const { position } = (await open())[0]!;
    const said = { by: 'ana', reason: 'not on the bill', happened: false } as const;
    await room.engine.deliveries.resolve(position, said);
    await isSettled();
    expect(bureau.charges).toHaveLength(1);
  });

  it('stops at the budget of its integration and goes on when somebody raises it', async () => {
    await save({ dailyBudget: '10.00' });
    await ask('a1');
    await ask('a2');
    room.engine.start();
    const pauses = async () => (await room.engine.endpoints.standing()).map(({ reason, group }) => [group, reason]);
    await eventually(async () => expect(await pauses()).toEqual([['bureau', 'spend-cap']]));
    expect(bureau.charges).toHaveLength(1);
    await save({ dailyBudget: '15.00' });
    await isSettled(2);
    expect(bureau.charges).toHaveLength(2);
    expect(await room.engine.deliveries.spentToday()).toEqual([
      { integrationId: integration.id, reserved: '15.00', cap: '15.00' },
    ]);
  });

  it('probes nothing: its connection test does', async () => {
    await ask('a1');
    const ids = await room.engine.endpoints.ofIntegration(integration.id);
    for (const id of ids)
      await room.engine.endpoints.pause(id, { reason: 'breaker', detail: 'three failures', setBy: 'r1' });
    await shop.pool.query('update endpoint_pause set probe_at = now()');
    room.engine.start();
    await isSettled();
    expect(bureau.tests).toContain('GET /me');
    expect(bureau.charges).toHaveLength(1);
  });
});

it('A group that is exempt says so in its row, and is held by no budget', async () => {
  const { rows } = await shop.pool.query('select operation_group, exempt from endpoint order by operation_group');
  expect(rows).toEqual([
    { operation_group: 'bureau', exempt: false },
    { operation_group: 'default', exempt: false },
    { operation_group: 'removal', exempt: true },
  ]);
  await save({ dailyBudget: '0.00' });
  expect(await room.courier.paid!.budgetOf(integration.id, 'negativation.remove')).toBeUndefined();
  expect(await room.courier.paid!.budgetOf(integration.id, 'analysis.buy')).toMatchObject({ daily: '0.00' });
});

it('A connector with paid operations keeps what every connector must', () => {
  expect(connectorConformance(BureauConnector, { settings: { baseUrl: 'https://bureau.example' } })).toEqual([]);
});
