import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { answerJson, startLocalPartner, type LocalPartner } from '../test/local-partner.js';
import { openShopApp, type Answer, type Ask, type ShopApp } from '../test/shop-app.js';
import { eventOf, TOKEN } from '../test/shop-database.js';

type Item = Record<string, never>;

let shop: ShopApp;
let partner: LocalPartner;
let vendor: Ask;
/** Titles the partner knows nothing of. */
let unknown: Set<string>;
let companies = 0;

beforeAll(async () => {
  [shop, partner] = await Promise.all([openShopApp(), startLocalPartner()]);
  vendor = await shop.as('vendor');
});
beforeEach(() => {
  unknown = new Set();
  partner.requests.length = 0;
  partner.answer = (response, { url }) => {
    const title = url!.split('/').at(-1)!;
    if (unknown.has(title)) answerJson(response, 422, { error: `title ${title} unknown` });
    else answerJson(response, 200, {});
  };
});
afterAll(async () => {
  await shop.close();
  await partner.close();
});

/** A company of the test's own, so that what others left behind is not seen. */
async function openCompany(settings: object = {}): Promise<string> {
  const company = `operated-${(companies += 1)}`;
  await save(company, settings);
  return company;
}

function save(company: string, settings: object = {}): Promise<Answer> {
  const reachable = { baseUrl: partner.url, allowPlainHttp: true, allowPrivateAddresses: true, token: TOKEN };
  const body = { source: '/erp/demo', company, enabled: true, settings: { ...reachable, ...settings } };
  return vendor('PUT', '/integrations', body);
}

async function park(company: string, ...titles: string[]): Promise<string[]> {
  for (const title of titles) unknown.add(title);
  for (const title of titles) await shop.publish(eventOf('erp.receivable.opened.v1', { company, branch: '3', title }));
  const parked = await itemsOf(vendor, `/deliveries?state=parked&company=${company}`, titles.length);
  return titles.map((title) => parked.find(({ subject }) => subject === `receivable/${title}`)!.position!);
}

function itemsOf(ask: Ask, path: string, howMany: number): Promise<Item[]> {
  return eventually(async () => {
    const { items } = (await ask('GET', path)).body;
    expect(items).toHaveLength(howMany);
    return items;
  });
}

const stateOf = (position: string, state: string) =>
  eventually(async () => expect((await vendor('GET', `/deliveries/${position}`)).body.delivery.state).toBe(state));
const codeOf = ({ status, body }: Answer) => [status, body?.type?.replace('urn:ponte:problem:', '')];
const because = { reason: 'typed wrong' };

describe('edit and resend over HTTP', () => {
  it('puts a new delivery in the place of the original, by its whole body or by what changes in it', async () => {
    const company = await openCompany();
    const [first, second] = await park(company, 'E1', 'E2');
    const path = (position?: string) => `/deliveries/${position}/edit-and-resend`;
    const edited = await vendor('POST', path(first), { ...because, body: { id: 'E1-right' } });
    expect(edited).toEqual({ status: 201, body: { position: expect.any(String) } });
    const patched = await vendor('POST', path(second), { ...because, patch: { id: 'E2-right' } });
    await stateOf(edited.body.position, 'delivered');
    await stateOf(patched.body.position, 'delivered');
    expect(partner.requests.filter((request) => request.endsWith('-right')).toSorted()).toEqual([
      'PUT /titles/E1-right',
      'PUT /titles/E2-right',
    ]);
    expect((await vendor('GET', `/deliveries/${first}`)).body).toMatchObject({
      delivery: { state: 'superseded' },
      actions: [{ action: 'edited', by: 'vendor da Silva', reason: 'typed wrong', replacedBy: edited.body.position }],
    });
    expect((await vendor('GET', `/deliveries/${edited.body.position}`)).body.replaces).toBe(first);
    expect(codeOf(await vendor('POST', path(first), { ...because, body: {} }))).toEqual([409, 'delivery-replaced']);
  });

  it('is for those who may change contents, shows what is sent to those who may see it, and wants one of two bodies', async () => {
    const company = await openCompany();
    const [position] = await park(company, 'E3');
    const operator = await shop.as('operator', `/erp/demo|${company}`);
    const path = `/deliveries/${position}/edit-and-resend`;
    expect(codeOf(await operator('POST', path, { ...because, body: {} }))).toEqual([403, 'missing-permission']);
    expect(codeOf(await vendor('POST', path, because))).toEqual([400, 'invalid-request']);
    expect(codeOf(await vendor('POST', path, { ...because, body: {}, patch: {} }))).toEqual([400, 'invalid-request']);
    expect(codeOf(await vendor('POST', path, { ...because, body: { id: '\0' } }))).toEqual([400, 'invalid-request']);
    const admin = await shop.as('admin', `/erp/demo|${company}`);
    expect(codeOf(await admin('GET', `/deliveries/${position}/body`))).toEqual([403, 'missing-permission']);
    expect((await vendor('GET', `/deliveries/${position}/body`)).body).toEqual({ body: { id: 'E3' } });
    const patched = await admin('POST', path, { ...because, patch: { note: 'added' } });
    const { body } = await vendor('GET', `/deliveries/${patched.body.position}/body`);
    expect(body).toEqual({ body: { id: 'E3', note: 'added' } });
  });
});

