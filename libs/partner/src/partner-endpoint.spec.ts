import { afterEach, describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '#libs/testing';
import { answerJson, endpointOf, startPartner, type PartnerServer } from '../test/partner-server.js';
import type { ObservedCall, PartnerEndpoint } from './partner-endpoint.js';

describe('A partner endpoint', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const kept = <T extends PartnerEndpoint | PartnerServer>(each: T): T => {
    open.unshift(each);
    return each;
  };
  /** Answers with what it was asked. */
  const mirror = async () =>
    kept(
      await startPartner((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const { method, url, headers } = request;
          answerJson(
            response,
            200,
            { method, url, headers, body: Buffer.concat(chunks).toString() },
            { 'X-Total': '7' },
          );
        });
      }),
    );

  it('puts the path behind the base URL, encodes what fills it and writes JSON', async () => {
    const endpoint = kept(endpointOf(`${(await mirror()).url}/api/v1/`));
    const answer = await endpoint.request({
      method: 'PUT',
      path: '/clients/{id}/reactivate',
      params: { id: 'a/b ?é' },
      query: { page: 2, tags: ['x', 'y z'], left_out: undefined },
      headers: { Authorization: 'token' },
      body: { value: '10.00' },
    });
    expect(answer).toMatchObject({
      status: 200,
      contentType: 'application/json',
      headers: { 'x-total': '7' },
      body: {
        method: 'PUT',
        url: '/api/v1/clients/a%2Fb%20%3F%C3%A9/reactivate?page=2&tags=x&tags=y+z',
        headers: { 'content-type': 'application/json', accept: 'application/json', authorization: 'token' },
        body: '{"value":"10.00"}',
      },
    });
  });

  it('sends text and bytes as they are, and a body with a GET where a partner wants one', async () => {
    const endpoint = kept(endpointOf((await mirror()).url));
    const soap = { method: 'POST', path: '/ws', headers: { 'content-type': 'text/xml' }, body: '<a/>' } as const;
    expect((await endpoint.request(soap)).body).toMatchObject({
      body: '<a/>',
      headers: { 'content-type': 'text/xml' },
    });
    const bytes = { method: 'GET', path: '/list', body: Buffer.from('{}') } as const;
    expect((await endpoint.request(bytes)).body).toMatchObject({ method: 'GET', body: '{}' });
  });

  it.each([
    ['a query inside the path', { path: '/clients?cpf=52998224725' }],
    ['a missing parameter', { path: '/clients/{id}' }],
    ['an empty parameter', { path: '/clients/{id}', params: { id: '' } }],
    ['a parameter that climbs', { path: '/clients/{id}', params: { id: '..' } }],
    ['another host', { path: 'https://evil.example/' }],
    ['no time at all', { path: '/', deadlineMs: 0 }],
  ])('takes %s for our mistake and sends nothing', async (_, request) => {
    const partner = await mirror();
    const call = kept(endpointOf(partner.url)).request({ method: 'GET', ...request });
    await expect(call).rejects.toThrow(TypeError);
    await expect(call).rejects.not.toThrow('52998224725');
    expect(partner.requests).toEqual([]);
  });

  it('says in an error where it happened, and nothing a log must not hold', async () => {
    const partner = kept(await startPartner((request) => request.socket.destroy()));
    const error: unknown = await kept(endpointOf(partner.url))
      .request({
        method: 'POST',
        path: '/clients/{document}',
        params: { document: '52998224725' },
        query: { key: 'canary-key' },
        headers: { authorization: 'canary-token' },
        body: { name: 'Maria canary' },
      })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ endpoint: 'partner', method: 'POST', path: '/clients/{document}', sent: 'maybe' });
    const printed = JSON.stringify({ ...(error as object) }) + String((error as Error).stack);
    expect(printed).not.toMatch(/52998224725|canary/);
  });

  it('tells its observer each call once, by template and class, and survives a broken one', async () => {
    const calls: ObservedCall[] = [];
    const statuses = [200, 404, 429, 503];
    const partner = kept(await startPartner((_, response) => answerJson(response, statuses.shift()!, {})));
    const observer = (call: ObservedCall) => {
      calls.push(call);
      throw new Error('a metric of ours is broken');
    };
    const endpoint = kept(endpointOf(partner.url, { name: 'customerx' }, { observer }));
    const request = { method: 'GET', path: '/clients/{id}', params: { id: 4711 } } as const;
    for (let n = 0; n < 4; n += 1) await endpoint.request(request);
    endpoint.forceOpen();
    await endpoint.request(request).catch(() => undefined);
    expect(calls.map(({ outcome }) => outcome)).toEqual(['2xx', '4xx', '4xx', '5xx', 'breaker-open']);
    expect(calls[0]).toEqual({
      endpoint: 'customerx',
      path: '/clients/{id}',
      outcome: '2xx',
      durationMs: expect.any(Number),
    });
  });

  it('costs next to nothing until it is used: ten thousand are kept in some 15 MB', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const usedBytes = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const beforeBytes = usedBytes();
    const idle = Array.from({ length: 10_000 }, (_, n) => endpointOf(`https://partner-${n}.example`));
    expect((usedBytes() - beforeBytes) / idle.length).toBeLessThan(1_500);
  });

  it('keeps to its number of connections', async () => {
    const held: (() => void)[] = [];
    const partner = kept(await startPartner((_, response) => void held.push(() => answerJson(response, 200, {}))));
    const endpoint = kept(endpointOf(partner.url, { connections: 2 }));
    const calls = Array.from({ length: 6 }, () => endpoint.request({ method: 'GET', path: '/' }));
    for (let answered = 0; answered < 6; answered += 1) {
      await eventually(() => held.length > answered);
      held[answered]!();
    }
    await Promise.all(calls);
    expect(partner.sockets.length).toBeLessThanOrEqual(2);
  });

  it('lets running calls end before it closes, and takes no more', async () => {
    const held: (() => void)[] = [];
    const partner = kept(await startPartner((_, response) => void held.push(() => answerJson(response, 200, {}))));
    const endpoint = endpointOf(partner.url);
    const running = endpoint.request({ method: 'POST', path: '/' });
    await eventually(() => held.length === 1);
    const closed = endpoint.close();
    await expect(endpoint.request({ method: 'POST', path: '/' })).rejects.toMatchObject({
      code: 'closed',
      sent: 'never',
    });
    held[0]!();
    expect((await running).status).toBe(200);
    await closed;
    await eventually(() => partner.sockets.every((socket) => socket.closed), { withinMs: 1_500 }); // idle ones live for 4 s
  });
});
