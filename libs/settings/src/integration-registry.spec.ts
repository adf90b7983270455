import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { connectionSettings, inTransaction, ManualClock, migrate, Problem, Secret } from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import type { Changer, IntegrationInput } from './integration-change.js';
import { IntegrationRegistry } from './integration-registry.js';
import { IntegrationEntity, SETTINGS_ENTITIES, SETTINGS_MIGRATIONS, SettingChangeEntity } from './index.js';
import { readKeyRing } from './key-ring.js';
import { SecretBox } from './secret-box.js';
import { readSettingHistory } from './setting-history.js';
import { ShopSettings } from '../test/shop-settings.js';

const SCHEMA = 'shop';
const K1 = `k1:${randomBytes(32).toString('base64')}`;
const K2 = `k2:${randomBytes(32).toString('base64')}`;

let database: PrivateDatabase;
let pool: pg.Pool;
const clock = new ManualClock();
let registry: IntegrationRegistry<ShopSettings>;

const registryWith = (...keys: string[]) =>
  new IntegrationRegistry('shop', ShopSettings, new SecretBox(readKeyRing(new Secret(keys.join(',')))), clock);

const ADMIN: Changer = { name: 'ana', mayChange: (who) => who === 'admin' };
const VENDOR: Changer = { name: 'vera', mayChange: () => true };
const DEMO = { source: '/erp/demo', company: '1' };
const COMPLETE = { token: 'hunter2', baseUrl: 'https://api.shop.com' };

beforeAll(async () => {
  database = await privateDatabase({
    template: 'settings',
    migrate: (url) => migrate(url, SCHEMA, SETTINGS_MIGRATIONS),
  });
  pool = new pg.Pool(connectionSettings({ url: database.url, schema: SCHEMA, applicationName: 'settings-spec' }));
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('truncate setting_change, integration restart identity');
  registry = registryWith(K1);
});

const save = (input: Partial<IntegrationInput>, changer = ADMIN, by = registry) =>
  inTransaction(pool, (client) => by.save(client, { ...DEMO, ...input }, changer));

async function refusalOf(input: Partial<IntegrationInput>, changer = ADMIN) {
  const refused = await save(input, changer).catch((error: unknown) => error);
  if (!(refused instanceof Problem)) throw new Error(`not refused: ${inspect(refused)}`);
  return refused.details;
}

describe('an integration', () => {
  it('is off, then on but not configured and says what it lacks, then ready', async () => {
    expect((await save({})).after.state).toEqual({ kind: 'off' });
    expect((await save({ enabled: true })).after.state).toEqual({
      kind: 'not-configured',
      lacks: [
        { setting: 'token', label: { pt: 'Token', en: 'Token' }, reason: 'missing' },
        { setting: 'baseUrl', label: { pt: 'Endereço', en: 'Address' }, reason: 'missing' },
      ],
    });
    expect((await save({ settings: COMPLETE })).after.state).toEqual({ kind: 'ready' });
  });

  it('asks for a setting only while it is shown', async () => {
    await save({ enabled: true, settings: COMPLETE });
    const { after } = await save({ settings: { tracking: 'run' } });
    expect(after.state).toMatchObject({
      kind: 'not-configured',
      lacks: [{ setting: 'trackingKey', reason: 'missing' }],
    });
    expect((await save({ settings: { tracking: 'settlement' } })).after.state).toEqual({ kind: 'ready' });
  });

  it('has the defaults of its class where nothing is set, and again when a setting is taken away', async () => {
    expect((await save({})).after.settings.periodMinutes).toBe(120);
    expect((await save({ settings: { periodMinutes: 30 } }, VENDOR)).after.settings.periodMinutes).toBe(30);
    expect((await save({ settings: { periodMinutes: null } }, VENDOR)).after.settings.periodMinutes).toBe(120);
  });

  it('is one per source, company, branch and partner', async () => {
    const ids = [
      (await save({})).after.id,
      (await save({ displayName: 'again' })).after.id,
      (await save({ branch: '7' })).after.id,
      (await save({ company: '2' })).after.id,
      (await save({ source: '/erp/other' })).after.id,
    ];
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
  });

  it('is made once when two people make it at the same moment', async () => {
    const [one, two] = await Promise.all([save({ displayName: 'one' }), save({ displayName: 'two' })]);
    expect(one.after.id).toBe(two.after.id);
    expect([one.after.version, two.after.version].sort()).toEqual([1, 2]);
  });

  it('cannot be changed through a copy somebody reads', async () => {
    const { after } = await save({ settings: COMPLETE });
    expect(() => Object.assign(after.settings, { baseUrl: 'https://evil.com' })).toThrow(TypeError);
    expect(() => Object.assign(after, { enabled: true })).toThrow(TypeError);
  });
});

