import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { sampleOf, type HubEvent } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { answerJson, startLocalPartner, type LocalPartner } from '../test/local-partner.js';
import { openShopApp, type Answer, type Ask, type ShopApp } from '../test/shop-app.js';
import { eventOf, TOKEN } from '../test/shop-database.js';

let shop: ShopApp;
let partner: LocalPartner;
let vendor: Ask;
let company: string;
let companies = 0;

beforeAll(async () => {
  [shop, partner] = await Promise.all([openShopApp(), startLocalPartner()]);
  vendor = await shop.as('vendor');
});
afterAll(async () => {
  await shop.close();
  await partner.close();
});
beforeEach(() => {
  companies += 1;
  company = `c${companies}`;
  partner.requests.splice(0);
});

async function save(more: { enabled?: boolean; resend?: boolean; settings?: object } = {}): Promise<Answer> {
  const reachable = { baseUrl: partner.url, allowPlainHttp: true, allowPrivateAddresses: true, token: TOKEN };
  const body = { source: '/erp/demo', company, enabled: true, ...more, settings: { ...reachable, ...more.settings } };
  return vendor('PUT', '/integrations', body);
}

const opened = (title: string, sequence = 1) =>
  shop.publish(eventOf('erp.receivable.opened.v1', { company, title, sequence }));
const adjusted = (title: string, sequence = 2) =>
  shop.publish(eventOf('erp.receivable.adjusted.v1', { company, title, sequence }));
const called = (title: string) => partner.requests.filter((request) => request.endsWith(`/${title}`)).length;
const loadsOf = async (id: string) => (await vendor('GET', `/integrations/${id}/loads`)).body.items;

/** As the reader says a walk: it begins, its rows, it ends. */
async function walk(titles: string[], backfillId: string = randomUUID()): Promise<void> {
  await shop.publish(walkEvent('ponte.backfill.started.v1', { backfillId }));
  for (const title of titles)
    await shop.publish(eventOf('erp.receivable.snapshot.v1', { company, title, sequence: 1 }));
  await shop.publish(walkEvent('ponte.backfill.finished.v1', { backfillId, rows: titles.length }));
}

function walkEvent(type: 'ponte.backfill.started.v1' | 'ponte.backfill.finished.v1', data: object): HubEvent {
  const sample = sampleOf(type) as HubEvent;
  const time = new Date().toISOString();
  const told = { ...sample.data, company, startedAt: time, ...data };
  return { ...sample, id: randomUUID(), time, company, data: told } as HubEvent;
}

/** Until intake has taken everything published so far: a title of another company goes through it. */
async function takenIn(): Promise<void> {
  const marker = `marker-${randomUUID()}`;
  await shop.publish(eventOf('erp.receivable.opened.v1', { company, title: marker, sequence: 1 }));
  const pool = shop.app.get(Pool);
  const known = 'select from receivable where company = $1 and receivable_id = $2';
  await eventually(async () => (await pool.query(known, [company, marker])).rowCount === 1);
}

async function finishedLoads(id: string, howMany: number): Promise<Record<string, unknown>[]> {
  return eventually(async () => {
    const loads = await loadsOf(id);
    expect(loads.filter(({ state }: { state: string }) => state === 'finished')).toHaveLength(howMany);
    return loads;
  });
}

