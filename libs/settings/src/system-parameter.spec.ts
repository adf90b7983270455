import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import pg from 'pg';
import { connectionSettings, inTransaction, ManualClock, migrate, Problem } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import type { Changer } from './integration-change.js';
import { SETTINGS_MIGRATIONS } from './index.js';
import { Setting } from './setting.js';
import type { SystemParameterInput } from './system-parameter-change.js';
import { SystemParameters } from './system-parameter.js';

class Rules {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(365)
  @Setting({ label: { pt: 'Dias', en: 'Days' } })
  days: number | null = 90;

  @IsString()
  @Setting({ label: { pt: 'Placa', en: 'Sign' } })
  sign: string = 'open';

  @IsInt()
  @Setting({ label: { pt: 'Cota', en: 'Quota' }, whoMayChange: 'vendor' })
  quota: number = 1;
}

const SCHEMA = 'shop';
const SOURCE = '/erp/demo';
const ADMIN: Changer = { name: 'ana', mayChange: (who) => who === 'admin' };
const VENDOR: Changer = { name: 'vera', mayChange: () => true };

const clock = new ManualClock();
const parameters = new SystemParameters('shop', clock, Rules);
let database: PrivateDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await privateDatabase({
    template: 'settings',
    migrate: (url) => migrate(url, SCHEMA, SETTINGS_MIGRATIONS),
  });
  pool = new pg.Pool(connectionSettings({ url: database.url, schema: SCHEMA, applicationName: 'parameter-spec' }));
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(() => pool.query('truncate system_parameter, system_parameter_change'));

const save = (input: Omit<SystemParameterInput, 'source'>, changer = ADMIN, by = parameters) =>
  inTransaction(pool, (client) => by.save(client, { source: SOURCE, ...input }, changer));
const days = async () => (await parameters.read(pool, SOURCE)).settings.days;

async function refusalOf(settings: Record<string, unknown>, changer = ADMIN, by: SystemParameters = parameters) {
  const refused = await inTransaction(pool, (client) => by.save(client, { source: SOURCE, settings }, changer)).catch(
    (error: unknown) => error,
  );
  if (refused instanceof Problem) return refused.details;
  throw new Error('it was not refused');
}

describe('What a system parameter says of its whole ERP', () => {
  it('is as its class has it until somebody says otherwise, and of one ERP alone', async () => {
    expect(await parameters.read(pool, SOURCE)).toEqual({
      ...{ source: SOURCE, enabled: false, version: 0 },
      settings: { days: 90, sign: 'open', quota: 1 },
    });
    await save({ settings: { days: 30 } });
    expect(await days()).toBe(30);
    expect((await parameters.read(pool, '/erp/other')).settings.days).toBe(90);
  });

  it('is empty where somebody says null, and stays so where a save does not name it', async () => {
    const { parameter, changed } = await save({ settings: { days: null } });
    expect([parameter.settings.days, changed]).toEqual([null, ['/settings/days']]);
    await save({ settings: { sign: 'closed' } });
    await save({ enabled: true });
    expect(await parameters.readAll(pool)).toMatchObject([
      { enabled: true, version: 3, settings: { days: null, sign: 'closed' } },
    ]);
  });

  it('leaves the switch as it was where the save does not name it', async () => {
    await save({ enabled: true });
    expect((await save({ settings: { days: 0 } })).parameter).toMatchObject({ enabled: true, settings: { days: 0 } });
  });

  it('is not written where it was so already', async () => {
    expect((await save({ enabled: false, settings: { days: 90, sign: 'open' } })).changed).toEqual([]);
    await save({ settings: { days: null } });
    const again = await save({ settings: { days: null } });
    expect([again.changed, again.parameter.version]).toEqual([[], 1]);
    expect(await parameters.history(pool, SOURCE)).toHaveLength(1);
  });

  it('is refused with every mistake at once, and nothing of it is stored', async () => {
    const { type, status, errors } = await refusalOf({ days: 366, sign: null, dayz: 3, quota: 2 });
    expect([type, status]).toEqual(['invalid-settings', 400]);
    expect(errors!.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/settings/days',
      '/settings/dayz',
      '/settings/quota',
      '/settings/sign',
    ]);
    const bytes = await refusalOf({ sign: 'a\u0000b' });
    expect(bytes.errors).toMatchObject([{ pointer: '/settings/sign' }]);
    expect(await parameters.readAll(pool)).toEqual([]);
  });

  it('of what is reserved to the vendor is refused to everybody else, but for what stays as it is', async () => {
    expect(await refusalOf({ quota: 2 })).toMatchObject({ status: 403, errors: [{ pointer: '/settings/quota' }] });
    expect((await save({ settings: { quota: 2 } }, VENDOR)).parameter.settings.quota).toBe(2);
    expect((await save({ settings: { quota: 2, days: 1 } })).parameter.settings).toMatchObject({ quota: 2, days: 1 });
  });

  it('is a conflict where somebody else saved since', async () => {
    await save({ settings: { days: 1 } });
    await expect(save({ settings: { days: 2 }, expectedVersion: 0 })).rejects.toThrow('version 1');
    expect(await days()).toBe(1);
  });

  it('is nothing at all where the partner has no such settings', async () => {
    const bare = new SystemParameters('bare', clock);
    expect((await bare.read(pool, SOURCE)).settings).toEqual({});
    expect((await refusalOf({ days: 1 }, ADMIN, bare)).errors).toMatchObject([{ pointer: '/settings/days' }]);
  });
});

describe('Its history', () => {
  it('says who changed what and when, before and after, the switch and the settings apart', async () => {
    await save({ enabled: true });
    clock.advance(60_000);
    await save({ settings: { days: null, sign: 'closed' } }, VENDOR);
    const [newest, oldest, ...more] = await parameters.history(pool, SOURCE);
    expect(newest).toEqual({
      ...{ version: 2, at: clock.now(), by: 'vera', before: true, after: true },
      settings: { before: { days: 90, sign: 'open' }, after: { days: null, sign: 'closed' } },
    });
    expect(oldest).toEqual({ version: 1, at: expect.any(Date), by: 'ana', before: false, after: true });
    expect(more).toEqual([]);
  });

  it('of an app that knows no settings goes on beside it, and leaves what was said as it is', async () => {
    await save({ settings: { days: 7 } });
    await pool.query(
      `update system_parameter set enabled = true, version = version + 1, updated_at = now(), updated_by = 'bia'`,
    );
    await pool.query(
      `insert into system_parameter_change (name, source, version, changed_at, changed_by, before, after)
       values ('shop', $1, 2, now(), 'bia', false, true)`,
      [SOURCE],
    );
    expect(await parameters.read(pool, SOURCE)).toMatchObject({ enabled: true, settings: { days: 7 } });
    expect(await parameters.history(pool, SOURCE)).toMatchObject([{ version: 2, by: 'bia' }, { version: 1 }]);
  });
});
