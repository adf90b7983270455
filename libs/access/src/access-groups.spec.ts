import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { Pool } from 'pg';
import {
  AppEnvironment,
  databaseModule,
  migrate,
  openApp,
  readEnvironment,
  withDatabase,
  type RunningApp,
} from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { CurrentCaller, RequirePermission, SignedIn } from './access-decorators.js';
import { withAccess } from './access-environment.js';
import { ACCESS_MIGRATIONS, AccessModule } from './access.module.js';
import type { Caller } from './caller.js';

class ShopEnvironment extends withAccess(withDatabase(AppEnvironment)) {}

@Controller('deliveries')
class DeliveriesController {
  @Get()
  @RequirePermission('deliveries.read')
  list(@CurrentCaller() caller: Caller) {
    return { from: caller.territoriesOf('deliveries.read') };
  }

  @Get('me')
  @SignedIn()
  me(@CurrentCaller() caller: Caller) {
    return { id: caller.id };
  }
}

let database: PrivateDatabase;
let key: CryptoKey;
const replicas: RunningApp[] = [];

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  key = privateKey;
  database = await privateDatabase({
    template: 'access_groups',
    migrate: (url) => migrate(url, 'shop', ACCESS_MIGRATIONS),
  });
  const environment = readEnvironment(ShopEnvironment, {
    HTTP_PORT: '0',
    OPS_PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    ACCESS_ISSUER: 'https://id.example.com',
    ACCESS_AUDIENCE: 'ponte',
    ACCESS_JWKS: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }),
    ACCESS_GROUPS_CLAIM: 'https://acme.example/groups',
  });
  while (replicas.length < 2) {
    @Module({
      imports: [
        AccessModule.withGroups(environment),
        databaseModule({ url: database.url, schema: 'shop', migrations: ACCESS_MIGRATIONS }),
      ],
      controllers: [DeliveriesController],
    })
    class ShopModule {}
    replicas.push(await openApp({ name: 'shop', environment: ShopEnvironment, module: () => ShopModule }, environment));
  }
});

afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await database.drop();
});

interface Body {
  id: string;
  items: Record<string, unknown>[];
  errors: object[];
  permissions: unknown[];
  roles: { name: string }[];
  from: unknown;
  next?: string;
}

async function as(claims: JWTPayload, replica = 0) {
  const bearer = await new SignJWT({ sub: 'u-1', ...claims })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('https://id.example.com')
    .setAudience('ponte')
    .setExpirationTime('5m')
    .sign(key);
  return async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const answer = await fetch(replicas[replica]!.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  };
}

const admin = (company: string) => as({ sub: `admin-${company}`, name: 'Ana', roles: ['admin'], companies: [company] });
const memberOf = (group: string, replica = 0) => as({ 'https://acme.example/groups': [group] }, replica);
const DEMO_1 = { source: '/erp/demo', company: '1' };

describe('a group', () => {
  it('gives whoever has it in the token what an admin said, there and nowhere else, and takes it again', async () => {
    const member = await memberOf('cobranca');
    expect((await member('GET', '/deliveries')).status).toBe(403);
    const ana = await admin('/erp/demo|1');
    const permissions = ['deliveries.read', 'deliveries.retry'];
    const { status, body } = await ana('PUT', '/access/groups', { name: 'cobranca', ...DEMO_1, permissions });
    expect([status, body]).toMatchObject([
      200,
      { name: 'cobranca', ...DEMO_1, permissions, updatedBy: 'admin-/erp/demo|1' },
    ]);

    expect(await member('GET', '/deliveries')).toMatchObject({ status: 200, body: { from: [DEMO_1] } });
    expect((await (await memberOf('vendas'))('GET', '/deliveries')).status).toBe(403);

    expect((await ana('DELETE', `/access/groups/${body.id}`)).status).toBe(204);
    expect((await member('GET', '/deliveries')).status).toBe(403);
  });

  it('adds to the ready-made roles, and may give one branch alone', async () => {
    const ana = await admin('/erp/demo|1');
    const wish = { name: 'filial-7', ...DEMO_1, branch: '7', permissions: ['deliveries.read'] };
    await ana('PUT', '/access/groups', wish);
    const both = await as({
      roles: ['viewer'],
      companies: ['/erp/demo|2'],
      'https://acme.example/groups': ['filial-7', 'filial-7', 5],
    });
    const { from } = (await both('GET', '/deliveries')).body;
    expect(from).toEqual([
      { source: '/erp/demo', company: '2' },
      { ...DEMO_1, branch: '7' },
    ]);
  });

  it('that lost a right in one process has lost it in the others a second later', async () => {
    const ana = await admin('/erp/demo|1');
    const wish = { name: 'turno', ...DEMO_1, permissions: ['deliveries.read'] };
    const { id } = (await ana('PUT', '/access/groups', wish)).body;
    const elsewhere = await memberOf('turno', 1);
    expect((await elsewhere('GET', '/deliveries')).status).toBe(200);
    await ana('DELETE', `/access/groups/${id}`);
    await eventually(async () => expect((await elsewhere('GET', '/deliveries')).status).toBe(403), { withinMs: 3_000 });
  });
});

