import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Body, Controller, Get, Headers, Module, Post, UnauthorizedException } from '@nestjs/common';
import { AppEnvironment, readEnvironment } from './environment.js';
import { ManualClock } from './manual-clock.js';
import { openApp, type RunningApp } from './open-app.js';
import { TokenBuckets } from './rate-limit.js';

class ShopEnvironment extends AppEnvironment {}

@Controller()
class OrdersController {
  /** Believes every token that begins with `good`, as a guard would. */
  @Get('orders')
  list(@Headers('authorization') authorization?: string): object {
    if (!authorization?.startsWith('Bearer good')) throw new UnauthorizedException();
    return { items: [] };
  }

  @Post('orders')
  create(@Body() body: object): object {
    return body;
  }
}

@Module({ controllers: [OrdersController] })
class ShopModule {}

const open: RunningApp[] = [];
afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});

async function openShop(variables: Record<string, string> = {}): Promise<RunningApp> {
  const given = { NODE_ENV: 'test', LOG_LEVEL: 'silent', HTTP_PORT: '0', OPS_PORT: '0', ...variables };
  const environment = readEnvironment(ShopEnvironment, given);
  const running = await openApp({ name: 'shop', environment: ShopEnvironment, module: () => ShopModule }, environment);
  open.push(running);
  return running;
}

const ask = (running: RunningApp, path: string, headers: Record<string, string> = {}) =>
  fetch(running.url + path, { headers });

/** What a server says to these bytes before it closes the connection. */
async function talk(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await new Promise((closed) => socket.once('close', closed));
  return Buffer.concat(heard).toString();
}

