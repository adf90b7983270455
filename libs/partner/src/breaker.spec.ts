import { afterEach, describe, expect, it, jest } from '@jest/globals';
import CircuitBreaker from 'opossum';
import { eventually } from '#libs/testing';
import { answerJson, endpointOf, startPartner, type PartnerServer } from '../test/partner-server.js';
import { Breaker } from './breaker.js';
import type { PartnerAnswer } from './partner-answer.js';
import type { PartnerEndpoint } from './partner-endpoint.js';
import { PartnerUnavailable } from './partner-unavailable.js';

const get = { method: 'GET', path: '/' } as const;

describe('The breaker of an endpoint', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    jest.useRealTimers();
    for (const each of open.splice(0)) await each.close();
  });
  const kept = <T extends PartnerEndpoint | PartnerServer>(each: T): T => {
    open.unshift(each);
    return each;
  };
  /** Answers the statuses one after the other, then the last one for ever. */
  const partnerAnswering = async (...statuses: number[]) =>
    kept(
      await startPartner((_, response) =>
        answerJson(response, statuses.length > 1 ? statuses.shift()! : statuses[0]!, {}),
      ),
    );
  const call = async (
    endpoint: PartnerEndpoint,
    times: number,
    request: Parameters<PartnerEndpoint['request']>[0] = get,
  ) => {
    const results: unknown[] = [];
    for (let n = 0; n < times; n += 1) results.push(await endpoint.request(request).catch((error: unknown) => error));
    return results;
  };

  it('opens on twenty answers of 500, each of which is still returned as the answer it was', async () => {
    const endpoint = kept(endpointOf((await partnerAnswering(500)).url));
    const results = await call(endpoint, 20);
    expect(results.slice(0, 9)).toEqual(Array(9).fill(expect.objectContaining({ status: 500 })));
    expect(results.at(-1)).toMatchObject({ code: 'breaker-open', sent: 'never' });
    expect(endpoint.breaker).toBe('open');
  });

  it('would never open if the same answers were returned through opossum instead of thrown', async () => {
    const answers = kept(
      endpointOf((await partnerAnswering(500)).url, { breaker: { minimumCalls: 1_000, failuresInARow: 1_000 } }),
    );
    const naive = new CircuitBreaker(() => answers.request(get), { timeout: false, volumeThreshold: 10 });
    for (let n = 0; n < 20; n += 1) await naive.fire();
    expect(naive.stats).toMatchObject({ successes: 20, failures: 0 });
    expect(naive.opened).toBe(false);
    naive.shutdown();
  });

  it('opens on timeouts and broken connections', async () => {
    const partner = kept(await startPartner((request) => request.socket.destroy()));
    const endpoint = kept(endpointOf(partner.url, { breaker: { failuresInARow: 3 } }));
    await call(endpoint, 3);
    expect(endpoint.breaker).toBe('open');
    const silent = kept(endpointOf(kept(await startPartner(() => undefined)).url, { breaker: { failuresInARow: 2 } }));
    await call(silent, 2, { ...get, deadlineMs: 40 });
    expect(silent.breaker).toBe('open');
  });

  it('opens on an endpoint that fails every other call', async () => {
    let count = 0;
    const partner = kept(await startPartner((_, response) => answerJson(response, (count += 1) % 2 ? 200 : 503, {})));
    const endpoint = kept(endpointOf(partner.url));
    await call(endpoint, 20);
    expect(endpoint.breaker).toBe('open');
    expect(partner.requests.length).toBeLessThan(20);
  });

  it('stays closed on failures that are rare, however many they add up to', async () => {
    let count = 0;
    const partner = kept(await startPartner((_, response) => answerJson(response, (count += 1) % 5 ? 200 : 500, {})));
    const endpoint = kept(endpointOf(partner.url));
    await call(endpoint, 80);
    expect(partner.requests).toHaveLength(80);
  });

  it('opens on one that never once succeeded, however slowly its calls come', async () => {
    const breaker = new Breaker({ windowMs: 60_000, failuresInARow: 10 });
    jest.useFakeTimers();
    const failing = breaker.stage(() => Promise.reject(new PartnerUnavailable('deadline', { sent: 'maybe' })));
    for (let minute = 0; minute < 10; minute += 1) {
      expect(breaker.state).toBe('closed');
      await failing({} as never).catch(() => undefined);
      jest.advanceTimersByTime(120_000); // every earlier call has left the window
    }
    expect(breaker.state).toBe('open');
  });

  it('opens on a login page served with 200', async () => {
    const partner = kept(
      await startPartner((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Login')),
    );
    const endpoint = kept(endpointOf(partner.url));
    await call(endpoint, 10);
    expect(endpoint.breaker).toBe('open');
  });

  it.each([400, 401, 403, 404, 409, 422, 429])('stays closed through a hundred answers of %i', async (status) => {
    const partner = await partnerAnswering(status);
    const endpoint = kept(endpointOf(partner.url));
    await call(endpoint, 100);
    expect(endpoint.breaker).toBe('closed');
    expect(partner.requests).toHaveLength(100);
  });

  it('stays closed when we ourselves cancel', async () => {
    const endpoint = kept(endpointOf(kept(await startPartner(() => undefined)).url));
    const signal = AbortSignal.abort();
    expect(await call(endpoint, 30, { ...get, signal })).toContainEqual(expect.objectContaining({ code: 'cancelled' }));
    expect(endpoint.breaker).toBe('closed');
  });

  it('tells who listens that it opened by itself, once, and nothing when it was told to', async () => {
    const heard: string[] = [];
    const endpoint = kept(endpointOf((await partnerAnswering(500)).url));
    endpoint.onOpen(() => heard.push('opened'));
    endpoint.forceOpen();
    expect(heard).toEqual([]);
    endpoint.forceClose();
    await Promise.all(Array.from({ length: 30 }, () => endpoint.request(get).catch(() => undefined)));
    await eventually(() => expect(heard).toEqual(['opened']));
  });

  it('is not disturbed by a listener that throws', async () => {
    const heard: string[] = [];
    const endpoint = kept(endpointOf((await partnerAnswering(500)).url));
    endpoint.onOpen(() => {
      throw new Error('a listener of ours is broken');
    });
    endpoint.onOpen(() => heard.push('opened'));
    expect((await call(endpoint, 10)).at(-1)).toMatchObject({ status: 500 });
    expect(heard).toEqual(['opened']);
  });

  it('lets a probe around while open; its success alone closes nothing', async () => {
    const partner = await partnerAnswering(200);
    const endpoint = kept(endpointOf(partner.url));
    endpoint.forceOpen();
    await expect(endpoint.request(get)).rejects.toMatchObject({ code: 'breaker-open', sent: 'never' });
    expect(await endpoint.request({ ...get, probe: true })).toMatchObject({ status: 200 });
    expect(endpoint.breaker).toBe('open');
    endpoint.forceClose();
    expect(await endpoint.request(get)).toMatchObject({ status: 200 });
    expect(partner.requests).toHaveLength(2);
  });

  it('starts with an empty memory when closed: the first failure afterwards does not open it again', async () => {
    const endpoint = kept(endpointOf((await partnerAnswering(500)).url));
    await call(endpoint, 20);
    endpoint.forceClose();
    await call(endpoint, 5);
    expect(endpoint.breaker).toBe('closed');
  });

  it('does not count late results of before it was closed', async () => {
    const late: (() => void)[] = [];
    const partner = kept(await startPartner((_, response) => void late.push(() => answerJson(response, 500, {}))));
    const endpoint = kept(endpointOf(partner.url, { connections: 12 }));
    const calls = Array.from({ length: 12 }, () => endpoint.request(get));
    await eventually(() => late.length === 12);
    endpoint.forceOpen();
    endpoint.forceClose();
    late.forEach((answer) => answer());
    await Promise.all(calls);
    expect(endpoint.breaker).toBe('closed');
  });

  it('never half-opens by itself, however long it stays open', async () => {
    jest.useFakeTimers();
    const breaker = new Breaker({ failuresInARow: 1 });
    const call = breaker.stage(() => Promise.resolve({ status: 500 } as PartnerAnswer));
    await call({} as never);
    jest.advanceTimersByTime(2 ** 31 + 60_000);
    expect(breaker.state).toBe('open');
    await expect(call({} as never)).rejects.toMatchObject({ code: 'breaker-open' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('would half-open after a millisecond with the resetTimeout that looks like "never"', async () => {
    const fail = () => Promise.reject(new Error('down'));
    const naive = new CircuitBreaker(fail, { resetTimeout: 2 ** 31, volumeThreshold: 1 });
    await naive.fire().catch(() => undefined);
    expect(naive.opened).toBe(true);
    await eventually(() => naive.halfOpen);
    naive.shutdown();
  });
});
