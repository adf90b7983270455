import { afterEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, type Outcome } from '#libs/contracts';
import { ManualClock } from '#libs/runtime';
import { endpointOf, startPartner } from '../test/partner-server.js';
import type { PartnerAnswer } from './partner-answer.js';
import { PartnerUnavailable } from './partner-unavailable.js';
import { readCommon, readUnavailable } from './read-common.js';

const noon = new Date('2026-07-01T12:00:00Z');
const laterBy = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

describe('What every partner means by the same answer', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  const answerOf = async (
    status: number,
    body = '{}',
    headers: Record<string, string> = { 'content-type': 'application/json' },
    expects: 'json' | 'anything' = 'json',
  ): Promise<PartnerAnswer> => {
    const partner = await startPartner((_, response) => response.writeHead(status, headers).end(body));
    const endpoint = endpointOf(partner.url, {}, { clock: new ManualClock(noon) });
    open.unshift(endpoint, partner);
    return endpoint.request({ method: 'GET', path: '/', expects });
  };

  it.each([200, 201, 204, 400, 404, 409, 410, 422])('leaves %i to the connector', async (status) => {
    expect(readCommon(await answerOf(status))).toBeUndefined();
  });

  it.each([408, 425, 500, 502, 503, 504])('reads %i as unavailable', async (status) => {
    expect(readCommon(await answerOf(status))).toEqual({ kind: 'unavailable', reason: `HTTP ${status}` });
  });

  it('takes over the moment a 503 asks for', async () => {
    expect(readCommon(await answerOf(503, '', { 'retry-after': '90' }))).toMatchObject({ retryAt: laterBy(90) });
  });

  it.each([401, 403])('pauses for the credential on %i', async (status) => {
    expect(readCommon(await answerOf(status))).toMatchObject({ kind: 'unavailable', pause: { reason: 'credential' } });
  });

  it.each([
    ['Retry-After', { 'retry-after': '120' }, 120],
    ['X-RateLimit-Reset', { 'x-ratelimit-reset': String(laterBy(45).getTime() / 1000) }, 45],
    ['nothing', {}, 30],
    ['a moment already past', { 'retry-after': '0' }, 1],
  ])('pauses for the rate on a 429 with %s', async (_, headers, seconds) => {
    expect(readCommon(await answerOf(429, '{}', headers as Record<string, string>))).toMatchObject({
      kind: 'unavailable',
      retryAt: laterBy(seconds),
      pause: { reason: 'rate-limit', until: laterBy(seconds) },
    });
  });

  it('does not believe a login page served with 200', async () => {
    const page = await answerOf(200, '<html><form>Senha</form></html>', { 'content-type': 'text/html; charset=utf-8' });
    expect(readCommon(page)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('unexpected content type'),
    });
  });

  it('does not believe JSON that was cut', async () => {
    const cut = await answerOf(200, '{"id": 4711, "stat');
    expect(readCommon(cut)).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('invalid JSON') });
  });

  it('does not believe a redirect', async () => {
    const moved = await answerOf(301, '', { location: 'https://elsewhere.example' });
    expect(readCommon(moved)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('unexpected redirect'),
    });
  });

  it('believes JSON under a wrong content type, and anything where anything is expected', async () => {
    const php = await answerOf(200, ' {"id": 1}', { 'content-type': 'text/html' });
    expect([readCommon(php), php.body]).toEqual([undefined, { id: 1 }]);
    const text = await answerOf(200, 'OK', { 'content-type': 'text/plain' }, 'anything');
    expect([readCommon(text), text.text, text.body]).toEqual([undefined, 'OK', undefined]);
  });

  it('reads the charset the partner names', async () => {
    const latin = await startPartner((_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json; charset=ISO-8859-1' })
        .end(Buffer.from('{"nome":"São João"}', 'latin1')),
    );
    const endpoint = endpointOf(latin.url);
    open.unshift(endpoint, latin);
    expect((await endpoint.request({ method: 'GET', path: '/' })).body).toEqual({ nome: 'São João' });
  });

  it('lets a connector write its own reading in a few lines', async () => {
    const readAnswer = (answer: PartnerAnswer): Outcome => {
      const common = readCommon(answer);
      if (common) return common;
      if (answer.status < 300) return delivered(String((answer.body as { id: number }).id));
      return refused(`HTTP ${answer.status}`, answer.body);
    };
    expect(readAnswer(await answerOf(201, '{"id":7}'))).toEqual(delivered('7'));
    expect(readAnswer(await answerOf(422, '{"errors":{}}'))).toEqual(refused('HTTP 422', { errors: {} }));
    expect(readAnswer(await answerOf(500)).kind).toBe('unavailable');
  });
});

describe('What it means when there is no answer', () => {
  it('is unknown when the request may have arrived', () => {
    const late = new PartnerUnavailable('deadline', { sent: 'maybe' });
    expect(readUnavailable(late)).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(/^deadline: .* \/ no complete answer/),
    });
  });

  it('is unavailable when it cannot have', () => {
    expect(readUnavailable(new PartnerUnavailable('connection-refused', { sent: 'never' }))).toEqual({
      kind: 'unavailable',
      reason: 'connection-refused: conexão recusada / connection refused',
    });
    const retryAt = laterBy(10);
    expect(readUnavailable(new PartnerUnavailable('own-rate-limit', { sent: 'never', retryAt }))).toMatchObject({
      retryAt,
    });
  });

  it('pauses until somebody corrects the settings where only that helps', () => {
    const untrusted = new PartnerUnavailable('certificate-not-trusted', { sent: 'never' });
    expect(readUnavailable(untrusted)).toMatchObject({ kind: 'unavailable', pause: { reason: 'credential' } });
  });

  it('is our bug for any other error', () => {
    expect(readUnavailable(new TypeError('undefined is not a function'))).toBeUndefined();
  });
});