/** What stands behind the headers, read as JSON. */
const bodyOf = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('how much one caller may ask', () => {
  const few = { HTTP_REQUESTS_PER_SECOND: '1', HTTP_REQUEST_BURST: '3' };

  it('ends with 429, Retry-After and problem details, and is counted', async () => {
    const shop = await openShop(few);
    const answers: Response[] = [];
    for (let n = 0; n < 8; n += 1) answers.push(await ask(shop, '/orders'));
    const refused = answers.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({ type: 'urn:ponte:problem:too-many-requests', status: 429 });
    const metrics = await (await fetch(`${shop.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/ponte_http_rate_limited_total\{app="shop"\} [1-9]/);
  });

  it('is counted by token once that was accepted, so that nobody spends the share of another', async () => {
    const shop = await openShop({ ...few, HTTP_REQUEST_BURST: '20' });
    const good = { authorization: 'Bearer good-one' };
    expect((await ask(shop, '/orders', good)).status).toBe(200);
    const forged: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      forged.push((await ask(shop, '/orders', { authorization: `Bearer forged-${n}` })).status);
    }
    expect(new Set(forged)).toEqual(new Set([401, 429]));
    expect((await ask(shop, '/orders', good)).status).toBe(200);
  });

  it('believes a proxy it was told of, and nobody else, about where a request comes from', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const statuses = async (shop: RunningApp) => {
      const seen: number[] = [];
      for (let n = 0; n < 8; n += 1) seen.push((await ask(shop, '/orders', from(`203.0.113.${n}`))).status);
      return new Set(seen);
    };
    expect(await statuses(await openShop(few))).toContain(429);
    expect(await statuses(await openShop({ ...few, HTTP_TRUSTED_PROXIES: '127.0.0.0/8, ::1' }))).not.toContain(429);
  });

  it('fills again with time, and forgets the callers unseen for longest', async () => {
    const clock = new ManualClock();
    const buckets = new TokenBuckets(2, 3, clock);
    expect([1, 2, 3].map(() => buckets.take('ana'))).toEqual([0, 0, 0]);
    expect(buckets.take('ana')).toBe(500);
    await clock.advance(1_000);
    expect([1, 2].map(() => buckets.take('ana'))).toEqual([0, 0]);
    expect(buckets.take('ana')).toBe(500);
    for (let n = 0; n < 10_000; n += 1) buckets.take(`caller ${n}`);
    expect(buckets.has('ana')).toBe(false);
    expect(buckets.has('caller 9999')).toBe(true);
  });

  it('has no end where the limit is 0', async () => {
    const shop = await openShop({ HTTP_REQUESTS_PER_SECOND: '0', HTTP_REQUEST_BURST: '1' });
    for (let n = 0; n < 5; n += 1) expect((await ask(shop, '/orders')).status).toBe(401);
  });
});

describe('a request that is too large, too slow or none at all', () => {
  it.each(['url', 'opsUrl'] as const)('is answered with problem details on its way out, on the %s', async (server) => {
    const shop = await openShop({ HTTP_HEADERS_TIMEOUT_MS: '300', HTTP_REQUEST_TIMEOUT_MS: '600' });
    const cases: [bytes: string, status: number][] = [
      [`GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      ['GET / HTTP/1.1\r\nhost: x\r\nx-slow: ', 408],
      ['this is no HTTP\r\n\r\n', 400],
    ];
    for (const [bytes, status] of cases) {
      const answer = await talk(shop[server], bytes);
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(answer).toContain('content-type: application/problem+json');
      expect(bodyOf(answer)).toMatchObject({ status, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    }
  });

  it('loses its connection when the body drips', async () => {
    const shop = await openShop({ HTTP_HEADERS_TIMEOUT_MS: '300', HTTP_REQUEST_TIMEOUT_MS: '600' });
    const head =
      'POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a":';
    expect(await talk(shop.url, head)).toContain('HTTP/1.1 408 ');
  });

  it('takes the place of no other once the connections are used up', async () => {
    const shop = await openShop({ HTTP_MAX_CONNECTIONS: '10' });
    const idle = Array.from({ length: 10 }, () => connect(Number(new URL(shop.url).port), '127.0.0.1'));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    expect(await talk(shop.url, 'GET /orders HTTP/1.1\r\nhost: x\r\n\r\n')).toBe('');
    for (const socket of idle) socket.destroy();
  });

  it('keeps no app from closing: who has connected and says nothing is cut', async () => {
    const shop = await openShop();
    const silent = connect(Number(new URL(shop.url).port), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    expect((await ask(shop, '/orders')).status).toBe(401); // accepted after it, so it was accepted too
    const cut = once(silent, 'close');
    await open.pop()!.close();
    await cut;
  });
});

describe('a body no table can keep', () => {
  it.each([
    ['U+0000', '{"a":[{"b/c":"x\\u0000"}]}', '/a/0/b~1c'],
    ['half of a surrogate pair', '{"a":"\\ud800"}', '/a'],
    ['a field named __proto__', '{"a":{"__proto__":{"admin":true}}}', '/a'],
    ['nesting without end', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, '/a'],
  ])('is refused with 400 for %s, wherever it stands', async (_what, body, pointer) => {
    const shop = await openShop();
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${shop.url}/orders`, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
    expect(errors[0]!.pointer.startsWith(pointer)).toBe(true);
  });

  it('is refused in the query and the path too', async () => {
    const shop = await openShop();
    for (const path of ['/orders?name=a%00b', '/or%00ders']) expect((await ask(shop, path)).status).toBe(400);
  });
});

describe('what nobody needs a token for', () => {
  it('is nothing in production: the documentation is there where it was asked for', async () => {
    const production = { NODE_ENV: 'production' };
    expect((await ask(await openShop(production), '/docs')).status).toBe(404);
    expect((await ask(await openShop({ ...production, HTTP_DOCS: 'true' }), '/docs')).status).toBe(200);
    expect((await ask(await openShop({ HTTP_DOCS: 'false' }), '/docs/openapi.json')).status).toBe(404);
  });

  it('is no leave for the pages of another site: no answer has a CORS header', async () => {
    const shop = await openShop();
    const asked = { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' };
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await fetch(`${shop.url}/orders`, { method, headers: asked });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });
});

it('refuses to start with proxies that are no addresses', () => {
  const read = () =>
    readEnvironment(ShopEnvironment, { HTTP_PORT: '0', OPS_PORT: '0', HTTP_TRUSTED_PROXIES: '10.0.0.0/33,ingress' });
  expect(read).toThrow('HTTP_TRUSTED_PROXIES  must be addresses or networks');
});
