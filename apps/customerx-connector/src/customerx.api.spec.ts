import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleOf } from '#libs/contracts';
import type { Call } from '#libs/connector-kit';
import { PartnerEndpoint } from '#libs/partner';
import { Secret } from '#libs/runtime';
import { createCustomerX, listenAlone } from '../../sandbox/src/partners.js';
import { CustomerXApi } from './customerx.api.js';
import { toFinancial, type Financial } from './customerx.mapping.js';
import { CustomerXSettings } from './customerx.settings.js';

const api = new CustomerXApi();

describe("CustomerX's API", () => {
  const { customerx, door } = createCustomerX();
  let close: () => Promise<void>;
  let call: Call<CustomerXSettings>;
  let financial: Financial;

  beforeEach(async () => {
    door.reset();
    door.faults.clear();
    customerx.settings = { ...customerx.settings, rateLimitPerMinute: 0 };
    const { url, close: closeServer } = await listenAlone(door);
    const settings = Object.assign(new CustomerXSettings(), { token: new Secret('sandbox-token') });
    const endpoint = new PartnerEndpoint({
      name: 'customerx',
      baseUrl: `${url}/customerx/api/v1`,
      deadlineMs: 5_000,
      connections: 4,
      maxBodyBytes: 100_000,
      allowPlainHttp: true,
      allowPrivateAddresses: true,
    });
    call = { settings, idempotencyKey: 'ponte-customerx-1-7', request: (request) => endpoint.request(request) };
    financial = toFinancial(sampleOf('erp.receivable.opened.v1').data, settings);
    close = async () => {
      await endpoint.close();
      await closeServer();
    };
  });

  afterEach(() => close());

  const verbs = () => door.calls.all().map(({ verb, status, effect }) => `${verb} ${status} ${effect}`);

  it('creates a title it does not know', async () => {
    expect(await api.putFinancial(financial, call)).toMatchObject({ kind: 'delivered' });
    expect(verbs()).toEqual(['PUT 404 none', 'POST 201 created']);
  });

  it('changes a title it knows', async () => {
    await api.putFinancial(financial, call);
    expect(await api.putFinancial({ ...financial, amount_paid: '10.00' }, call)).toMatchObject({ kind: 'delivered' });
    expect(verbs().at(-1)).toBe('PUT 200 changed');
  });

  it('changes nothing when the same is sent again', async () => {
    await api.putFinancial(financial, call);
    await api.putFinancial(financial, call);
    expect(verbs().at(-1)).toBe('PUT 200 unchanged');
  });

  it('goes back to changing when its own earlier request had created the title meanwhile', async () => {
    const created: typeof call.request = async (request) => {
      if (request.method === 'PUT' && door.calls.all().length === 0) {
        const answer = await call.request(request);
        await call.request({ ...request, method: 'POST', query: {} });
        return answer;
      }
      return call.request(request);
    };
    expect(await api.putFinancial(financial, { ...call, request: created })).toMatchObject({ kind: 'delivered' });
    expect(verbs()).toEqual(['PUT 404 none', 'POST 201 created', 'POST 422 none', 'PUT 200 unchanged']);
  });

  it('deletes, and takes what is not there as deleted', async () => {
    await api.putFinancial(financial, call);
    expect(await api.deleteFinancial(financial.external_id_financial, call)).toMatchObject({ kind: 'delivered' });
    expect(await api.deleteFinancial(financial.external_id_financial, call)).toMatchObject({
      kind: 'delivered',
      note: 'it was not there',
    });
  });

  it('refuses what CustomerX refuses, in its words and without the body', async () => {
    const outcome = await api.putFinancial({ ...financial, date_due: '31/31/2026' }, call);
    expect(outcome).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/^HTTP 422: date_due/) });
    expect(outcome).not.toHaveProperty('detail');
  });

  it('pauses the endpoint when the token is refused, and fails no title for it', async () => {
    const settings = Object.assign(new CustomerXSettings(), { token: new Secret('wrong') });
    expect(await api.putFinancial(financial, { ...call, settings })).toMatchObject({
      kind: 'unavailable',
      pause: { reason: 'credential', detail: expect.stringContaining('recusou a credencial') },
    });
  });

  it('tells an ended licence from a wrong token: another person mends it', async () => {
    const [account] = customerx.settings.accounts;
    customerx.settings = { ...customerx.settings, accounts: [{ ...account!, licenceEnded: true }] };
    const outcome = await api.putFinancial(financial, call);
    expect(outcome).toMatchObject({
      kind: 'unavailable',
      pause: { reason: 'credential', detail: expect.stringContaining('licença do CustomerX terminou') },
    });
  });

  it('has a title wait for its client where CustomerX does not know it, and sends it once it does', async () => {
    customerx.settings = { ...customerx.settings, strictClients: true };
    expect(await api.putFinancial(financial, call)).toMatchObject({
      kind: 'refused',
      awaits: 'client/3',
      reason: expect.stringContaining('não conhece o cliente "3"'),
    });
    expect(await api.putClient({ external_id_client: '3', company_name: 'Manaus' }, call)).toMatchObject({
      kind: 'delivered',
    });
    expect(await api.putFinancial(financial, call)).toMatchObject({ kind: 'delivered' });
  });

  it('creates a client, and changes it when it is there', async () => {
    await api.putClient({ external_id_client: '3', company_name: 'Manaus' }, call);
    await api.putClient({ external_id_client: '3', company_name: 'Manaus Centro', cnpj_cpf: '12ABC34501DE35' }, call);
    expect(verbs()).toEqual(['POST 201 created', 'POST 200 changed']);
    expect(customerx.account('demo').clients.rowsNow()).toMatchObject([{ cnpj_cpf: '12ABC34501DE35' }]);
  });

  it('pauses the endpoint until the moment CustomerX names when it limits the rate', async () => {
    customerx.settings = { ...customerx.settings, rateLimitPerMinute: 1 };
    await api.putFinancial(financial, call);
    const outcome = await api.putFinancial(financial, call);
    expect(outcome).toMatchObject({ kind: 'unavailable', pause: { reason: 'rate-limit', until: expect.any(Date) } });
  });

  it('does not take a login page for an answer', async () => {
    door.faults.set({ garbage: true });
    expect(await api.putFinancial(financial, call)).toMatchObject({ kind: 'unavailable' });
  });

  it.each([{ error: 'Financial could not be saved' }, { errors: { value: ['is invalid'] } }])(
    'does not take a 200 that says an error for delivered: %j',
    async (body) => {
      door.faults.set({ status: 200, body });
      expect(await api.putFinancial(financial, call)).toMatchObject({
        kind: 'refused',
        reason: expect.stringMatching(/^HTTP 200: (Financial could not be saved|value is invalid)$/),
      });
    },
  );

  it('takes a 200 beside empty errors for delivered', async () => {
    door.faults.set({ status: 200, body: { id: 7, error: null, errors: {} } });
    expect(await api.putFinancial(financial, call)).toMatchObject({ kind: 'delivered', reference: '7' });
  });

  it.each([
    ['raw', 'raw'],
    ['bearer', 'bearer'],
    ['api_key', 'api_key'],
  ] as const)('sends the token as the licence expects it: %s', async (authorization, authHeader) => {
    customerx.settings = { ...customerx.settings, authHeader };
    const settings = Object.assign(new CustomerXSettings(), { token: new Secret('sandbox-token'), authorization });
    expect(await api.putFinancial(financial, { ...call, settings })).toMatchObject({ kind: 'delivered' });
  });

  it('sends the same idempotency key with every step of one delivery', async () => {
    await api.putFinancial(financial, call);
    expect(door.calls.all().map((taken) => taken.idempotencyKey)).toEqual([
      'ponte-customerx-1-7',
      'ponte-customerx-1-7',
    ]);
  });
});
