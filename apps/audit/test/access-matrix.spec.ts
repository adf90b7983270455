import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROLES, routesOf, type Permission, type Role, type Route } from '#libs/access';
import { eventually, privateDatabase, privateVhost, type PrivateDatabase, type PrivateVhost } from '#libs/testing';
import { eventOf, migratedAudit, openAudit, openPublisher, tokenOf, type AuditUnderTest } from './audit-under-test.js';

const ROLE_NAMES = Object.keys(ROLES) as Role[];
const COMPANY = 'canary-co';
const OWN = { source: '/erp/demo', company: COMPANY };
const FOREIGN = ['/erp/demo|elsewhere', `/erp/other|${COMPANY}`, `/erp/demo|${COMPANY}|99`];

let database: PrivateDatabase;
let vhost: PrivateVhost;
let audit: AuditUnderTest;
let routes: Route[];
const ids = new Map<string, string>();
let publish: Awaited<ReturnType<typeof openPublisher>>;

const newEvent = () =>
  eventOf('erp.receivable.opened.v1', (opened) => {
    opened.company = COMPANY;
    opened.subject = 'receivable/canary-title';
    Object.assign(opened.data, { company: COMPANY, receivableId: 'canary-title' });
  });
const event = newEvent();
const GROUP = { ...OWN, name: 'canary-group', permissions: ['events.read'] };
const BODIES: Record<string, object> = {
  'POST /entries/:id/reveal': { reason: 'out of curiosity' },
  'POST /subjects/erase': { ...OWN, document: event.data.customer.document, reason: 'out of curiosity' },
  'PUT /access/groups': GROUP,
};

beforeAll(async () => {
  [database, vhost] = await Promise.all([privateDatabase(migratedAudit), privateVhost()]);
  audit = await openAudit({ database, vhost });
  publish = await openPublisher(vhost.amqpUrl);
  await record(event);
  await audit.seal();
  // Last, since after it there is nothing left to be seen.
  routes = routesOf(audit.app).toSorted((one, other) => Number(isErasure(one)) - Number(isErasure(other)));
  await newGroup();
});
afterAll(async () => {
  await publish.close();
  await audit.close();
  await Promise.all([database.drop(), vhost.drop()]);
});

async function newGroup(): Promise<void> {
  ids.set('/access/groups', (await audit.ask<{ id: string }>('PUT', '/access/groups', GROUP)).body.id);
}

async function record(one: typeof event): Promise<void> {
  await publish.erp(one);
  const [entry] = await eventually(async () => {
    const items = await audit.entriesOf(one.id);
    expect(items).toHaveLength(1);
    return items;
  });
  ids.set('/entries', entry!.id);
}

const isErasure = ({ path }: Route) => path.endsWith('/erase');
const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const holds = (role: Role, { access }: Route) => (ROLES[role] as readonly string[]).includes(access as Permission);

const QUERIES: Record<string, string> = {
  'GET /timeline': `?eventId=${event.id}`,
  'GET /seals/verify': `?source=${OWN.source}&company=${COMPANY}`,
};

function ask(route: Route, bearer: string) {
  const path = route.path.replace(/\/:\w+/, (parameter, at: number) => {
    const id = ids.get(route.path.slice(0, at));
    if (!id) throw new Error(`say here what ${parameter} of ${route.path} stands for`);
    return `/${id}`;
  });
  const body = route.method === 'GET' ? undefined : (BODIES[nameOf(route)] ?? {});
  return audit.ask<Record<string, unknown> | unknown[] | undefined>(
    route.method,
    path + (QUERIES[nameOf(route)] ?? ''),
    body,
    bearer,
  );
}

it('lets nobody pass without a token of the issuer', async () => {
  const answers = await Promise.all(routes.map((route) => ask(route, 'nobody')));
  expect(answers.map(({ status }) => status)).toEqual(routes.map(() => 401));
  expect(routes.length).toBeGreaterThan(10);
});

describe.each(FOREIGN)('somebody of %s', (company) => {
  it.each(ROLE_NAMES)('finds nothing of the company and changes nothing there, as %s', async (role) => {
    const bearer = await tokenOf({ roles: [role], companies: [company] });
    const complaints: string[] = [];
    for (const route of routes) {
      const { status, body } = await ask(route, bearer);
      const said = JSON.stringify({ ...body, instance: undefined });
      const items = Array.isArray(body) ? body : body?.items;
      const isNothing = status === 404 || (status === 200 && ((items as unknown[]) ?? []).length === 0);
      const isRight = holds(role, route) ? isNothing : status === 403;
      if (!isRight || /canary/i.test(said)) complaints.push(`${nameOf(route)}: HTTP ${status} ${said}`);
    }
    expect(complaints).toEqual([]);
  });
});

describe('somebody of the company itself', () => {
  it.each(ROLE_NAMES)('may as %s what the role says and no more', async (role) => {
    const bearer = await tokenOf({ roles: [role], companies: [`${OWN.source}|${COMPANY}`] });
    const complaints: string[] = [];
    await record(newEvent());
    for (const route of routes) {
      if (route.method === 'DELETE') await newGroup();
      const { status, body } = await ask(route, bearer);
      const isRight = holds(role, route) ? status < 300 : status === 403;
      if (!isRight) complaints.push(`${nameOf(route)}: HTTP ${status} ${JSON.stringify(body)}`);
    }
    expect(complaints).toEqual([]);
  });
});
