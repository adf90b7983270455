import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROLES, routesOf, type Permission, type Role, type Route } from '#libs/access';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { ReaderEnvironment } from '../src/reader-environment.js';
import { ReaderModule } from '../src/reader.module.js';
import { ReaderWorld } from './reader-world.js';

const ROLE_NAMES = Object.keys(ROLES) as Role[];
const COMPANY = 'canary-co';
const OWN = { source: '/erp/test', company: COMPANY };
const FOREIGN = ['/erp/test|elsewhere', `/erp/other|${COMPANY}`, `/erp/test|${COMPANY}|99`];
const BODIES: Record<string, object> = {
  'POST /backfills': { company: COMPANY, aggregate: 'receivable' },
  'PUT /access/groups': { ...OWN, name: 'canary-group', permissions: ['reader.read'] },
};

let world: ReaderWorld;
let reader: RunningApp;
let routes: Route[];
let vendor: string;
const ids = new Map<string, string>();
let rows = 0;

beforeAll(async () => {
  world = await ReaderWorld.open();
  vendor = await world.token(['vendor']);
  await world.listen();
  const environment = readEnvironment(ReaderEnvironment, { ...world.environment, LOG_LEVEL: 'fatal' });
  const options = { name: 'erp-outbox-reader', environment: ReaderEnvironment, module: ReaderModule.for };
  reader = await openApp(options, environment);
  routes = routesOf(reader.app);
  await newRow();
  await newGroup();
  const backfill = await send('POST', '/backfills', vendor, BODIES['POST /backfills']);
  expect(backfill.status).toBe(202);
  ids.set('/backfills', backfill.body.id);
});
afterAll(async () => {
  await reader.close();
  await world.close();
});

/** One that can never travel. */
async function newRow(): Promise<void> {
  const position = await world.write(`canary-${(rows += 1)}`, 1, 'No Type At All', COMPANY);
  await eventually(async () => {
    const { items } = (await send('GET', '/parked', vendor)).body;
    expect(items.map((row: { position: string }) => row.position)).toContain(position);
  });
  ids.set('/parked', position);
}

async function newGroup(): Promise<void> {
  ids.set('/access/groups', (await send('PUT', '/access/groups', vendor, BODIES['PUT /access/groups'])).body.id);
}

async function send(method: string, path: string, bearer: string, body?: object) {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const answer = await fetch(reader.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const holds = (role: Role, { access }: Route) => (ROLES[role] as readonly string[]).includes(access as Permission);

function ask(route: Route, bearer: string) {
  const path = route.path.replace(/\/:\w+/, (parameter, at: number) => {
    const id = ids.get(route.path.slice(0, at));
    if (!id) throw new Error(`say here what ${parameter} of ${route.path} stands for`);
    return `/${id}`;
  });
  const body = route.method === 'GET' ? undefined : (BODIES[nameOf(route)] ?? {});
  return send(route.method, path, bearer, body);
}

it('lets nobody pass without a token of the issuer', async () => {
  const answers = await Promise.all(routes.map((route) => ask(route, 'nobody')));
  expect(answers.map(({ status }) => status)).toEqual(routes.map(() => 401));
  expect(routes.length).toBeGreaterThan(10);
});

describe.each(FOREIGN)('somebody of %s', (company) => {
  it.each(ROLE_NAMES)('sees nothing of the company and changes nothing there, as %s', async (role) => {
    const bearer = await world.token([role], [company]);
    const complaints: string[] = [];
    for (const route of routes) {
      const { status, body } = await ask(route, bearer);
      const said = JSON.stringify({ ...body, instance: undefined });
      const isNothing = status === 404 || (status === 200 && (body.items ?? []).length === 0);
      const isRight = holds(role, route) ? isNothing : status === 403;
      if (!isRight || /canary/i.test(said)) complaints.push(`${nameOf(route)}: HTTP ${status} ${said}`);
    }
    expect(complaints).toEqual([]);
  });
});

describe('somebody of the company itself', () => {
  it.each(ROLE_NAMES)('may as %s what the role says and no more', async (role) => {
    const bearer = await world.token([role], [`${OWN.source}|${COMPANY}`]);
    const complaints: string[] = [];
    for (const route of routes) {
      if (route.method === 'DELETE') await newGroup();
      if (route.path.endsWith('/release')) await newRow();
      const { status, body } = await ask(route, bearer);
      const isRight = holds(role, route) ? status < 300 || status === 409 : status === 403;
      if (!isRight) complaints.push(`${nameOf(route)}: HTTP ${status} ${JSON.stringify(body)}`);
    }
    expect(complaints).toEqual([]);
  });
});
