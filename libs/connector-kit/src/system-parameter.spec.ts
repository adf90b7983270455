import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { Setting } from '#libs/settings';
import { openShopApp, type Ask, type ShopApp } from '../test/shop-app.js';
import { ShopConnector, ShopSettings } from '../test/shop-connector.js';
import { Connector } from './definition.js';

class ShopRules {
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(365)
  @Setting({
    label: { pt: 'Troca em até (dias)', en: 'Exchanges within (days)' },
    help: { pt: 'Vazio ou 0: nunca.', en: 'Empty or 0: never.' },
  })
  exchangeDays: number | null = 30;

  @IsInt()
  @Setting({ label: { pt: 'Lojas', en: 'Shops' }, whoMayChange: 'vendor' })
  shops: number = 1;
}

@Connector({
  name: 'shop',
  settings: ShopSettings,
  systemParameter: { code: '901', label: { pt: 'Usa a loja', en: 'Uses the shop' }, settings: ShopRules },
})
class RuledShopConnector extends ShopConnector {}

const SOURCE = '/erp/demo';
const PATH = `/system-parameter?source=${SOURCE}`;

let ruled: ShopApp;
let bare: ShopApp;
let vendor: Ask;
let admin: Ask;

beforeAll(async () => {
  [ruled, bare] = await Promise.all([openShopApp(RuledShopConnector), openShopApp()]);
  [vendor, admin] = await Promise.all([ruled.as('vendor'), ruled.as('admin', `${SOURCE}|1`)]);
});
afterAll(async () => {
  await Promise.all([ruled.close(), bare.close()]);
});

const save = (settings: object, ask = vendor, more: object = {}) =>
  ask('PUT', '/system-parameter', { source: SOURCE, settings, ...more });

describe('A system parameter with settings of its own', () => {
  it('shows them with what a form needs to ask for them', async () => {
    const { status, body } = await admin('GET', PATH);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ code: '901', label: { pt: 'Usa a loja' }, source: SOURCE, enabled: true },
      settings: { exchangeDays: 30, shops: 1 },
    });
    expect(body.fields).toEqual([
      {
        name: 'exchangeDays',
        label: { pt: 'Troca em até (dias)', en: 'Exchanges within (days)' },
        help: { pt: 'Vazio ou 0: nunca.', en: 'Empty or 0: never.' },
        ...{ secret: false, required: false, whoMayChange: 'admin', default: 30 },
        schema: { type: 'integer', minimum: 0, maximum: 365 },
      },
      expect.objectContaining({ name: 'shops', whoMayChange: 'vendor', default: 1 }),
    ]);
  });

  it('takes what is named, null as the empty value, and says who changed it', async () => {
    const { status, body } = await save({ exchangeDays: null }, admin);
    expect(status).toBe(200);
    expect(body).toMatchObject({ enabled: true, settings: { exchangeDays: null, shops: 1 } });
    expect((await save({ shops: 3 })).body.settings).toEqual({ exchangeDays: null, shops: 3 });
    expect((await admin('GET', PATH)).body.settings).toEqual({ exchangeDays: null, shops: 3 });
    const [, first] = (await admin('GET', `/system-parameter/history?source=${SOURCE}`)).body;
    expect(first).toMatchObject({
      ...{ by: 'admin da Silva', before: true, after: true },
      settings: { before: { exchangeDays: 30 }, after: { exchangeDays: null } },
    });
  });

  it('refuses what is wrong, all at once with pointers, and to whom it is not', async () => {
    const wrong = await save({ exchangeDays: 400, shops: 'many', aisle: 'one' });
    expect([wrong.status, wrong.body.type]).toEqual([400, 'urn:ponte:problem:invalid-settings']);
    expect(wrong.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      '/settings/aisle',
      '/settings/exchangeDays',
      '/settings/shops',
    ]);
    const reserved = await save({ shops: 9 }, admin);
    expect(reserved).toMatchObject({ status: 403, body: { errors: [{ pointer: '/settings/shops' }] } });
    expect((await save({ exchangeDays: 1 }, vendor, { expectedVersion: 0 })).status).toBe(409);
    expect((await save({ exchangeDays: 1 }, await ruled.as('vendor', '/erp/other|1'))).status).toBe(404);
    expect((await save({ exchangeDays: 1 }, await ruled.as('operator'))).status).toBe(403);
  });

  it('is of no concern to whoever may speak for one of its companies only', async () => {
    await vendor('PUT', '/integrations', { source: SOURCE, company: '2', enabled: false });
    expect((await save({ exchangeDays: 1 }, admin)).status).toBe(404);
  });
});

it('A system parameter without settings is shown as it ever was, and takes none', async () => {
  const ask = await bare.as('vendor');
  const { body } = await ask('GET', PATH);
  expect(Object.keys(body).toSorted()).toEqual([
    ...['code', 'enabled', 'label', 'source', 'updatedAt', 'updatedBy', 'version'],
  ]);
  expect(await save({ exchangeDays: 1 }, ask)).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/settings/exchangeDays' }] },
  });
});
