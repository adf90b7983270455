import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openShopApp, type Ask, type ShopApp } from '../test/shop-app.js';
import { TOKEN } from '../test/shop-database.js';
import type { Capability } from './capabilities.js';

let shop: ShopApp;
let vendor: Ask;

beforeAll(async () => {
  shop = await openShopApp();
  vendor = await shop.as('vendor');
  await save('1', { periodicityMinutes: 120 });
  await save('1', {}, '7');
  await save('2', { token: null });
});
afterAll(() => shop.close());

async function save(company: string, settings: object = {}, branch?: string): Promise<void> {
  const given = { baseUrl: 'https://shop.example', token: TOKEN, ...settings };
  const body = { source: '/erp/demo', company, branch, displayName: 'Loja', enabled: true, settings: given };
  expect((await vendor('PUT', '/integrations', body)).status).toBe(200);
}

async function askedBy(ask: Ask, query: string): Promise<Capability> {
  const { status, body } = await ask('GET', `/capabilities?${query}`);
  expect(status).toBe(200);
  return body.items[0];
}

const allowed = ({ actions }: Capability) => Object.keys(actions).filter((name) => actions[name]!.allowed);
const DEMO_1 = 'source=/erp/demo&company=1';

it('tells the vendor of everything', async () => {
  const capability = await askedBy(vendor, DEMO_1);
  expect(capability).toMatchObject({ name: 'shop', displayName: 'Loja', shown: true, state: { kind: 'ready' } });
  expect(allowed(capability)).toEqual(Object.keys(capability.actions));
});

it('Sua periodicidade somente pode ser alterada pela Triplos Tecnologia.', async () => {
  const admin = await shop.as('admin', '/erp/demo|1');
  const { actions } = await askedBy(admin, 'company=1');
  expect(actions['change-settings']).toEqual({ allowed: true });
  expect(actions['change-periodicity']).toEqual({
    allowed: false,
    because: {
      pt: 'A periodicidade somente pode ser alterada pelo fornecedor.',
      en: 'Only the vendor may change the periodicity.',
    },
  });
});

it('tells a viewer what to ask an admin for, by the label the permission has', async () => {
  const capability = await askedBy(await shop.as('viewer', '/erp/demo|1'), 'company=1');
  expect(allowed(capability)).toEqual(['see-deliveries']);
  expect(capability.actions['run-now']).toEqual({
    allowed: false,
    because: { pt: 'Falta a permissão "Executar agora".', en: 'The permission "Run now" is missing.' },
  });
});

it("takes the branch's own integration for the company's, and tells that it has no windows", async () => {
  const { actions, state, integrationId } = await askedBy(vendor, `${DEMO_1}&branch=7`);
  expect(state).toEqual({ kind: 'ready' });
  expect(integrationId).not.toBe((await askedBy(vendor, `${DEMO_1}&branch=8`)).integrationId);
  expect(actions['run-now']).toMatchObject({
    allowed: false,
    because: { pt: 'Sem periodicidade, envia assim que acontece.' },
  });
});

it("lets who may act in a branch alone see to its deliveries, and not to the company's integration", async () => {
  const { actions } = await askedBy(await shop.as('operator', '/erp/demo|1|8'), 'company=1&branch=8');
  expect(actions['retry']).toEqual({ allowed: true });
  expect(actions['run-now']).toMatchObject({
    allowed: false,
    because: { pt: expect.stringContaining('empresa inteira') },
  });
});

it('names what an integration lacks, to who may see its settings', async () => {
  const query = 'source=/erp/demo&company=2';
  const { state, actions } = await askedBy(vendor, query);
  expect(state).toMatchObject({ kind: 'not-configured', lacks: [{ setting: 'token' }] });
  expect(actions['test-connection']).toMatchObject({
    allowed: false,
    because: { pt: 'A integração não está configurada.' },
  });
  const runner = { name: 'plantao', source: '/erp/demo', company: '2', permissions: ['runs.start'] };
  await vendor('PUT', '/access/groups', runner);
  const member = await shop.as('nobody', '/erp/demo|2');
  expect((await member('GET', `/capabilities?${query}`)).status).toBe(404);
  const ofGroup = await shop.withClaims({ groups: ['plantao'] });
  expect(await askedBy(ofGroup, 'company=2')).toMatchObject({
    state: { kind: 'not-configured', lacks: [] },
    actions: { 'run-now': { allowed: false, because: { pt: 'A integração não está configurada.' } } },
  });
});

it('says where there is no integration yet what may be done to have one', async () => {
  const capability = await askedBy(vendor, 'source=/erp/demo&company=3');
  expect(capability).toMatchObject({ shown: true, state: { kind: 'off' } });
  expect(allowed(capability)).toEqual(['change-settings', 'change-periodicity']);
  expect(capability.actions['see-deliveries']!.because!.pt).toBe('Não há integração aqui.');
});

it("hides what is the connector's own where the connector says so", async () => {
  const own = async (company: string) =>
    (await vendor('GET', `/capabilities?source=/erp/demo&company=${company}`)).body.items[1];
  expect(await own('1')).toEqual({ name: 'shop-window', shown: true, actions: {} });
  expect(await own('2')).toEqual({ name: 'shop-window', shown: false, actions: {} });
});

it('asks a caller who goes everywhere which ERP is meant, and tells a stranger of nothing', async () => {
  expect((await vendor('GET', '/capabilities?company=1')).status).toBe(400);
  const stranger = await shop.as('vendor', '/erp/other|1');
  expect((await stranger('GET', `/capabilities?${DEMO_1}`)).status).toBe(404);
  expect((await (await shop.as('vendor', '/erp/demo|9'))('GET', '/capabilities?company=1')).status).toBe(404);
});

it('shows nothing of a partner before the system parameter of its ERP is on, and says which', async () => {
  await vendor('PUT', '/system-parameter', { source: '/erp/demo', enabled: false });
  expect(await askedBy(vendor, DEMO_1)).toMatchObject({
    shown: false,
    because: { pt: 'O parâmetro do sistema 900 (Usa a loja) está desligado.' },
    state: { kind: 'off', parameter: '900' },
    actions: { 'run-now': { allowed: false, because: { pt: 'A integração está desligada.' } } },
  });
});