describe('retrying over HTTP', () => {
  it('records who did it and why, where a reason is given', async () => {
    const company = await openCompany();
    const [position] = await park(company, 'R1');
    const operator = await shop.as('operator', `/erp/demo|${company}`);
    expect((await operator('POST', `/deliveries/${position}/retry`)).status).toBe(204);
    await eventually(async () =>
      expect((await vendor('GET', `/deliveries/${position}`)).body.delivery).toMatchObject({
        state: 'parked',
        tries: 2,
      }),
    );
    unknown.clear();
    expect((await operator('POST', `/deliveries/${position}/retry`, { reason: 'registered there' })).status).toBe(204);
    await stateOf(position!, 'delivered');
    expect((await vendor('GET', `/deliveries/${position}`)).body.actions).toMatchObject([
      { action: 'retried', by: 'operator da Silva', reason: null },
      { action: 'retried', by: 'operator da Silva', reason: 'registered there' },
    ]);
    expect(codeOf(await operator('POST', `/deliveries/${position}/retry`))).toEqual([409, 'delivery-settled']);
  });
});

describe('redrives over HTTP', () => {
  it('are previewed, begun as previewed, followed and accounted for item by item', async () => {
    const company = await openCompany();
    await park(company, 'D1', 'D2', 'D3');
    const operator = await shop.as('operator', `/erp/demo|${company}`);
    const filter = { company, reasonContains: 'http 422' };
    const preview = (await operator('POST', '/redrives/preview', { filter })).body;
    expect(preview).toMatchObject({
      count: 3,
      byOperation: [{ operation: 'title.put', count: 3 }],
      byReason: [{ count: 3 }],
    });
    expect(preview.sample).toHaveLength(3);

    unknown = new Set(['D2']);
    const wish = { filter, reason: 'titles were registered', perSecond: 100, expectedCount: preview.count };
    const tooFew = await operator('POST', '/redrives', { ...wish, expectedCount: 2 });
    expect(codeOf(tooFew)).toEqual([409, 'redrive-count-moved']);
    const presses = await Promise.all(Array.from({ length: 20 }, () => operator('POST', '/redrives', wish)));
    const begun = presses.filter(({ status }) => status === 201);
    expect(begun).toHaveLength(1);
    expect(new Set(presses.map(codeOf).map(String))).toEqual(new Set(['201,', '409,redrive-nothing-to-redrive']));
    const { id } = begun[0]!.body;
    await eventually(async () =>
      expect((await operator('GET', `/redrives/${id}`)).body).toMatchObject({
        state: 'finished',
        startedBy: 'operator da Silva',
        filter: { company, reasonContains: 'http 422' },
        total: 3,
        delivered: 2,
        parkedAgain: 1,
      }),
    );
    expect((await operator('GET', `/redrives/${id}/items?limit=2`)).body).toMatchObject({
      items: [{ state: 'delivered' }, { state: 'parked-again', subject: 'receivable/D2' }],
      next: expect.any(String),
    });
    expect((await operator('GET', `/redrives/${id}/items?state=delivered`)).body.items).toHaveLength(2);
    expect((await operator('GET', '/redrives')).body.items).toMatchObject([{ id, total: 3 }]);
    expect(partner.requests.filter((request) => request.endsWith('/D1'))).toHaveLength(2);
    expect(codeOf(await operator('POST', `/redrives/${id}/cancel`))).toEqual([409, 'redrive-not-open']);
  });

  it('send the first, wait, and go on or are cancelled when somebody says so', async () => {
    const company = await openCompany();
    await park(company, 'D4', 'D5', 'D6');
    unknown.clear();
    const wish = { filter: { company }, reason: 'canary', perSecond: 100, expectedCount: 3, first: 1 };
    const { id } = (await vendor('POST', '/redrives', wish)).body;
    const untilState = (state: string, more: object) =>
      eventually(async () => expect((await vendor('GET', `/redrives/${id}`)).body).toMatchObject({ state, ...more }));
    await untilState('waiting-for-go-ahead', { delivered: 1, remaining: 2 });
    const viewer = await shop.as('viewer', `/erp/demo|${company}`);
    expect((await viewer('GET', `/redrives/${id}`)).status).toBe(200);
    expect(codeOf(await viewer('POST', `/redrives/${id}/continue`))).toEqual([403, 'missing-permission']);
    expect((await vendor('POST', `/redrives/${id}/cancel`)).status).toBe(204);
    await untilState('canceled', { delivered: 1, canceled: 2, canceledBy: 'vendor da Silva' });
    const again = (await vendor('POST', '/redrives', { ...wish, expectedCount: 2 })).body.id;
    await eventually(async () =>
      expect((await vendor('GET', `/redrives/${again}`)).body.state).toBe('waiting-for-go-ahead'),
    );
    expect((await vendor('POST', `/redrives/${again}/continue`)).status).toBe(204);
    await eventually(async () =>
      expect((await vendor('GET', `/redrives/${again}`)).body).toMatchObject({ delivered: 2 }),
    );
  });

  it('touch only what is of the companies and branches of whoever asks, and are shown to who may see all of it', async () => {
    const [company, other] = [await openCompany(), await openCompany()];
    await park(company, 'D7');
    await park(other, 'D8');
    const count = async (ask: Ask, filter: object = {}) =>
      (await ask('POST', '/redrives/preview', { filter })).body.count;
    const ofOne = await shop.as('operator', `/erp/demo|${company}`);
    const ofBranch = await shop.as('operator', `/erp/demo|${company}|3`);
    const ofOtherBranch = await shop.as('operator', `/erp/demo|${company}|4`);
    expect(await count(ofOne)).toBe(1);
    expect(await count(ofOne, { company: other })).toBe(0);
    expect([await count(ofBranch), await count(ofOtherBranch)]).toEqual([1, 0]);
    const wish = { filter: { reasonContains: 'D8' }, reason: 'not mine', perSecond: 1, expectedCount: 9 };
    expect(codeOf(await ofOne('POST', '/redrives', wish))).toEqual([409, 'redrive-nothing-to-redrive']);
    const filter = { reasonContains: 'HTTP', titleNumber: undefined };
    const { id } = (await vendor('POST', '/redrives', { ...wish, filter, expectedCount: 99 })).body;
    expect((await vendor('GET', `/redrives/${id}`)).body.total).toBeGreaterThanOrEqual(2);
    expect((await ofOne('GET', `/redrives/${id}`)).status).toBe(404);
    expect((await ofOne('POST', `/redrives/${id}/cancel`)).status).toBe(404);
    expect((await ofOne('GET', '/redrives')).body.items).toEqual([]);
  });

  it('refuse a filter or a pace nobody could mean', async () => {
    const wish = { filter: {}, reason: 'all', perSecond: 10, expectedCount: 1 };
    for (const wrong of [
      { filter: { titel: '1' } },
      { perSecond: 0 },
      { expectedCount: 0 },
      { reason: '' },
      { first: 0 },
    ])
      expect(codeOf(await vendor('POST', '/redrives', { ...wish, ...wrong }))).toEqual([400, 'invalid-request']);
  });
});