describe('The first time an integration is ready', () => {
  it('asks for the titles to be read whole, waits for it, and sends each open one once', async () => {
    const { id } = (await save()).body;
    expect(await loadsOf(id)).toMatchObject([{ kind: 'initial', state: 'waiting-for-backfill' }]);
    await walk(['one', 'two', 'three']);
    expect(await finishedLoads(id, 1)).toMatchObject([{ titles: 3, deliveries: 3 }]);
    await eventually(() => expect(['one', 'two', 'three'].map(called)).toEqual([1, 1, 1]));
    await save({ settings: { concurrency: 3 } });
    await save({ settings: { concurrency: 4 } });
    expect(await loadsOf(id)).toHaveLength(1);
  });

  it('is the first instant at which it is on and configured, and not before', async () => {
    const { body } = await save({ settings: { token: null } });
    expect(body.state.kind).toBe('not-configured');
    expect(await loadsOf(body.id)).toEqual([]);
    await save();
    expect(await loadsOf(body.id)).toHaveLength(1);
  });

  it('sends movements meanwhile, and a title that moved is left to its movement', async () => {
    const { id } = (await save()).body;
    await walk(['quiet', 'busy']);
    await adjusted('busy');
    await finishedLoads(id, 1);
    await eventually(() => expect([called('quiet'), called('busy')]).toEqual([1, 1]));
  });

  it('does not send what is owed no more', async () => {
    await shop.publish(eventOf('erp.receivable.settled.v1', { company, title: 'paid', sequence: 1 }));
    await opened('open');
    await takenIn();
    const { id } = (await save()).body;
    await vendor('POST', `/integrations/${id}/loads/begin-without-backfill`);
    await finishedLoads(id, 1);
    await eventually(() => expect(called('open')).toBe(1));
    expect(called('paid')).toBe(0);
  });

  it('names the titles that could not be planned, and sends the others', async () => {
    const broken = eventOf('erp.receivable.opened.v1', { company, title: 'broken', sequence: 1 });
    broken.data.businessUnit = 'broken';
    await shop.publish(broken);
    await opened('good');
    await takenIn();
    const { id } = (await save()).body;
    await vendor('POST', `/integrations/${id}/loads/begin-without-backfill`);
    const [load] = await finishedLoads(id, 1);
    expect(load).toMatchObject({ failures: 1 });
    const failures = await vendor('GET', `/integrations/${id}/loads/${load!.id}/failures`);
    expect(failures.body.items).toEqual([
      { title: 'broken', reason: 'o título não tem prateleira / the title has no shelf' },
    ]);
    await eventually(() => expect(called('good')).toBe(1));
  });
});

describe('Turning an integration off and on again', () => {
  it('holds what waits, plans nothing meanwhile, and then sends what changed, once, deletions too', async () => {
    const { id } = (await save()).body;
    await walk(['same', 'changed', 'gone']);
    await finishedLoads(id, 1);
    await eventually(() => expect(['same', 'changed', 'gone'].map(called)).toEqual([1, 1, 1]));
    await save({ enabled: false });
    await adjusted('changed');
    await adjusted('changed', 3);
    await shop.publish(eventOf('erp.receivable.deleted.v1', { company, title: 'gone', sequence: 2 }));
    await opened('new');
    await takenIn();
    expect(['same', 'changed', 'gone', 'new'].map(called)).toEqual([1, 1, 1, 0]);
    await save();
    expect(await finishedLoads(id, 2)).toMatchObject([{ kind: 'difference' }, { kind: 'initial' }]);
    await eventually(() => expect(['same', 'changed', 'gone', 'new'].map(called)).toEqual([1, 2, 2, 1]));
    await save({ enabled: false });
    await save();
    expect(await finishedLoads(id, 3)).toMatchObject([{ kind: 'difference', titles: 0 }, {}, {}]);
  });
});

describe('The system parameter', () => {
  const form = async () => (await vendor('GET', '/integrations/form?source=/erp/demo')).body;
  const parameter = (enabled: boolean, more: object = {}) =>
    vendor('PUT', '/system-parameter', { source: '/erp/demo', enabled, ...more });

  it('shows the fields when it is on, and hides them when it is off', async () => {
    expect(await form()).toMatchObject({ shown: true, shownWhen: { systemParameter: '900', equals: true } });
    await parameter(false);
    expect(await form()).toMatchObject({ shown: false });
    await parameter(true);
    expect(await form()).toMatchObject({ shown: true });
  });

  it('off stops every integration of the ERP, says why nothing was planned, and on again sends the difference', async () => {
    const { id } = (await save()).body;
    await walk(['title']);
    await finishedLoads(id, 1);
    await eventually(() => expect(called('title')).toBe(1));
    await parameter(false);
    expect((await vendor('GET', `/integrations/${id}`)).body.state).toEqual({ kind: 'off', parameter: '900' });
    await adjusted('title');
    await takenIn();
    expect(called('title')).toBe(1);
    await parameter(true);
    await finishedLoads(id, 2);
    await eventually(() => expect(called('title')).toBe(2));
  });

  it('keeps who switched it, and refuses who looked at an older state', async () => {
    const { version } = (await parameter(false)).body;
    await parameter(true);
    expect((await parameter(false, { expectedVersion: version })).status).toBe(409);
    const history = (await vendor('GET', '/system-parameter/history?source=/erp/demo')).body;
    expect(history[0]).toMatchObject({ by: 'vendor da Silva', before: false, after: true });
  });

  it('is switched by nobody who may not switch each of its companies', async () => {
    await save();
    const admin = await shop.as('admin', `/erp/demo|${company}`);
    expect((await admin('PUT', '/system-parameter', { source: '/erp/demo', enabled: false })).status).toBe(404);
    const stranger = await shop.as('admin', '/erp/other|1');
    expect((await stranger('GET', '/system-parameter?source=/erp/demo')).status).toBe(404);
  });
});

