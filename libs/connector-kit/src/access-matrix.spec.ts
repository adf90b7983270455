import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROLES, routesOf, type Permission, type Role, type Route } from '#libs/access';
import { startLocalPartner, type LocalPartner } from '../test/local-partner.js';
import { BODIES, CANARY, COMPANY, groupOf, openCompany, QUERIES, type Ids } from '../test/matrix.js';
import { openShopApp, type Answer, type Ask, type ShopApp } from '../test/shop-app.js';

const ROLE_NAMES = Object.keys(ROLES) as Role[];
/** Another company, the same code in another ERP, another branch of the same company. */
const FOREIGN = ['/erp/demo|elsewhere', `/erp/other|${COMPANY}`, `/erp/demo|${COMPANY}|99`];
/** Of which the shop has none, whoever asks. */
const NOWHERE = /^\/(reconciliations|balance\/differences)\//;

let shop: ShopApp;
let partner: LocalPartner;
let vendor: Ask;
let ids: Ids;
let routes: Route[];

beforeAll(async () => {
  [shop, partner] = await Promise.all([openShopApp(), startLocalPartner()]);
  vendor = await shop.as('vendor');
  ids = await openCompany(shop, partner, vendor);
  routes = routesOf(shop.app);
});
afterAll(async () => {
  await shop.close();
  await partner.close();
});

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const holds = (role: Role, { access }: Route) =>
  access === 'signed-in' || (ROLES[role] as readonly string[]).includes(access as Permission);

/** With every parameter in its place. */
function addressOf(route: Route): string {
  const path = route.path.replace(/\/:\w+/g, (parameter, at: number) => {
    const before = route.path.slice(0, at);
    const id = ids.get(before) ?? ids.get(`/${before.split('/')[1]}`);
    if (!id) throw new Error(`test/matrix.ts must say what ${parameter} of ${route.path} stands for`);
    return `/${id}`;
  });
  return path + (QUERIES[nameOf(route)] ?? '');
}

const bodyOf = (route: Route) =>
  route.method === 'GET' ? undefined : (BODIES[nameOf(route)] ?? { reason: 'out of curiosity' });

const askAs = (ask: Ask, route: Route): Promise<Answer> => ask(route.method, addressOf(route), bodyOf(route));

/** Everything of the company, as the vendor sees it. */
async function everything(): Promise<Record<string, unknown>> {
  const lists = routes.filter(({ method, path }) => method === 'GET' && !/form$|capabilities$/.test(path));
  const answers = await Promise.all(lists.map((route) => askAs(vendor, route)));
  return Object.fromEntries(
    answers.map(({ status, body }, at) => [nameOf(lists[at]!), status === 200 ? body : status]),
  );
}

/** The path that was asked for is said back, and is no news. */
const saidIn = ({ body }: Answer) => JSON.stringify({ ...body, instance: undefined });

async function everyRoute(complaintAbout: (route: Route) => Promise<string[]>): Promise<string[]> {
  const complaints: string[] = [];
  for (const route of routes) {
    if (route.access === 'public') continue;
    complaints.push(...(await complaintAbout(route)).map((complaint) => `${nameOf(route)}: ${complaint}`));
  }
  return complaints;
}

it('looks at every route there is', () => {
  const { stack } = shop.app.getHttpAdapter().getInstance().router as {
    stack: { route?: { path: string; methods: Record<string, boolean> } }[];
  };
  const served = stack.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`) : [],
  );
  const known = new Set(routes.map(nameOf));
  // Beside the documentation and what every request goes through.
  expect(served.filter((route) => !known.has(route) && !/\/docs|\*splat/.test(route))).toEqual([]);
  expect(routes.length).toBeGreaterThan(40);
  expect(routes.filter(({ access }) => access === undefined || access === 'public')).toEqual([]);
});

it('lets nobody pass without a token', async () => {
  const complaints = await everyRoute(async (route) => {
    const { status } = await fetch(shop.url + addressOf(route), { method: route.method });
    return status === 401 ? [] : [`HTTP ${status}`];
  });
  expect(complaints).toEqual([]);
});

describe.each(FOREIGN)('somebody of %s', (company) => {
  it.each(ROLE_NAMES)('sees nothing of the company and changes nothing there, as %s', async (role) => {
    const before = await everything();
    const stranger = await shop.as(role, company);
    const complaints = await everyRoute(async (route) => {
      const answer = await askAs(stranger, route);
      const leaks = saidIn(answer).toLowerCase().includes(CANARY) ? [`says ${saidIn(answer)}`] : [];
      if (!holds(role, route)) return answer.status === 403 ? leaks : [...leaks, `HTTP ${answer.status}, not 403`];
      const isAboutOne = route.path.includes(':') || route.method === 'PUT' || nameOf(route) === 'GET /capabilities';
      if (isAboutOne && !isOwnSwitch(route, company)) {
        return answer.status === 404 ? leaks : [...leaks, `HTTP ${answer.status}, not 404`];
      }
      const { items } = answer.body ?? {};
      const isEmpty = items === undefined || items.length === 0;
      return isEmpty && [200, 404, 409].includes(answer.status)
        ? leaks
        : [...leaks, `HTTP ${answer.status} with ${items?.length} items`];
    });
    expect(complaints).toEqual([]);
    expect(await everything()).toEqual(before);
  });
});

it('tells nobody whether an ERP they have nothing to do with is switched on', async () => {
  const stranger = await shop.as('vendor', `/erp/other|${COMPANY}`);
  for (const path of ['/integrations/form', '/system-parameter', '/system-parameter/history']) {
    expect((await vendor('GET', `${path}?source=/erp/demo`)).status).toBe(200);
    expect((await stranger('GET', `${path}?source=/erp/demo`)).status).toBe(404);
  }
});

/** Of another ERP, where the caller switches what is its own affair. */
function isOwnSwitch(route: Route, company: string): boolean {
  return route.path.startsWith('/system-parameter') && !company.startsWith('/erp/other') && route.method === 'GET';
}

describe('somebody of the company itself', () => {
  it.each(ROLE_NAMES)('may as %s what the role says and no more', async (role) => {
    const own = await shop.as(role, `/erp/demo|${COMPANY}`);
    const complaints = await everyRoute(async (route) => {
      if (nameOf(route) === 'DELETE /access/groups/:id')
        (ids as Map<string, string>).set('/access/groups', await groupOf(vendor));
      const { status, body } = await askAs(own, route);
      if (!holds(role, route)) return status === 403 ? [] : [`HTTP ${status}, not 403`];
      if (NOWHERE.test(route.path)) return status === 404 ? [] : [`HTTP ${status}, not 404`];
      const passed = status < 300 || status === 409;
      return passed ? [] : [`HTTP ${status} ${JSON.stringify(body)}`];
    });
    expect(complaints).toEqual([]);
  });
});
