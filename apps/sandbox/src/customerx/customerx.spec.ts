import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { ManualClock } from '#libs/runtime';
import { createCustomerX, listenAlone } from '../partners.js';
import { CustomerXSettings } from './customerx-settings.js';

const FINANCIAL = {
  external_id_financial: '4711-1',
  external_id_client: '01',
  identifier: '4711/1',
  date_issue: '01/07/2026',
  date_due: '31/07/2026',
  value: '150.00',
};
const REST = '/customerx/api/v1';
const BY_ID = `${REST}/financials?external_id_financial=4711-1`;

describe('the simulated CustomerX', () => {
  let sandbox: ReturnType<typeof createCustomerX>;
  let server: Awaited<ReturnType<typeof listenAlone>>;
  const clock = new ManualClock();

  beforeEach(async () => {
    sandbox = createCustomerX({ clock });
    configure({ rateLimitPerMinute: 0 });
    server = await listenAlone(sandbox.door);
  });

  afterEach(() => server.close());

  describe('financials', () => {
    it('are created once: the same external id again has already been taken', async () => {
      const created = await call('POST', `${REST}/financials`, FINANCIAL);
      expect(created).toMatchObject({
        status: 201,
        body: {
          external_id_financial: '4711-1',
          value: '150.00',
          status: 'pending',
          amount_paid: '0.00',
          discount_value: '0.00',
          date_due: '2026-07-31',
          date_original_due: '2026-07-31',
          date_payment: null,
        },
      });
      expect(await call('POST', `${REST}/financials`, FINANCIAL)).toMatchObject({
        status: 422,
        body: { message: 'Validation failed', errors: { external_id_financial: ['has already been taken'] } },
      });
      expect(financials()).toHaveLength(1);
    });

    it('are unknown to PUT and DELETE until they were created, and again once deleted', async () => {
      const unknown = { status: 404, body: { error: 'Not found' } };
      expect(await call('PUT', BY_ID, { value: '1.00' })).toMatchObject(unknown);
      expect(await call('DELETE', BY_ID)).toMatchObject(unknown);
      await call('POST', `${REST}/financials`, FINANCIAL);
      expect(await call('DELETE', BY_ID)).toMatchObject({ status: 200 });
      expect(await call('DELETE', BY_ID)).toMatchObject(unknown);
      expect(await call('PUT', BY_ID, { value: '1.00' })).toMatchObject(unknown);
      expect(financials()).toEqual([]);
    });

    it('are changed by PUT in what it names, and null clears a date', async () => {
      await call('POST', `${REST}/financials`, FINANCIAL);
      const received = { status: 'received', amount_paid: 152.5, date_payment: '30/07/2026' };
      expect(await call('PUT', BY_ID, received)).toMatchObject({
        status: 200,
        body: {
          status: 'received',
          amount_paid: '152.50',
          date_payment: '2026-07-30',
          value: '150.00',
          identifier: '4711/1',
        },
      });
      await call('PUT', BY_ID, { status: 'pending', amount_paid: '0.00', date_payment: null });
      expect(financials()).toMatchObject([{ status: 'pending', amount_paid: '0.00', date_payment: null }]);
    });

    it('have no columns for fine and interest: unknown fields leave no trace', async () => {
      await call('POST', `${REST}/financials`, { ...FINANCIAL, fine: '3.00', interest: '1.00' });
      expect(Object.keys(financials()[0]!)).not.toEqual(expect.arrayContaining(['fine']));
    });

    it('keep what they are when an invalid change is refused, field by field', async () => {
      await call('POST', `${REST}/financials`, FINANCIAL);
      expect(await call('PUT', BY_ID, { value: 'R$ 10', status: 'paid', date_due: '31/02/2026' })).toMatchObject({
        status: 422,
        body: {
          errors: {
            value: ['is not a number'],
            status: ['is not included in the list'],
            date_due: ['is not a valid date'],
          },
        },
      });
      expect(financials()).toMatchObject([{ value: '150.00', status: 'pending' }]);
    });

    it('need an id, a client, a value and a due date', async () => {
      expect((await call('POST', `${REST}/financials`, {})).body).toMatchObject({
        errors: {
          external_id_financial: ["can't be blank"],
          external_id_client: ["can't be blank"],
          value: ["can't be blank"],
          date_due: ["can't be blank"],
        },
      });
      expect(await call('PUT', `${REST}/financials`, { value: '1.00' })).toMatchObject({ status: 422 });
    });

    it('are read twenty to a page at most, a bare array with totals in the headers', async () => {
      for (let at = 0; at < 45; at++)
        await call('POST', `${REST}/financials`, { ...FINANCIAL, external_id_financial: `${at}` });
      const last = await call('GET', `${REST}/financials?page=3&per_page=500`);
      expect(last.headers).toMatchObject({ 'x-page': '3', 'x-pages': '3', 'x-total': '45' });
      expect(last.body).toHaveLength(5);
      expect((await call('GET', `${REST}/financials?per_page=7`)).body).toHaveLength(7);
      expect((await call('GET', `${REST}/financials?page=4`)).body).toEqual([]);
      expect((await call('GET', `${REST}/financials?external_id_financial=44`)).body).toMatchObject([
        { external_id_financial: '44' },
      ]);
    });

    it('are read as what changed since a day', async () => {
      await call('POST', `${REST}/financials`, FINANCIAL);
      clock.advance(3 * 86_400_000);
      await call('POST', `${REST}/financials`, { ...FINANCIAL, external_id_financial: 'new' });
      await call('PUT', BY_ID, { value: '150.00' });
      const day = clock.now().toISOString().slice(0, 10);
      expect((await call('GET', `${REST}/financials?updated_at=${day}`)).body).toMatchObject([
        { external_id_financial: 'new' },
      ]);
      await call('PUT', BY_ID, { value: '151.00' });
      expect((await call('GET', `${REST}/financials?updated_at=${day}`)).body).toHaveLength(2);
      expect((await call('GET', `${REST}/financials?created_at=${day}`)).body).toHaveLength(1);
    });

    it('of a client nobody registered are refused when it is strict, and wait for the client', async () => {
      configure({ strictClients: true });
      expect(await call('POST', `${REST}/financials`, FINANCIAL)).toMatchObject({
        status: 422,
        body: { errors: { external_id_client: ['not found'] } },
      });
      await call('POST', `${REST}/clients/create_or_update`, { external_id_client: '01', company_name: 'Filial 01' });
      expect(await call('POST', `${REST}/financials`, FINANCIAL)).toMatchObject({
        status: 201,
        body: { client: { external_id_client: '01', company_name: 'Filial 01' } },
      });
    });

    it('take dates in the format it was set to', async () => {
      const withDate = (date_due: string) =>
        call('POST', `${REST}/financials`, {
          ...FINANCIAL,
          external_id_financial: date_due,
          date_issue: undefined,
          date_due,
        });
      expect([(await withDate('2026-07-31')).status, (await withDate('31/07/2026')).status]).toEqual([422, 201]);
      configure({ dateFormat: 'iso' });
      expect([(await withDate('2026-08-01')).status, (await withDate('01/08/2026')).status]).toEqual([201, 422]);
      configure({ dateFormat: 'both' });
      expect([(await withDate('2026-08-02')).status, (await withDate('03/08/2026')).status]).toEqual([201, 201]);
    });

    it('collide in silence where ids are cut', async () => {
      configure({ externalIdLength: 6 });
      await call('POST', `${REST}/financials`, { ...FINANCIAL, external_id_financial: '123456-1' });
      expect(
        (await call('POST', `${REST}/financials`, { ...FINANCIAL, external_id_financial: '123456-2' })).status,
      ).toBe(422);
      expect(await call('PUT', `${REST}/financials?external_id_financial=123456-2`, { value: '9.00' })).toMatchObject({
        status: 200,
      });
      expect(financials()).toMatchObject([{ external_id_financial: '123456', value: '9.00' }]);
    });
  });

  describe('clients', () => {
    const CLIENT = {
      external_id_client: '01',
      company_name: 'Filial 01',
      cnpj_cpf: '12ABC34501DE35',
      date_register: '01/07/2026',
    };

    it('are created, changed, listed and deleted by their external id', async () => {
      expect((await call('POST', `${REST}/clients`, CLIENT)).status).toBe(201);
      expect(await call('POST', `${REST}/clients`, CLIENT)).toMatchObject({
        status: 422,
        body: { errors: { external_id_client: ['has already been taken'] } },
      });
      await call('PUT', `${REST}/clients?external_id_client=01`, { trading_name: 'Centro' });
      expect((await call('GET', `${REST}/clients`)).body).toMatchObject([
        { ...CLIENT, date_register: '2026-07-01', trading_name: 'Centro' },
      ]);
      expect((await call('DELETE', `${REST}/clients?external_id_client=01`)).status).toBe(200);
      expect((await call('PUT', `${REST}/clients?external_id_client=01`, {})).status).toBe(404);
    });

    it('are created or updated by one call', async () => {
      const path = `${REST}/clients/create_or_update`;
      expect((await call('POST', path, CLIENT)).status).toBe(201);
      expect((await call('POST', path, { ...CLIENT, company_name: 'Matriz' })).status).toBe(200);
      expect((await call('POST', path, { company_name: 'Sem código' })).status).toBe(422);
      expect((await call('GET', `${REST}/clients`)).body).toMatchObject([{ company_name: 'Matriz' }]);
    });
  });

  describe('credentials', () => {
    it('are the raw token, unless it is set to want it otherwise', async () => {
      const invalid = { status: 401, body: { error: 'Invalid token' } };
      expect(await call('GET', `${REST}/clients`, undefined, { authorization: 'nobody' })).toMatchObject(invalid);
      expect(await call('GET', `${REST}/clients`, undefined, { authorization: 'Bearer sandbox-token' })).toMatchObject(
        invalid,
      );
      expect(await call('GET', `${REST}/clients`, undefined, {})).toMatchObject(invalid);
      configure({ authHeader: 'bearer' });
      expect((await call('GET', `${REST}/clients`, undefined, { authorization: 'Bearer sandbox-token' })).status).toBe(
        200,
      );
      expect(await call('GET', `${REST}/clients`)).toMatchObject(invalid);
      configure({ authHeader: 'api_key' });
      expect((await call('GET', `${REST}/clients`, undefined, { api_key: 'sandbox-token' })).status).toBe(200);
    });

    it('of two accounts lead to two worlds', async () => {
      const [one, two] = [account('one'), account('two')];
      configure({ accounts: [one, two] });
      await call('POST', `${REST}/financials`, FINANCIAL, { authorization: 'token-one' });
      expect((await call('GET', `${REST}/financials`, undefined, { authorization: 'token-two' })).body).toEqual([]);
      expect((await call('POST', `${REST}/financials`, FINANCIAL, { authorization: 'token-two' })).status).toBe(201);
      expect(sandbox.door.calls.all().map((logged) => logged.account)).toEqual(['one', 'two', 'two']);
    });

    it('of an ended licence are told from wrong ones', async () => {
      configure({ accounts: [{ ...account('one'), licenceEnded: true }] });
      expect(await call('GET', `${REST}/clients`, undefined, { authorization: 'token-one' })).toMatchObject({
        status: 403,
        body: { error: 'License expired' },
      });
    });

    it('of the tracking API are a credential and a key together', async () => {
      const event = { external_id_client: '01', type_tracking: 'integration_run', identifier: 'run-1' };
      const track = (headers: Record<string, string>, body: object = event) =>
        call('POST', '/customerx/tracker', body, headers);
      const good = { credential: 'sandbox-credential', key: 'sandbox-key' };
      expect((await track(good)).status).toBe(201);
      expect(await track({ ...good, key: 'wrong' })).toMatchObject({
        status: 401,
        body: { error: 'Invalid credential or key' },
      });
      expect((await track({ authorization: 'sandbox-token' })).status).toBe(401);
      expect(await track(good, {})).toMatchObject({
        status: 422,
        body: { errors: { type_tracking: ["can't be blank"] } },
      });
      expect(sandbox.customerx.account('demo').trackings).toMatchObject([event]);
    });
  });

  it('lets sixty calls a minute through, says how many are left, and refuses the rest until the minute is over', async () => {
    configure({});
    for (let at = 1; at <= 60; at++) {
      const { status, headers } = await call('GET', `${REST}/clients`);
      expect([status, headers['x-ratelimit-remaining']]).toEqual([200, String(60 - at)]);
    }
    const refused = await call('POST', `${REST}/financials`, FINANCIAL);
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(clock.now().getTime() / 1000 + 60),
    });
    expect(financials()).toEqual([]);
    clock.advance(60_000);
    expect((await call('POST', `${REST}/financials`, FINANCIAL)).status).toBe(201);
  });

  it('answers what it does not know or cannot read as CustomerX would', async () => {
    expect(await call('GET', `${REST}/nothing`)).toMatchObject({ status: 404, body: { error: 'Not found' } });
    expect(await call('POST', `${REST}/financials`, '{"broken')).toMatchObject({
      status: 400,
      body: { error: 'Invalid JSON' },
    });
    expect((await call('PATCH', BY_ID, {})).status).toBe(404);
  });

  it('logs every call with what a checker needs to judge order and second effects', async () => {
    await call('PUT', BY_ID, FINANCIAL);
    await call('POST', `${REST}/financials`, FINANCIAL, {
      authorization: 'sandbox-token',
      'idempotency-key': 'delivery-9',
    });
    await call('PUT', BY_ID, { value: '150.00' });
    await call('PUT', BY_ID, { value: '151.00' });
    await call('DELETE', BY_ID);
    const calls = sandbox.door.calls.all();
    expect(calls.map(({ verb, status, effect, effectNumber }) => [verb, status, effect, effectNumber])).toEqual([
      ['PUT', 404, 'none', undefined],
      ['POST', 201, 'created', 1],
      ['PUT', 200, 'unchanged', undefined],
      ['PUT', 200, 'changed', 2],
      ['DELETE', 200, 'deleted', 3],
    ]);
    for (const logged of calls)
      expect(logged).toMatchObject({ account: 'demo', resource: 'financial', externalId: '4711-1' });
    expect(calls[1]).toMatchObject({
      idempotencyKey: 'delivery-9',
      body: JSON.stringify(FINANCIAL),
      path: '/api/v1/financials',
    });
    expect(calls[0]!.bodyHash).toBe(calls[1]!.bodyHash);
  });

  it('forgets everything when it is reset', async () => {
    configure({ strictClients: true });
    await call('GET', `${REST}/clients`);
    sandbox.door.reset();
    expect(sandbox.customerx.state()).toMatchObject({ settings: { strictClients: false }, accounts: [] });
    expect(sandbox.door.calls.all()).toEqual([]);
  });

  function configure(settings: Partial<CustomerXSettings>): void {
    sandbox.customerx.settings = Object.assign(new CustomerXSettings(), settings);
  }

  function financials() {
    return sandbox.customerx.account('demo').financials.rowsNow();
  }

  async function call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object | string,
    headers?: Record<string, string>,
  ) {
    const answer = await request(server.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(headers ?? { authorization: 'sandbox-token' }) },
      body: typeof body === 'object' ? JSON.stringify(body) : body,
    });
    return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as unknown };
  }
});

function account(name: string) {
  return { name, token: `token-${name}`, credential: `credential-${name}`, key: `key-${name}`, licenceEnded: false };
}
