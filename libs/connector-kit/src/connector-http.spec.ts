import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RequestMethod } from '@nestjs/common';
import { eventually } from '#libs/testing';
import { answerJson, startLocalPartner, type LocalPartner } from '../test/local-partner.js';
import { openShopApp, type Answer, type Ask, type ShopApp } from '../test/shop-app.js';
import { eventOf, TOKEN } from '../test/shop-database.js';
import { DeliveriesController } from './deliveries.controller.js';
import { EndpointsController } from './endpoints.controller.js';
import { IntegrationsController } from './integrations.controller.js';
import { ParkedEventsController } from './parked-events.controller.js';
import { RedrivesController } from './redrives.controller.js';

let shop: ShopApp;
let partner: LocalPartner;
let vendor: Ask;
let admin: Ask;
let stranger: Ask;

beforeAll(async () => {
  [shop, partner] = await Promise.all([openShopApp(), startLocalPartner()]);
  vendor = await shop.as('vendor');
  admin = await shop.as('admin', '/erp/demo|1');
  stranger = await shop.as('vendor', '/erp/demo|elsewhere');
});

afterAll(async () => {
  await shop.close();
  await partner.close();
});

function save(company: string, settings: object = {}, more: object = {}, ask = vendor): Promise<Answer> {
  const reachable = { baseUrl: partner.url, allowPlainHttp: true, allowPrivateAddresses: true, token: TOKEN };
  const body = { source: '/erp/demo', company, enabled: true, ...more, settings: { ...reachable, ...settings } };
  return ask('PUT', '/integrations', body);
}

function itemsOf(ask: Ask, path: string, howMany: number): Promise<Record<string, never>[]> {
  return eventually(async () => {
    const { items } = (await ask('GET', path)).body;
    expect(items).toHaveLength(howMany);
    return items;
  });
}

describe('integrations over HTTP', () => {
  it('take secrets and never give one back, in no answer and no history', async () => {
    const { status, body } = await save('1');
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: { kind: 'ready' }, settings: { token: { set: true }, baseUrl: partner.url } });
    const paths = ['', `/${body.id}`, `/${body.id}/history`, '/form'];
    const answers = await Promise.all(paths.map((path) => vendor('GET', `/integrations${path}`)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(JSON.stringify([body, answers])).not.toContain(TOKEN);
    const refused = await save('1', { token: { not: TOKEN } });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).not.toContain(TOKEN);
  });

  it('answer 409 to who saves by a version that somebody else has replaced', async () => {
    const { version } = (await save('versions')).body;
    expect((await save('versions', {}, { displayName: 'A', expectedVersion: version })).status).toBe(200);
    const late = await save('versions', {}, { displayName: 'B', expectedVersion: version });
    expect(late).toMatchObject({ status: 409, body: { type: expect.stringContaining('version-conflict') } });
  });

  it('refuse an admin what only the vendor may change, naming it, and let the rest be changed', async () => {
    const ofAdmin = (settings: object) =>
      admin('PUT', '/integrations', { source: '/erp/demo', company: '1', settings });
    const refused = await ofAdmin({ periodicityMinutes: 5 });
    expect(refused.status).toBe(403);
    expect(refused.body.errors).toEqual([expect.objectContaining({ pointer: '/settings/periodicityMinutes' })]);
    expect((await ofAdmin({ concurrency: 3 })).body.settings).toMatchObject({ concurrency: 3, periodicityMinutes: 0 });
  });

  it('are listed page by page, each once', async () => {
    await save('page-1');
    await save('page-2');
    const all = (await vendor('GET', '/integrations?limit=100')).body.items;
    const first = (await vendor('GET', '/integrations?limit=1')).body;
    const rest = (await vendor('GET', `/integrations?limit=100&cursor=${first.next}`)).body;
    expect([...first.items, ...rest.items]).toEqual(all);
    expect(first.items).toHaveLength(1);
  });

  it('start a run at once with a cadence, and answer 409 without one', async () => {
    const { id } = (await save('runs')).body;
    expect((await vendor('POST', `/integrations/${id}/runs`)).status).toBe(409);
    await save('runs', { periodicityMinutes: 1_440 });
    const started = await vendor('POST', `/integrations/${id}/runs`);
    expect(started).toMatchObject({ status: 201, body: { runId: expect.any(String) } });
    expect((await vendor('GET', `/integrations/${id}/runs`)).body.items).toMatchObject([{ id: started.body.runId }]);
  });
});