describe('A setting that changes what the partner was told', () => {
  it('is refused with what it comes to, and with a word on it everything known is told again', async () => {
    const { id } = (await save()).body;
    await walk(['one', 'two']);
    await finishedLoads(id, 1);
    await eventually(() => expect(['one', 'two'].map(called)).toEqual([1, 1]));
    const refused = await save({ settings: { aisle: 'two' } });
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:ponte:problem:would-resend' } });
    expect(refused.body.detail).toContain('2 títulos');
    expect((await vendor('GET', `/integrations/${id}`)).body.settings.aisle).toBe('one');
    expect((await save({ settings: { aisle: 'two' }, resend: true })).status).toBe(200);
    expect(await finishedLoads(id, 2)).toMatchObject([{ kind: 'resend', titles: 2 }, {}]);
    await eventually(() => expect(['one', 'two'].map(called)).toEqual([2, 2]));
  });

  it('needs no word where nothing was told yet', async () => {
    await save({ enabled: false });
    expect((await save({ enabled: false, settings: { aisle: 'two' } })).status).toBe(200);
  });
});

describe('A change of settings', () => {
  it('is told with who and which fields, and never a value', async () => {
    const { id } = (await save()).body;
    await save({ settings: { concurrency: 5, token: 'another-canary' } });
    await save({ enabled: false });
    const pool = shop.app.get(Pool);
    const told = `select payload, actor from outbox where type = 'shop.settings.changed.v1' and aggregateid = $1 order by position`;
    const { rows } = await pool.query(told, [id]);
    expect(rows.map(({ payload }) => payload.change)).toEqual(['created', 'changed', 'turned-off']);
    expect(rows[1]).toMatchObject({
      actor: 'vendor da Silva',
      payload: { fields: ['concurrency', 'token'], version: 2 },
    });
    expect(JSON.stringify(rows)).not.toContain('canary');
  });
});

describe('The connection test', () => {
  it('says that the token is wrong, and lets go what stood still for it once it is right', async () => {
    const { id } = (await save()).body;
    partner.answer = (response) => answerJson(response, 401, {});
    const test = () => vendor('POST', `/integrations/${id}/test-connection`);
    expect(await test()).toMatchObject({ status: 200, body: [{ group: 'default', ok: false, problem: 'credential' }] });
    await opened('held');
    const paused = async () => {
      const { items } = (await vendor('GET', `/integrations/${id}/pauses`)).body;
      return items.some(({ reason }: { reason: string }) => reason === 'credential');
    };
    await eventually(paused);
    partner.answer = (response) => answerJson(response, 200, {});
    expect(await test()).toMatchObject({ status: 200, body: [{ group: 'default', ok: true }] });
    await eventually(() => expect(called('held')).toBeGreaterThan(0));
    expect(await paused()).toBe(false);
  });

  it('tells an unreachable partner from a wrong token, and of a missing token which one', async () => {
    const { id } = (await save({ settings: { baseUrl: 'http://127.0.0.1:9' } })).body;
    const test = () => vendor('POST', `/integrations/${id}/test-connection`);
    expect((await test()).body).toMatchObject([{ ok: false, problem: 'unreachable' }]);
    await save({ settings: { token: null } });
    expect(await test()).toMatchObject({ status: 409, body: { detail: expect.stringContaining('Token da loja') } });
  });
});
