import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { ManualClock } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { CustomerXSettings } from './customerx/customerx-settings.js';
import type { PartnerFaults } from './partner-faults.js';
import { createCustomerX, listenAlone } from './partners.js';

const PATH = '/customerx/api/v1/financials';
const FINANCIAL = { external_id_client: '01', date_due: '31/07/2026', value: '150.00' };

describe('a partner with faults on demand', () => {
  let sandbox: ReturnType<typeof createCustomerX>;
  let server: Awaited<ReturnType<typeof listenAlone>>;
  let clock: ManualClock;
  let created: number;

  beforeEach(async () => {
    clock = new ManualClock();
    sandbox = createCustomerX({ clock, settings: Object.assign(new CustomerXSettings(), { rateLimitPerMinute: 0 }) });
    server = await listenAlone(sandbox.door);
    created = 0;
  });

  afterEach(() => server.close());

  it('says on every answer that it is a sandbox', async () => {
    const wellDone = await create();
    fault({ status: 500 });
    const failed = await create();
    fault({ garbage: true });
    for (const { headers } of [wellDone, failed, await create()])
      expect(headers['x-sandbox']).toMatch(/for tests and demos only/);
  });

  it('status: answers it without acting, in the words of the partner, with the headers asked for', async () => {
    fault({ status: 503, headers: { 'retry-after': '30' } });
    const answer = await create();
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
      503,
      '30',
      { error: 'Service Unavailable' },
    ]);
    fault({ status: 429 });
    expect((await create()).headers['x-ratelimit-remaining']).toBe('0');
    expect(effects()).toEqual(['none', 'none']);
    expect(sandbox.door.calls.all()[0]).toMatchObject({ status: 503, fault: 'status 503', account: 'demo' });
  });

  it('latencyMs: acts and answers late', async () => {
    fault({ latencyMs: 5_000 });
    const answer = create();
    await eventually(() => clock.sleeping === 1);
    expect(effects()).toEqual([]);
    clock.advance(5_000);
    expect((await answer).status).toBe(201);
    expect(effects()).toEqual(['created']);
  });

  it('applyThenHang: acts, and never answers', async () => {
    fault({ applyThenHang: true });
    const leaving = new AbortController();
    const answer = create(leaving.signal);
    await eventually(() => effects().length === 1);
    leaving.abort();
    await expect(answer).rejects.toThrow('abort');
    expect(sandbox.door.calls.all()).toMatchObject([{ effect: 'created', status: null, fault: 'applied, then hung' }]);
  });

  it('applyThenHang: callers left hanging do not keep it from closing', async () => {
    fault({ applyThenHang: true });
    const answer = create().catch((error: Error) => error);
    await eventually(() => effects().length === 1);
    sandbox.door.close();
    expect(await answer).toBeInstanceOf(Error);
  });

  it('applyThenReset: acts, and cuts the connection', async () => {
    fault({ applyThenReset: true });
    await expect(create()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(sandbox.door.calls.all()).toMatchObject([{ effect: 'created', status: null, fault: 'applied, then reset' }]);
  });

  it('applyThenStatus: acts, and answers something else', async () => {
    fault({ applyThenStatus: 502 });
    expect((await create()).status).toBe(502);
    expect(sandbox.door.calls.all()).toMatchObject([{ effect: 'created', effectNumber: 1, status: 502 }]);
  });

  it('applyThenHuge: acts, and answers more than anybody reads', async () => {
    fault({ applyThenHuge: 3_000_000 });
    const answer = await create();
    expect([answer.status, String(answer.body).length]).toEqual([200, 3_000_000]);
    expect(sandbox.door.calls.all()).toMatchObject([{ effect: 'created', fault: 'applied, then 3000000 bytes' }]);
  });

  it('body: takes the place of the words of the partner, whatever the status', async () => {
    fault({ status: 200, body: { error: 'not saved' } });
    const answer = await create();
    expect([answer.status, answer.body]).toEqual([200, { error: 'not saved' }]);
    expect(effects()).toEqual(['none']);
  });

  it('garbage: answers 200 with a login page, without acting', async () => {
    fault({ garbage: true });
    const answer = await create();
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(effects()).toEqual(['none']);
  });

  it('tokenLifetimeS: credentials end', async () => {
    fault({ tokenLifetimeS: 10 });
    clock.advance(9_999);
    expect((await create()).status).toBe(201);
    clock.advance(1);
    expect((await create()).status).toBe(401);
    sandbox.door.faults.clear();
    expect((await create()).status).toBe(201);
  });

  it('rateLimitPerMinute: takes the place of the limit of the partner, and 0 lifts it', async () => {
    fault({ rateLimitPerMinute: 2 });
    expect([(await create()).status, (await create()).status, (await create()).status]).toEqual([201, 201, 429]);
    sandbox.customerx.settings = new CustomerXSettings();
    fault({ rateLimitPerMinute: 0 });
    for (let at = 0; at < 61; at++) expect((await create()).status).toBe(201);
  });

  it('readLagMs: what is read is old, what is written counts at once', async () => {
    await create();
    fault({ readLagMs: 30_000 });
    clock.advance(1);
    await create();
    expect(await listed()).toEqual(['T1']);
    expect((await create(undefined, 'T2')).status).toBe(422);
    clock.advance(29_999);
    await create();
    clock.advance(1);
    expect(await listed()).toEqual(['T1', 'T2']);
    clock.advance(30_000);
    expect(await listed()).toEqual(['T1', 'T2', 'T3']);
  });

  it('every: only each nth call is hit', async () => {
    fault({ status: 500, every: 3 });
    expect(await statuses(7)).toEqual([201, 201, 500, 201, 201, 500, 201]);
    expect(sandbox.door.faults.state()).toMatchObject({ matched: 7, hit: 2 });
  });

  it('for: only the next n calls are hit, and each nth of them together with every', async () => {
    fault({ status: 500, for: 2 });
    expect(await statuses(4)).toEqual([500, 500, 201, 201]);
    fault({ status: 500, for: 4, every: 2 });
    expect(await statuses(6)).toEqual([201, 500, 201, 500, 201, 201]);
  });

  it('for: what stands while the faults stand ends with them', async () => {
    fault({ tokenLifetimeS: 0, for: 2 });
    expect(await statuses(3)).toEqual([401, 401, 201]);
  });

  it('account and verb: the calls of others are not hit, nor counted', async () => {
    fault({ status: 500, verb: 'PUT', for: 1 });
    expect(await statuses(2)).toEqual([201, 201]);
    fault({ status: 500, account: 'somebody else' });
    expect(await statuses(1)).toEqual([201]);
    fault({ status: 500, account: 'demo', verb: 'POST' });
    expect(await statuses(1)).toEqual([500]);
    fault({ tokenLifetimeS: 0, rateLimitPerMinute: 1, account: 'somebody else' });
    expect(await statuses(2)).toEqual([201, 201]);
  });

  it('path: only calls whose path begins so are hit', async () => {
    fault({ status: 500, path: '/api/v1/clients' });
    expect(await statuses(1)).toEqual([201]);
    fault({ status: 500, path: '/api/v1/fin' });
    expect(await statuses(1)).toEqual([500]);
  });

  it('combined: late, acted on, and then answered wrongly', async () => {
    fault({ latencyMs: 100, applyThenStatus: 504, for: 1 });
    const answer = create();
    await eventually(() => clock.sleeping === 1);
    clock.advance(100);
    expect((await answer).status).toBe(504);
    expect(effects()).toEqual(['created']);
    expect((await create()).status).toBe(201);
  });

  it('refuses a body no partner would take, and goes on', async () => {
    const answer = await request(server.url + PATH, {
      method: 'POST',
      headers: { authorization: 'sandbox-token' },
      body: 'x'.repeat(1_048_577),
    });
    await answer.body.dump();
    expect(answer.statusCode).toBe(413);
    expect((await create()).status).toBe(201);
  });

  it('acts on the call of somebody who left before the answer, as partners do', async () => {
    fault({ latencyMs: 1_000 });
    const leaving = new AbortController();
    const answer = create(leaving.signal).catch((error: Error) => error);
    await eventually(() => clock.sleeping === 1);
    leaving.abort();
    await answer;
    clock.advance(1_000);
    await eventually(() => effects().length === 1);
    expect(effects()).toEqual(['created']);
  });

  function fault(faults: PartnerFaults): void {
    sandbox.door.faults.set(faults);
  }

  function effects(): string[] {
    return sandbox.door.calls.all().map(({ effect }) => effect);
  }

  async function statuses(calls: number): Promise<number[]> {
    const answered: number[] = [];
    for (let at = 0; at < calls; at++) answered.push((await create()).status);
    return answered;
  }

  async function listed(): Promise<string[]> {
    const answer = await request(server.url + PATH, { headers: { authorization: 'sandbox-token' } });
    return ((await answer.body.json()) as { external_id_financial: string }[]).map((row) => row.external_id_financial);
  }

  async function create(signal?: AbortSignal, id = `T${++created}`) {
    const answer = await request(server.url + PATH, {
      method: 'POST',
      headers: { authorization: 'sandbox-token', 'content-type': 'application/json' },
      body: JSON.stringify({ ...FINANCIAL, external_id_financial: id }),
      signal,
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, headers: answer.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
  }
});