describe('pauses over HTTP', () => {
  it('stop every call of the integration until somebody resumes it', async () => {
    const { id } = (await save('paused')).body;
    const reason = { reason: 'maintenance window' };
    expect((await vendor('POST', `/integrations/${id}/pauses/operator`, reason)).status).toBe(204);
    expect((await vendor('GET', `/integrations/${id}/pauses`)).body.items).toMatchObject([
      { reason: 'operator', detail: reason.reason, setBy: 'vendor da Silva' },
    ]);
    await shop.publish(eventOf('erp.receivable.opened.v1', { company: 'paused', title: 'P1' }));
    await shop.publish(eventOf('erp.receivable.opened.v1', { company: '1', title: 'P2' }));
    await itemsOf(vendor, `/deliveries?integrationId=${id}`, 1);
    await eventually(() => expect(partner.requests).toContain('PUT /titles/P2'));
    expect(partner.requests).not.toContain('PUT /titles/P1');

    expect((await vendor('POST', `/integrations/${id}/pauses/operator/resume`)).status).toBe(204);
    await eventually(() => expect(partner.requests).toContain('PUT /titles/P1'));
    expect((await vendor('POST', `/integrations/${id}/pauses/operator/resume`)).status).toBe(409);
  });

  it('stand while the integration is off and are gone when it is ready; a save clears what the partner refused', async () => {
    const { id } = (await save('switch')).body;
    const reasons = async () =>
      (await vendor('GET', `/integrations/${id}/pauses`)).body.items.map((pause: { reason: string }) => pause.reason);
    await save('switch', {}, { enabled: false });
    expect(await reasons()).toEqual(['off']);
    await save('switch', {}, { enabled: true });
    expect(await reasons()).toEqual([]);

    partner.answer = (response) => answerJson(response, 401, {});
    await shop.publish(eventOf('erp.receivable.opened.v1', { company: 'switch', title: 'S1' }));
    await eventually(async () => expect(await reasons()).toEqual(['credential']));
    partner.answer = (response) => answerJson(response, 200, {});
    await save('switch', { token: 'another-token' });
    await itemsOf(vendor, `/deliveries?settled=true&integrationId=${id}`, 1);
    expect(await reasons()).toEqual([]);
  });
});

describe('parked events over HTTP', () => {
  it('are listed with the reason, and opened only by who may see personal data', async () => {
    await save('parked', { shelf: 'broken' });
    const event = eventOf('erp.receivable.opened.v1', { company: 'parked', title: 'K1' });
    await shop.publish(event);
    const ofParked = await shop.as('admin', '/erp/demo|parked');
    const [parked] = await itemsOf(ofParked, '/parked-events', 1);
    expect(parked).toMatchObject({ eventId: event.id, reason: expect.stringContaining('the shelf fell down') });
    expect((await ofParked('GET', `/parked-events/${parked!.id}/content`)).status).toBe(403);
    const auditor = await shop.as('auditor', '/erp/demo|parked');
    const { contentBase64 } = (await auditor('GET', `/parked-events/${parked!.id}/content`)).body;
    expect(JSON.parse(Buffer.from(contentBase64, 'base64').toString())).toMatchObject({ id: event.id });

    expect((await ofParked('POST', `/parked-events/${parked!.id}/plan`)).status).toBe(409);
    await save('parked', { shelf: 'good' });
    expect((await ofParked('POST', `/parked-events/${parked!.id}/plan`)).status).toBe(204);
    await eventually(() => expect(partner.requests).toContain('PUT /titles/K1'));
  });
});

const CONTROLLERS = [
  IntegrationsController,
  EndpointsController,
  DeliveriesController,
  RedrivesController,
  ParkedEventsController,
];
const routes = CONTROLLERS.flatMap((controller) => {
  const base = Reflect.getMetadata('path', controller) as string;
  const handlers = Object.values(Object.getOwnPropertyDescriptors(controller.prototype)).map(({ value }) => value);
  return handlers
    .filter((handler) => Reflect.hasMetadata('method', handler))
    .map((handler): [method: string, path: string] => {
      const path = (Reflect.getMetadata('path', handler) as string).replace(/^\/$/, '');
      return [
        RequestMethod[Reflect.getMetadata('method', handler) as number]!,
        `/${[base, path].filter(Boolean).join('/')}`,
      ];
    });
});

