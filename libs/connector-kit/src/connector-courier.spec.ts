import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { delivered, type Outcome } from '#libs/contracts';
import { NotNow, type ClaimedDelivery } from '#libs/delivery';
import { PartnerEndpoints, readCommon } from '#libs/partner';
import { ManualClock } from '#libs/runtime';
import type { Integration, IntegrationInput } from '#libs/settings';
import { eventually } from '#libs/testing';
import { answerJson, startLocalPartner, type LocalPartner } from '../test/local-partner.js';
import { ShopConnector, ShopSettings } from '../test/shop-connector.js';
import { openShop, TOKEN, type Shop } from '../test/shop-database.js';
import type { Call } from './call.js';
import { ConnectorCourier } from './connector-courier.js';
import { Connector, definitionOf, Deliver } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';
import type { SettingsBook } from './settings-book.js';

const CPF = '529.982.247-25';

@Connector({ name: 'shop', settings: ShopSettings })
class TwoStepConnector extends ShopConnector {
  @Deliver('title.two-steps')
  async twoSteps({ between }: { between?: () => void }, call: Call<ShopSettings>): Promise<Outcome> {
    await call.request({ method: 'GET', path: '/first' });
    between?.();
    const second = await call.request({ method: 'GET', path: '/second' });
    return readCommon(second) ?? delivered();
  }
}