describe('failures over HTTP', () => {
  it('are grouped, and each group is a filter of lists and redrives', async () => {
    const company = await openCompany();
    await park(company, 'G1', 'G2');
    const { items, complete } = (await vendor('GET', `/deliveries/failures?company=${company}`)).body;
    expect({ items, complete }).toMatchObject({
      items: [{ operation: 'title.put', count: 2, subjects: 2, sample: ['receivable/G1', 'receivable/G2'] }],
      complete: true,
    });
    const { fingerprint } = items[0];
    await itemsOf(vendor, `/deliveries?company=${company}&fingerprint=${fingerprint}`, 2);
    const preview = await vendor('POST', '/redrives/preview', { filter: { company, fingerprint } });
    expect(preview.body.count).toBe(2);
    const ofBranch = await shop.as('viewer', `/erp/demo|${company}|4`);
    expect((await ofBranch('GET', '/deliveries/failures')).body.items).toEqual([]);
  });
});

describe('deliveries over HTTP', () => {
  it('are found by company, branch, state, title, event and period, and by no word that is not one', async () => {
    const company = await openCompany();
    const event = eventOf('erp.receivable.opened.v1', { company, branch: '3', title: 'L1' });
    await shop.publish(event);
    const query = `settled=true&company=${company}`;
    const [delivery] = await itemsOf(vendor, `/deliveries?${query}`, 1);
    expect(delivery).toMatchObject({ subject: 'receivable/L1', eventId: event.id });
    const found = `/deliveries?${query}&source=/erp/demo&branch=3&state=delivered&operation=title.put&eventId=${event.id}`;
    await itemsOf(vendor, `${found}&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00-03:00`, 1);
    for (const other of ['branch=4', 'state=skipped', 'titleNumber=none', 'customerId=none', 'to=2020-01-01'])
      await itemsOf(vendor, `/deliveries?${query}&${other}`, 0);
    for (const wrong of ['eventId=7', 'from=yesterday', 'titel=1'])
      expect(codeOf(await vendor('GET', `/deliveries?${wrong}`))).toEqual([400, 'invalid-request']);
  });
});