describe('somebody of another company', () => {
  const ids = new Map<string, string>();

  beforeAll(async () => {
    ids.set('integrations', (await save('foreign', { periodicityMinutes: 1_440 })).body.id);
    await shop.publish(eventOf('erp.receivable.opened.v1', { company: 'foreign', branch: '3', title: 'F1' }));
    const [delivery] = await itemsOf(vendor, `/deliveries?integrationId=${ids.get('integrations')}`, 1);
    ids.set('deliveries', delivery!.position!);
    await save('foreign-parked', { shelf: 'broken' });
    await shop.publish(eventOf('erp.receivable.opened.v1', { company: 'foreign-parked', title: 'F2' }));
    const [parked] = await itemsOf(await shop.as('vendor', '/erp/demo|foreign-parked'), '/parked-events', 1);
    ids.set('parked-events', parked!.id!);
    ids.set('redrives', await redriveOf('foreign-refused'));
  });

  /** Of a delivery the partner refuses again and again. */
  async function redriveOf(company: string): Promise<string> {
    await save(company);
    partner.answer = (response, { url }) => answerJson(response, url === '/titles/F3' ? 422 : 200, {});
    await shop.publish(eventOf('erp.receivable.opened.v1', { company, branch: '3', title: 'F3' }));
    await itemsOf(vendor, `/deliveries?state=parked&company=${company}`, 1);
    const wish = { filter: { company }, reason: 'out of curiosity', perSecond: 1, expectedCount: 1 };
    return (await vendor('POST', '/redrives', wish)).body.id;
  }

  it('is met by every route the kit has', () => {
    expect(routes).toHaveLength(31);
  });

  it.each(routes.filter(([, path]) => path.includes(':')))(
    'is told by %s %s that there is no such thing',
    async (method, path) => {
      const id = ids.get(path.split('/')[1]!)!;
      const asked = path.replace(/:(id|position)/, id);
      const said = { reason: 'out of curiosity', ...(path.endsWith('/resolve') && { happened: false }) };
      const body = method === 'GET' ? undefined : said;
      expect((await stranger(method, asked, body)).status).toBe(404);
      expect((await stranger(method, path.replace(/:(id|position)/, 'no-number'), body)).status).toBe(404);
    },
  );

  it.each(routes.filter(([method, path]) => method === 'GET' && !/:|form$/.test(path)))(
    'is shown by %s %s nothing',
    async (method, path) => {
      // What is refused again and again is on its way between two refusals.
      await eventually(async () => expect((await vendor(method, path)).body.items).not.toHaveLength(0));
      expect(await stranger(method, path)).toMatchObject({ status: 200, body: { items: [] } });
    },
  );

  it('cannot make an integration for it', async () => {
    expect((await save('foreign', {}, {}, stranger)).status).toBe(404);
  });

  it('sees the deliveries of its own branch, and those of no other', async () => {
    const ofBranch = await shop.as('operator', '/erp/demo|foreign|3');
    const ofOther = await shop.as('operator', '/erp/demo|foreign|4');
    await itemsOf(ofBranch, '/deliveries', 1);
    await itemsOf(ofOther, '/deliveries', 0);
    expect((await ofOther('GET', `/deliveries/${ids.get('deliveries')}`)).status).toBe(404);
  });
});

it('tells of standing pauses and of calls to the partner in its metrics', async () => {
  const { id } = (await save('metrics', {}, { enabled: false })).body;
  expect(id).toEqual(expect.any(String));
  const text = await (await fetch(`${shop.opsUrl}/metrics`)).text();
  expect(text).toMatch(/ponte_endpoints_paused\{reason="off",app="shop-connector"\} 1/);
  expect(text).toMatch(
    /ponte_partner_call_seconds_count\{app="shop-connector",endpoint="shop",path="\/titles\/\{id\}",outcome="2xx"\} [1-9]/,
  );
});
