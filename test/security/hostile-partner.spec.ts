import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { PartnerEndpoint, maskedExchange, readUnavailable, type PartnerRequest } from '#libs/partner';
import { Secret } from '#libs/runtime';
import { CustomerXApi } from '../../apps/customerx-connector/src/customerx.api.js';
import { CustomerXSettings } from '../../apps/customerx-connector/src/customerx.settings.js';
import { patienceMs, runs } from './fuzz-runs.ts';
import { NASTY_TEXTS } from './http-fuzz.ts';

const KINDS = ['delivered', 'refused', 'unavailable', 'unknown'];

/** A partner that answers every request with the bytes of the moment, and hangs up. */
let answer = Buffer.alloc(0);
let server: Server;
const sockets = new Set<Socket>();

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const TYPES = [
  'application/json',
  'text/html; charset=latin1',
  'application/problem+json',
  'x',
  '',
  'text/xml; charset=evil',
];
const ANSWERS_IN_JSON = [
  '{"id":{"toString":1}}',
  '{"errors":{"x":{"toString":null}}}',
  '{"message":{"valueOf":1,"toString":1}}',
];
const ANSWERS_OF_SHAPES = [
  '{"errors":"no"}',
  '{"errors":[null]}',
  '[]',
  'null',
  '"x"',
  '0',
  '{"id":[]}',
  '{"__proto__":{"id":1}}',
];

const word = fc.oneof(fc.constantFrom(...NASTY_TEXTS), fc.string({ maxLength: 20 }));
const named = fc.constantFrom('id', 'message', 'error', 'errors', 'toString', '__proto__', 'external_id_financial');
const objects = fc.dictionary(named, fc.oneof(word, fc.jsonValue({ maxDepth: 2 }), fc.dictionary(named, word)));
const body = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ANSWERS_IN_JSON, ...ANSWERS_OF_SHAPES) },
  { weight: 3, arbitrary: objects.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom('{"a":', '\uFEFF{"id":1}', '<html>login</html>', '['.repeat(50_000)) },
);
const bytes = fc.uint8Array({ maxLength: 200 }).map((drawn) => Buffer.from(drawn));

const wellFormed = fc
  .record({
    status: fc.oneof(
      fc.constantFrom(200, 201, 204, 301, 307, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503),
      fc.integer({ min: 200, max: 999 }),
    ),
    type: fc.constantFrom(...TYPES),
    retryAfter: fc.constantFrom('', '-1', '1e400', '99999999999999999999', 'Mon, 99 Nov 9999 99:99:99 GMT', '0'),
    body: fc.oneof({ weight: 4, arbitrary: body.map((text) => Buffer.from(text)) }, { weight: 1, arbitrary: bytes }),
  })
  .map(({ status, type, retryAfter, body: content }) => {
    const head = [
      `HTTP/1.1 ${status} x`,
      `content-type: ${type}`,
      `retry-after: ${retryAfter}`,
      `content-length: ${content.length}`,
    ];
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content]);
  });
const noHttp = fc.oneof(
  bytes,
  fc
    .constantFrom('HTTP/1.1 200 OK\r\n', 'HTTP/9.9 200\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n')
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom('chunked', 'gzip', 'x')
    .map((coding) => Buffer.from(`HTTP/1.1 200 OK\r\ntransfer-encoding: ${coding}\r\n\r\nzz\r\n`)),
);

it(
  'whatever a partner answers becomes an outcome with a sentence, and is kept masked: never an exception',
  async () => {
    const property = fc.asyncProperty(
      fc.oneof({ weight: 4, arbitrary: wellFormed }, { weight: 1, arbitrary: noHttp }),
      async (drawn) => {
        answer = drawn;
        for (const outcome of [await outcomeOf('put'), await outcomeOf('delete'), await outcomeOf('client')]) {
          expect(KINDS).toContain(outcome.kind);
          if (outcome.kind !== 'delivered') expect(outcome.reason.length).toBeGreaterThan(0);
          else if (outcome.reference !== undefined) expect(typeof outcome.reference).toBe('string');
        }
      },
    );
    await fc.assert(property, runs(60));
  },
  patienceMs(60_000),
);

async function outcomeOf(what: 'put' | 'delete' | 'client') {
  const { port } = server.address() as AddressInfo;
  const endpoint = new PartnerEndpoint({
    name: 'hostile',
    baseUrl: `http://127.0.0.1:${port}`,
    deadlineMs: 5_000,
    connections: 1,
    maxBodyBytes: 20_000,
    allowPlainHttp: true,
    allowPrivateAddresses: true,
  });
  const settings = Object.assign(new CustomerXSettings(), { token: new Secret('a-token') });
  const request = async (wish: PartnerRequest) => {
    const answered = await endpoint.request(wish);
    expect(JSON.stringify(maskedExchange(wish, answered))).not.toContain('a-token');
    return answered;
  };
  const call = { settings, idempotencyKey: 'k', request };
  const api = new CustomerXApi();
  try {
    if (what === 'delete') return await api.deleteFinancial('T1', call);
    if (what === 'client') return await api.putClient({ external_id_client: 'C1' } as never, call);
    return await api.putFinancial({ external_id_financial: 'T1', external_id_client: 'C1' } as never, call);
  } catch (error) {
    const outcome = readUnavailable(error);
    if (!outcome) throw error;
    return outcome;
  } finally {
    await endpoint.close();
  }
}
