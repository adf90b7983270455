import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleOf } from '#libs/contracts';
import type { Call } from '#libs/connector-kit';
import { PartnerEndpoint } from '#libs/partner';
import { Secret } from '#libs/runtime';
import { createCustomerX, listenAlone } from '../../sandbox/src/partners.js';
import { CustomerXSettings } from './customerx.settings.js';
import { CustomerXTracker } from './customerx.tracker.js';
import { toTracking } from './customerx.tracking.js';

const tracker = new CustomerXTracker();
const SETTLED = sampleOf('erp.receivable.settled.v1').data;

describe("CustomerX's Tracking API", () => {
  const { customerx, door } = createCustomerX();
  let close: () => Promise<void>;
  let call: Call<CustomerXSettings>;

  beforeEach(async () => {
    door.reset();
    const { url, close: closeServer } = await listenAlone(door);
    const secrets = { credential: new Secret('sandbox-credential'), key: new Secret('sandbox-key') };
    const settings = Object.assign(new CustomerXSettings(), secrets, { tracking: 'per-settlement' });
    const endpoint = new PartnerEndpoint({
      name: 'customerx',
      baseUrl: `${url}/customerx/tracker`,
      deadlineMs: 1_000,
      connections: 4,
      maxBodyBytes: 100_000,
      allowPlainHttp: true,
      allowPrivateAddresses: true,
    });
    call = { settings, idempotencyKey: 'ponte-customerx-1-7', request: (request) => endpoint.request(request) };
    close = async () => {
      await endpoint.close();
      await closeServer();
    };
  });

  afterEach(() => close());

  const trackings = () => customerx.account('demo').trackings;

  it('is told of a settlement of the client, by the words of the settings', async () => {
    const settings = Object.assign(new CustomerXSettings(), { trackingType: 'pagamento', trackingEmail: 'cs@ex.com' });
    expect(await tracker.postTracking(toTracking(SETTLED, settings), call)).toMatchObject({ kind: 'delivered' });
    expect(trackings()).toMatchObject([
      { external_id_client: '3', type_tracking: 'pagamento', identifier: '4711/2', email: 'cs@ex.com' },
    ]);
  });

  it.each([
    ['the answer is lost', { applyThenReset: true }],
    ['the answer never comes', { applyThenHang: true }],
    ['the answer is an error after the fact', { applyThenStatus: 502 }],
  ])('is never told twice when %s: it is given up, and said', async (_, fault) => {
    door.faults.set(fault);
    expect(await tracker.postTracking(toTracking(SETTLED, call.settings), call)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('contaria duas vezes'),
    });
    expect(trackings()).toHaveLength(1);
  });

  it('is tried again when it cannot have arrived', async () => {
    door.faults.set({ status: 429 });
    expect(await tracker.postTracking(toTracking(SETTLED, call.settings), call)).toMatchObject({ kind: 'unavailable' });
  });

  it('pauses when credential or key are refused', async () => {
    const settings = Object.assign(new CustomerXSettings(), call.settings, { key: new Secret('wrong') });
    const outcome = await tracker.postTracking(toTracking(SETTLED, settings), { ...call, settings });
    expect(outcome).toMatchObject({ kind: 'unavailable', pause: { reason: 'credential' } });
  });

  it('is tried out without leaving a tracking behind', async () => {
    expect((await tracker.probe(call)).status).toBe(422);
    expect(trackings()).toEqual([]);
  });
});