describe('parked events over HTTP', () => {
  async function parkEvent(company: string, title: string, branch = '3'): Promise<{ id: string; event: object }> {
    const event = eventOf('erp.receivable.opened.v1', { company, branch, title });
    await shop.publish({ ...event, data: { ...event.data, openAmount: '1.00' } } as typeof event);
    const [parked] = await itemsOf(vendor, `/parked-events?company=${company}`, 1);
    return { id: parked!.id!, event };
  }

  it('are mended in their place, as JSON or as bytes, by who may change contents', async () => {
    const company = await openCompany();
    const { id, event } = await parkEvent(company, 'M1');
    const operator = await shop.as('operator', `/erp/demo|${company}`);
    const path = `/parked-events/${id}/fix`;
    expect(codeOf(await operator('POST', path, { ...because, event }))).toEqual([403, 'missing-permission']);
    const admin = await shop.as('admin', `/erp/demo|${company}`);
    expect(codeOf(await admin('POST', path, because))).toEqual([400, 'invalid-request']);
    const worse = { ...event, subject: 'receivable/another' };
    expect(codeOf(await admin('POST', path, { ...because, event: worse }))).toEqual([
      409,
      'parked-event-still-invalid',
    ]);
    expect((await admin('POST', path, { ...because, event })).status).toBe(204);
    await eventually(() => expect(partner.requests).toContain('PUT /titles/M1'));
    expect(codeOf(await admin('POST', path, { ...because, event }))).toEqual([409, 'parked-event-resolved']);
    await itemsOf(admin, '/parked-events', 0);
    expect(await itemsOf(admin, '/parked-events?resolved=true&reasonCode=invalid', 1)).toMatchObject([
      { state: 'planned', resolvedBy: 'admin da Silva', resolution: 'typed wrong' },
    ]);

    const bytes = await parkEvent(company, 'M2');
    const contentBase64 = Buffer.from(JSON.stringify(bytes.event)).toString('base64');
    expect((await admin('POST', `/parked-events/${bytes.id}/fix`, { ...because, contentBase64 })).status).toBe(204);
    await eventually(() => expect(partner.requests).toContain('PUT /titles/M2'));
  });

  it('are shown to those of their branch, who cannot move one to another branch', async () => {
    const company = await openCompany();
    const { id, event } = await parkEvent(company, 'B1');
    const ofBranch = await shop.as('admin', `/erp/demo|${company}|3`);
    const ofOther = await shop.as('admin', `/erp/demo|${company}|4`);
    await itemsOf(ofBranch, '/parked-events', 1);
    await itemsOf(ofOther, '/parked-events', 0);
    expect((await ofOther('POST', `/parked-events/${id}/skip`, because)).status).toBe(404);
    const moved = { ...event, branch: '4', data: { ...(event as { data: object }).data, branch: '4' } };
    expect((await ofBranch('POST', `/parked-events/${id}/fix`, { ...because, event: moved })).status).toBe(404);
    expect((await ofBranch('POST', `/parked-events/${id}/fix`, { ...because, event })).status).toBe(204);
    await eventually(() => expect(partner.requests).toContain('PUT /titles/B1'));
  });
});