describe('secrets', () => {
  it('are readable to who reveals them, and in no print, log or stored row', async () => {
    const { after } = await save({ enabled: true, settings: COMPLETE });
    expect(after.settings.token.reveal()).toBe('hunter2');
    const { rows } = await pool.query(
      'select i::text as integration, c::text as change from integration i, setting_change c',
    );
    expect(inspect(after, { depth: 9 }) + JSON.stringify(after) + JSON.stringify(rows)).not.toContain('hunter2');
    expect(JSON.stringify(after)).toContain('"token":"[secret]"');
  });

  it('stay when they are not named, and go when they are null', async () => {
    await save({ enabled: true, settings: COMPLETE });
    expect((await save({ settings: { note: 'x' } })).after.settings.token.reveal()).toBe('hunter2');
    expect((await save({ settings: { token: null } })).after.state).toMatchObject({ lacks: [{ setting: 'token' }] });
  });

  it('are sealed anew with the newest key without a new version, beside a registry that reads them', async () => {
    const { after } = await save({ enabled: true, settings: COMPLETE });
    await save({ company: '2', settings: { token: 'other' } });
    const rotated = registryWith(K2, K1);
    expect(await rotated.reencrypt(pool)).toEqual({ examined: 2, reencrypted: 2, unreadable: [] });
    expect(await rotated.reencrypt(pool)).toEqual({ examined: 2, reencrypted: 0, unreadable: [] });
    const onlyNew = await registryWith(K2).byId(pool, after.id);
    expect([onlyNew!.settings.token.reveal(), onlyNew!.version]).toEqual(['hunter2', after.version]);
  });

  it('whose key is lost make the integration not configured, with the key named, and others go on', async () => {
    const { after } = await save({ enabled: true, settings: COMPLETE });
    const lost = registryWith(K2);
    await save({ company: '2', enabled: true, settings: COMPLETE }, ADMIN, lost);
    const [first, second] = await lost.readAll(pool);
    expect(first!.state).toMatchObject({
      kind: 'not-configured',
      lacks: [{ setting: 'token', reason: expect.stringContaining('the key "k1"') }],
    });
    expect(second!.state).toEqual({ kind: 'ready' });
    expect(await lost.reencrypt(pool)).toMatchObject({ reencrypted: 0, unreadable: [{ integration: after.id }] });
    expect((await save({ settings: { note: 'kept' } }, ADMIN, lost)).after.state.kind).toBe('not-configured');
    expect((await registryWith(K1).byId(pool, after.id))!.settings.token.reveal()).toBe('hunter2');
    expect((await save({ settings: { token: 'new' } }, ADMIN, lost)).after.state).toEqual({ kind: 'ready' });
  });
});