describe('whoever manages access', () => {
  const put = async (company: string, wish: object) => (await admin(company))('PUT', '/access/groups', wish);

  it('gives nothing they do not hold themselves, and is told what', async () => {
    const permissions = ['deliveries.read', 'events.read-personal', 'integrations.write-vendor'];
    const refused = await put('/erp/demo|1', { name: 'curiosos', ...DEMO_1, permissions });
    expect(refused).toMatchObject({ status: 403, body: { type: 'urn:ponte:problem:permission-not-held' } });
    expect(refused.body.errors).toMatchObject([{ pointer: '/permissions/1' }, { pointer: '/permissions/2' }]);
    const { items } = (await (await admin('/erp/demo|1'))('GET', '/access/groups?name=curiosos')).body;
    expect(items).toEqual([]);
  });

  it('leaves standing what the vendor gave, and may take it away', async () => {
    const vendor = await as({ roles: ['vendor'], companies: ['*'] });
    const given = { name: 'suporte', ...DEMO_1, permissions: ['events.read-personal'] };
    await vendor('PUT', '/access/groups', given);
    const kept = await put('/erp/demo|1', { ...given, permissions: ['deliveries.read', 'events.read-personal'] });
    expect([kept.status, kept.body.permissions]).toEqual([200, ['deliveries.read', 'events.read-personal']]);
    expect((await put('/erp/demo|1', { ...given, permissions: ['deliveries.read'] })).status).toBe(200);
    expect((await put('/erp/demo|1', given)).status).toBe(403);
  });

  it("sees and changes the groups of their own territory, and is told nothing of another's", async () => {
    const name = 'mesma';
    const permissions = ['runs.read'];
    const { id } = (await put('/erp/demo|1', { name, ...DEMO_1, permissions })).body;
    const stranger = await admin('/erp/demo|2');
    expect((await stranger('PUT', '/access/groups', { name, ...DEMO_1, permissions })).status).toBe(404);
    expect((await stranger('DELETE', `/access/groups/${id}`)).status).toBe(404);
    expect((await stranger('GET', '/access/groups')).body.items).toEqual([]);
    expect((await stranger('GET', '/access/groups/history')).body.items).toEqual([]);

    const ofBranch = await admin('/erp/demo|1|7');
    expect((await ofBranch('PUT', '/access/groups', { name, ...DEMO_1, permissions })).status).toBe(404);
    await ofBranch('PUT', '/access/groups', { name, ...DEMO_1, branch: '7', permissions });
    expect((await ofBranch('GET', `/access/groups?name=${name}`)).body.items).toMatchObject([{ branch: '7' }]);
    expect((await (await admin('/erp/demo|1'))('GET', `/access/groups?name=${name}`)).body.items).toHaveLength(2);
  });

  it('needs the permission to', async () => {
    const operator = await as({ roles: ['operator'], companies: ['*'] });
    expect((await operator('GET', '/access/groups')).status).toBe(403);
    expect((await operator('GET', '/access/permissions')).status).toBe(403);
  });

  it.each([
    ['a permission there is not', { permissions: ['deliveries.eat'] }],
    ['no permission', { permissions: [] }],
    ['no company', { company: undefined }],
    ['a company with the sign that parts territories', { company: '1|7' }],
    ['no name', { name: ' ' }],
  ])('is refused a group with %s', async (_what, change) => {
    const wish = { name: 'errado', ...DEMO_1, permissions: ['runs.read'], ...change };
    expect((await put('/erp/demo|1', wish)).status).toBe(400);
  });

  it('sees who changed what and when, before and after, even of what is gone; saving the same again is no change', async () => {
    const wish = { name: 'historia', ...DEMO_1, permissions: ['runs.start', 'runs.read'] };
    const { id } = (await put('/erp/demo|1', wish)).body;
    await put('/erp/demo|1', wish);
    await put('/erp/demo|1', { ...wish, permissions: ['runs.read'] });
    const ana = await admin('/erp/demo|1');
    await ana('DELETE', `/access/groups/${id}`);
    const { items } = (await ana('GET', '/access/groups/history?name=historia')).body;
    const by = { id: 'admin-/erp/demo|1', name: 'Ana' };
    const about = { name: 'historia', ...DEMO_1, at: expect.any(String), by };
    expect(items).toEqual([
      { ...about, before: ['runs.read'] },
      { ...about, before: ['runs.read', 'runs.start'], after: ['runs.read'] },
      { ...about, after: ['runs.read', 'runs.start'] },
    ]);
    const first = (await ana('GET', '/access/groups/history?name=historia&limit=1')).body;
    expect(first.items).toEqual([items[0]]);
    const rest = (await ana('GET', `/access/groups/history?name=historia&cursor=${first.next}`)).body;
    expect(rest.items).toEqual(items.slice(1));
  });

  it('is shown every permission by the label the manuals give it, and the ready-made roles', async () => {
    const { permissions, roles } = (await (await admin('/erp/demo|1'))('GET', '/access/permissions')).body;
    expect(permissions).toContainEqual({
      name: 'credit-analyses.request',
      label: { pt: 'Clientes - Permite utilizar consulta Deps', en: expect.any(String) },
    });
    expect(roles.map(({ name }) => name)).toEqual(['vendor', 'admin', 'operator', 'analyst', 'viewer', 'auditor']);
  });
});

it('opens to any good token a route that asks for no permission, and to nobody without one', async () => {
  expect(await (await as({}))('GET', '/deliveries/me')).toMatchObject({ status: 200, body: { id: 'u-1' } });
  expect((await fetch(`${replicas[0]!.url}/deliveries/me`)).status).toBe(401);
});

it('gives nothing for a permission that a later version stored and this one does not know', async () => {
  const pool = new Pool({ connectionString: database.url });
  await pool.query(`insert into shop.access_group (name, source, company, permissions, updated_at, updated_by)
    values ('amanha', '/erp/demo', '1', '{deliveries.dream,deliveries.read}', now(), 'x')`);
  await pool.end();
  const member = await memberOf('amanha');
  expect((await member('GET', '/deliveries')).status).toBe(200);
  expect((await member('GET', '/access/groups')).status).toBe(403);
});
