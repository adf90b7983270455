import { afterEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ManualClock } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { answerJson, endpointOf, startPartner, type PartnerServer } from '../test/partner-server.js';
import { TokenBucket } from './limiter.js';
import type { PartnerEndpoint } from './partner-endpoint.js';

const get = { method: 'GET', path: '/' } as const;

describe('The rate limit of an endpoint', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const kept = <T extends PartnerEndpoint | PartnerServer>(each: T): T => {
    open.unshift(each);
    return each;
  };
  const partner = async () => kept(await startPartner((_, response) => answerJson(response, 200, {})));

  it('never lets more than its number through in any minute, whatever the arrivals', () => {
    const pausesMs = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 50, maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), pausesMs, (perMinute, pauses) => {
        const bucket = new TokenBucket(perMinute);
        let nowMs = 0;
        const goesAtMs: number[] = [];
        for (const pause of pauses) {
          const { taken, waitMs } = bucket.take((nowMs += pause), Infinity);
          expect(taken).toBe(true);
          goesAtMs.push(nowMs + waitMs);
        }
        // The one after the last allowed comes a whole minute after the first (less what floating point loses).
        goesAtMs.slice(perMinute).forEach((atMs, n) => expect(atMs - goesAtMs[n]!).toBeGreaterThan(60_000 - 0.001));
      }),
    );
  });

  it('uses what it may: sixty calls are through within a minute', () => {
    const bucket = new TokenBucket(60);
    const waits = Array.from({ length: 60 }, () => bucket.take(0, Infinity).waitMs);
    expect(waits.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(waits.at(-1)).toBeLessThan(60_000);
  });

  it('makes a call wait for its turn', async () => {
    const clock = new ManualClock();
    const server = await partner();
    const endpoint = kept(endpointOf(server.url, { requestsPerMinute: 6, deadlineMs: 60_000 }, { clock }));
    await endpoint.request(get);
    const second = endpoint.request({ ...get, path: '/second' });
    await eventually(() => clock.sleeping === 1);
    clock.advance(9_999);
    await kept(endpointOf(server.url)).request({ ...get, path: '/of-another-endpoint' });
    expect(server.requests).toEqual(['GET /', 'GET /of-another-endpoint']);
    clock.advance(1);
    expect((await second).status).toBe(200);
  });

  it('refuses at once a call whose turn would leave it less than half its time, and says when to come back', async () => {
    const clock = new ManualClock(new Date('2026-07-01T12:00:00Z'));
    const server = await partner();
    const endpoint = kept(endpointOf(server.url, { requestsPerMinute: 6, deadlineMs: 19_000 }, { clock }));
    await endpoint.request(get);
    await expect(endpoint.request(get)).rejects.toMatchObject({
      code: 'own-rate-limit',
      sent: 'never',
      retryAt: new Date('2026-07-01T12:00:10Z'),
    });
    expect(endpoint.breaker).toBe('closed');
    clock.advance(10_000);
    expect((await endpoint.request(get)).status).toBe(200); // the refused one took no turn
  });

  it('ends the wait when the caller gives up', async () => {
    const clock = new ManualClock();
    const server = await partner();
    const endpoint = kept(endpointOf(server.url, { requestsPerMinute: 6, deadlineMs: 60_000 }, { clock }));
    await endpoint.request(get);
    const shutdown = new AbortController();
    const waiting = expect(endpoint.request({ ...get, signal: shutdown.signal })).rejects;
    shutdown.abort();
    await waiting.toMatchObject({ code: 'cancelled', sent: 'never' });
    expect(server.requests).toHaveLength(1);
  });
});