describe('a save', () => {
  it('is refused with every mistake at once, and stores nothing', async () => {
    const details = await refusalOf({
      displayName: ' ',
      settings: { token: 7, baseUrl: 'ftp://shop', tracking: 'always', tokne: 'x', note: 'a\u0000b', periodMinutes: 1 },
    });
    expect([details.type, details.status]).toEqual(['invalid-settings', 400]);
    expect(details.errors!.map(({ pointer }) => pointer).sort()).toEqual([
      '/displayName',
      '/settings/baseUrl',
      '/settings/note',
      '/settings/periodMinutes',
      '/settings/periodMinutes',
      '/settings/token',
      '/settings/tokne',
      '/settings/tracking',
    ]);
    expect(await registry.readAll(pool)).toEqual([]);
  });

  it('of what is reserved to the vendor is refused to everybody else, and a form may send it back unchanged', async () => {
    expect(await refusalOf({ settings: { periodMinutes: 30 } })).toMatchObject({
      status: 403,
      errors: [{ pointer: '/settings/periodMinutes', detail: 'only "vendor" may change it' }],
    });
    await save({ settings: { periodMinutes: 30 } }, VENDOR);
    expect((await save({ settings: { periodMinutes: 30, note: 'x' } })).after.settings.note).toBe('x');
    expect((await refusalOf({ settings: { periodMinutes: null } })).status).toBe(403);
  });

  it('made on an older version than the stored one is a conflict', async () => {
    await save({ displayName: 'one' });
    await save({ displayName: 'two', expectedVersion: 1 });
    expect(await refusalOf({ displayName: 'three', expectedVersion: 1 })).toMatchObject({
      type: 'version-conflict',
      status: 409,
    });
  });

  it('beside another save of the same integration loses nothing of either', async () => {
    await save({ settings: COMPLETE });
    let second: Promise<unknown> = Promise.resolve();
    await inTransaction(pool, async (client) => {
      await registry.save(client, { ...DEMO, settings: { note: 'first' } }, ADMIN);
      second = save({ settings: { tracking: 'settlement' } });
      await eventually(async () => {
        const waiting = await client.query(
          `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return waiting.rowCount === 1;
      });
    });
    await second;
    const [stored] = await registry.readAll(pool);
    expect([stored?.settings.note, stored?.settings.tracking]).toEqual(['first', 'settlement']);
  });

  it('that changes nothing writes nothing', async () => {
    await save({ enabled: true, settings: COMPLETE });
    const again = await save({ enabled: true, settings: COMPLETE });
    expect([again.changed, again.after.version]).toEqual([[], 1]);
  });

  it('tells what was before and what is after, so that the caller sees an integration become ready', async () => {
    expect((await save({ enabled: true })).before).toBeUndefined();
    const saved = await save({ settings: COMPLETE });
    expect([saved.before!.state.kind, saved.after.state.kind]).toEqual(['not-configured', 'ready']);
  });
});

describe('the history', () => {
  it('says who changed what and when, newest first, page by page, secrets masked', async () => {
    const first = clock.now();
    const { after } = await save({ enabled: true, displayName: 'Demo', settings: COMPLETE });
    clock.advance(60_000);
    await save({ enabled: false, settings: { token: 'hunter3', baseUrl: 'https://b.shop.com' } }, VENDOR);
    const page = await readSettingHistory(pool, after.id, { limit: 1 });
    expect(page.items).toEqual([
      {
        version: 2,
        at: clock.now(),
        by: 'vera',
        before: { '/enabled': true, '/settings/token': '[secret]', '/settings/baseUrl': 'https://api.shop.com' },
        after: { '/enabled': false, '/settings/token': '[secret]', '/settings/baseUrl': 'https://b.shop.com' },
      },
    ]);
    const rest = await readSettingHistory(pool, after.id, { limit: 1, cursor: page.next });
    expect(rest).toEqual({
      items: [
        {
          version: 1,
          at: first,
          by: 'ana',
          before: { '/displayName': '', '/enabled': false, '/settings/token': null, '/settings/baseUrl': null },
          after: {
            '/displayName': 'Demo',
            '/enabled': true,
            '/settings/token': '[secret]',
            '/settings/baseUrl': 'https://api.shop.com',
          },
        },
      ],
    });
  });
});

describe('reading', () => {
  it('gives the integrations of exactly the companies asked for, branches included', async () => {
    await save({});
    await save({ branch: '7' });
    await save({ company: '2' });
    await save({ source: '/erp/other' });
    const of = async (companies: { source: string; company: string }[]) =>
      (await registry.forCompanies(pool, companies)).map(({ source, company, branch }) => [source, company, branch]);
    expect(await of([DEMO])).toEqual([
      ['/erp/demo', '1', undefined],
      ['/erp/demo', '1', '7'],
    ]);
    expect(
      await of([
        { source: '/erp/demo', company: '2' },
        { source: '/erp/other', company: '1' },
      ]),
    ).toHaveLength(2);
    expect(await of([{ source: '/erp/other', company: '2' }])).toEqual([]);
    expect(await registry.forCompany(pool, '/erp/demo', '1')).toHaveLength(2);
  });

  it('through the entities shows what is stored, secrets sealed', async () => {
    const { after } = await save({ enabled: true, settings: COMPLETE });
    const extra = connectionSettings({ url: database.url, schema: SCHEMA, applicationName: 'settings-spec' });
    const entities = await new DataSource({
      type: 'postgres',
      schema: SCHEMA,
      entities: SETTINGS_ENTITIES,
      extra,
    }).initialize();
    try {
      const row = await entities.getRepository(IntegrationEntity).findOneByOrFail({ id: after.id });
      expect(row).toMatchObject({
        ...DEMO,
        branch: null,
        enabled: true,
        settings: { baseUrl: 'https://api.shop.com' },
      });
      expect(row.secrets.token).toMatch(/^k1:/);
      const changes = await entities.getRepository(SettingChangeEntity).findBy({ integrationId: after.id });
      expect(changes).toMatchObject([{ version: 1, changedBy: 'ana', after: { '/settings/token': '[secret]' } }]);
    } finally {
      await entities.destroy();
    }
  });

  it('sees what another registry saved, and opens the secrets of an unchanged one only once', async () => {
    const { after } = await save({ settings: COMPLETE });
    const elsewhere = registryWith(K1);
    const seen = await elsewhere.byId(pool, after.id);
    expect(await elsewhere.byId(pool, after.id)).toBe(seen);
    await save({ settings: { token: 'hunter3' } });
    expect((await elsewhere.byId(pool, after.id))!.settings.token.reveal()).toBe('hunter3');
  });

  it('never serves what a rolled-back transaction had read under the same version number', async () => {
    const { after } = await save({ settings: COMPLETE });
    const abandoned = inTransaction(pool, async (client) => {
      await registry.save(client, { ...DEMO, settings: { baseUrl: 'https://abandoned.com' } }, ADMIN);
      await registry.forCompany(client, '/erp/demo', '1');
      throw new Error('something later failed');
    });
    await expect(abandoned).rejects.toThrow('something later failed');
    await save({ settings: { baseUrl: 'https://kept.com' } }, ADMIN, registryWith(K1));
    expect((await registry.byId(pool, after.id))!.settings.baseUrl).toBe('https://kept.com');
  });
});