describe('the courier of a connector', () => {
  let shop: Shop;
  let partner: LocalPartner;
  let partners: PartnerEndpoints;
  let book: SettingsBook;
  let courier: ConnectorCourier;
  let clock: ManualClock;
  let opened: string[];
  let stoodStill: string[];
  let exhausted: string[];

  beforeEach(async () => {
    clock = new ManualClock();
    shop = await openShop(clock);
    partner = await startLocalPartner();
    partners = new PartnerEndpoints({ clock });
    book = shop.newBook();
    [opened, stoodStill, exhausted] = [[], [], []];
    courier = new ConnectorCourier({
      definition: definitionOf(TwoStepConnector),
      connector: new TwoStepConnector(),
      book,
      partners,
      tokens: shop.newTokens(),
      clock,
      onBreakerOpen: (endpointId) => opened.push(endpointId),
      onExhausted: (endpointId, until) => void exhausted.push(`${endpointId} ${until.toISOString()}`),
      onNotReady: async (endpointId, state) => void stoodStill.push(`${endpointId} ${state}`),
    });
  });

  afterEach(async () => {
    await partner.close();
    await partners.close();
    await shop.close();
  });

  function integrationAt(baseUrl: string, more: Partial<IntegrationInput> = {}): Promise<Integration<PartnerSettings>> {
    return shop.save('1', { ...more, settings: { baseUrl, allowPlainHttp: true, allowPrivateAddresses: true } });
  }

  function deliver(
    { id }: { id: string },
    more: Partial<ClaimedDelivery> = {},
    call = { deadlineMs: 20_000, probe: false },
  ) {
    const claimed = { integrationId: id, endpointId: 'e1', position: '1', operation: 'title.put', body: { id: 'T1' } };
    return courier.deliver({ ...claimed, ...more } as ClaimedDelivery, call);
  }

  it('reads a partner that is away as unavailable: not a byte has left', async () => {
    const integration = await integrationAt(partner.url);
    await partner.close();
    const { outcome } = await deliver(integration);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('connection-refused') });
  });

  it('reads a connection that breaks after the request as unknown: it may have arrived', async () => {
    partner.answer = (response) => response.destroy();
    const { outcome, exchange } = await deliver(await integrationAt(partner.url));
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('connection-reset') });
    expect(exchange).toEqual([expect.objectContaining({ code: 'connection-reset', sent: 'maybe' })]);
  });

  it('keeps what was said with the attempt, without document and token, even where the partner repeats them', async () => {
    partner.answer = (response, { headers }) => answerJson(response, 200, { you: CPF, said: headers.authorization });
    const { outcome, exchange } = await deliver(await integrationAt(partner.url), {
      body: { id: 'T1', document: CPF },
    });
    expect(outcome).toEqual(delivered('T1'));
    expect(exchange).toEqual([expect.objectContaining({ method: 'PUT', path: '/titles/T1', status: 200 })]);
    const kept = JSON.stringify(exchange);
    expect(kept).toContain('said');
    for (const canary of [CPF, CPF.replace(/\D/g, ''), TOKEN]) expect(kept).not.toContain(canary);
  });

  it('says that a window is exhausted with the answer that was still taken, and until when', async () => {
    const integration = await integrationAt(partner.url);
    const resetS = Math.ceil(clock.now().getTime() / 1_000) + 60;
    const answer = (remaining: number) => (response: ServerResponse) => {
      response.setHeader('x-ratelimit-remaining', String(remaining)).setHeader('x-ratelimit-reset', String(resetS));
      answerJson(response, 200, {});
    };
    partner.answer = answer(1);
    await deliver(integration);
    expect(exhausted).toEqual([]);
    partner.answer = answer(0);
    const { outcome } = await deliver(integration);
    expect(outcome).toEqual(delivered('T1'));
    expect(exhausted).toEqual([`e1 ${new Date(resetS * 1_000).toISOString()}`]);
  });

  it('comes back after a 429 when it says so, though the window it names ends later', async () => {
    const integration = await integrationAt(partner.url);
    const resetS = Math.ceil(clock.now().getTime() / 1_000) + 60;
    partner.answer = (response) => {
      response.setHeader('x-ratelimit-remaining', '0').setHeader('x-ratelimit-reset', String(resetS));
      answerJson(response.setHeader('retry-after', '6'), 429, {});
    };
    const { outcome } = await deliver(integration);
    expect(outcome).toMatchObject({ pause: { reason: 'rate-limit', until: new Date(clock.now().getTime() + 6_000) } });
    expect(exhausted).toEqual([]);
  });

  it('gives all requests of one delivery one deadline together', async () => {
    const integration = await integrationAt(partner.url);
    const held: ServerResponse[] = [];
    partner.answer = (response) => held.push(response);
    const answer = deliver(integration, { operation: 'title.two-steps', body: {} }, { deadlineMs: 600, probe: false });
    await eventually(() => expect(held).toHaveLength(1));
    clock.advance(400);
    answerJson(held[0]!, 200, {});
    await eventually(() => expect(partner.requests).toEqual(['GET /first', 'GET /second']));
    clock.advance(250);
    const { outcome, exchange } = await answer;
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('deadline') });
    expect(exchange).toHaveLength(2);
  });

  it('sends nothing more once the deadline is over', async () => {
    const body = { between: () => clock.advance(601) };
    const integration = await integrationAt(partner.url);
    const call = { deadlineMs: 600, probe: false };
    const { outcome } = await deliver(integration, { operation: 'title.two-steps', body }, call);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('deadline') });
    expect(partner.requests).toEqual(['GET /first']);
  });

  it('asks for a pause once when the breaker opens, calls no more, and calls again when the row says so', async () => {
    const integration = await integrationAt(partner.url);
    partner.answer = (response) => answerJson(response, 503, {});
    for (let call = 0; call < 12; call++) await deliver(integration);
    expect(opened).toEqual(['e1']);
    expect(partner.requests).toHaveLength(10);
    expect((await deliver(integration)).outcome).toMatchObject({ reason: expect.stringContaining('breaker-open') });

    partner.answer = (response) => answerJson(response, 200, {});
    expect((await deliver(integration, {}, { deadlineMs: 20_000, probe: true })).outcome.kind).toBe('delivered');
    expect((await deliver(integration)).outcome.kind).toBe('unavailable');
    courier.resumed('e1');
    expect((await deliver(integration)).outcome.kind).toBe('delivered');
  });

  it('asks for no pause when calls made by settings that were replaced fail', async () => {
    const before = await integrationAt(partner.url);
    partner.answer = (response) => answerJson(response, 503, {});
    for (let call = 0; call < 9; call++) await deliver(before);
    let late: ServerResponse | undefined;
    partner.answer = (response) => (late = response);
    const last = deliver(before);
    await eventually(() => expect(late).toBeDefined());

    book.note([await integrationAt(partner.url, { displayName: 'mended' })]);
    partner.answer = (response) => answerJson(response, 200, {});
    expect((await deliver(before)).outcome.kind).toBe('delivered');
    answerJson(late!, 503, {});
    expect((await last).outcome.kind).toBe('unavailable');
    expect(opened).toEqual([]);
  });

  it('does not call for an integration that was switched off meanwhile, and has its endpoint stand still', async () => {
    const { outcome } = await deliver(await integrationAt(partner.url, { enabled: false }));
    expect(outcome.kind).toBe('unavailable');
    expect(stoodStill).toEqual(['e1 off']);
    expect(partner.requests).toEqual([]);
  });

  it('blames no delivery for settings that cannot be read now, and calls nobody', async () => {
    const integration = await integrationAt(partner.url);
    await shop.pool.end();
    await expect(deliver(integration)).rejects.toThrow(NotNow);
    expect(partner.requests).toEqual([]);
  });

  it('looks once more before it believes an integration off', async () => {
    const off = await integrationAt(partner.url, { enabled: false });
    book.note([off]);
    await integrationAt(partner.url, { enabled: true });
    expect((await deliver(off)).outcome.kind).toBe('delivered');
    expect(stoodStill).toEqual([]);
  });
});
