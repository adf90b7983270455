import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { freePort } from '#libs/testing';
import { answerJson, endpointOf, startPartner } from '../test/partner-server.js';

describe('One exchange with a partner', () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const partner = async (answer: Parameters<typeof startPartner>[0]) => {
    const server = await startPartner(answer);
    open.unshift(server);
    return server;
  };
  const endpoint = (...given: Parameters<typeof endpointOf>) => {
    const made = endpointOf(...given);
    open.unshift(made);
    return made;
  };

  it('cuts an answer above the limit, announced or not, and counts it as transport failure', async () => {
    const server = await partner((request, response) => {
      const body = Buffer.alloc(50_000, 'x');
      if (request.url === '/announced') response.setHeader('content-length', body.length);
      response.write(body);
      response.end();
    });
    const small = endpoint(server.url, { maxBodyBytes: 10_000 });
    for (const path of ['/announced', '/chunked']) {
      await expect(small.request({ method: 'GET', path })).rejects.toMatchObject({
        code: 'answer-too-large',
        sent: 'maybe',
        status: 200,
      });
    }
    const exact = endpoint(server.url, { maxBodyBytes: 50_000 });
    expect((await exact.request({ method: 'GET', path: '/chunked', expects: 'anything' })).text).toHaveLength(50_000);
  });

  it('asks for no compression, and refuses to unfold what comes compressed anyway', async () => {
    let asked: string | undefined;
    const server = await partner((request, response) => {
      asked = request.headers['accept-encoding'];
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync('{}'));
    });
    const call = endpoint(server.url).request({ method: 'GET', path: '/', headers: { 'Accept-Encoding': 'gzip' } });
    await expect(call).rejects.toMatchObject({ code: 'answer-encoded', sent: 'maybe' });
    expect(asked).toBe('identity');
  });

  it('does not follow a redirect: it is an answer, and a strange one', async () => {
    const server = await partner((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    const answer = await endpoint(server.url).request({ method: 'GET', path: '/financials' });
    expect(answer).toMatchObject({ status: 302, problem: 'unexpected redirect' });
    expect(server.requests).toEqual(['GET /financials']);
  });

  it('sends a request once: a connection broken after it was read ends the call as "maybe" and is not repeated', async () => {
    const server = await partner((request, response) => {
      if (request.url === '/first') answerJson(response, 200, {});
      else request.socket.resetAndDestroy();
    });
    const calls = endpoint(server.url);
    await calls.request({ method: 'GET', path: '/first' });
    for (const method of ['GET', 'POST'] as const) {
      await expect(calls.request({ method, path: '/reset' })).rejects.toMatchObject({
        code: 'connection-reset',
        sent: 'maybe',
      });
    }
    expect(server.requests).toEqual(['GET /first', 'GET /reset', 'POST /reset']);
  });

  it('knows that a refused connection carried nothing', async () => {
    const call = endpoint(`http://localhost:${await freePort()}`).request({ method: 'POST', path: '/analyses' });
    await expect(call).rejects.toMatchObject({ code: 'connection-refused', sent: 'never', systemCode: 'ECONNREFUSED' });
  });

  it('says when the name is not found', async () => {
    const notFound = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
    const resolve = (_: string, __: unknown, answer: (error: Error, addresses: never[]) => void) =>
      answer(notFound, []);
    const call = endpoint('https://partner.example', {}, { resolve }).request({ method: 'GET', path: '/' });
    await expect(call).rejects.toMatchObject({ code: 'name-not-found', sent: 'never' });
  });

  it('tells an answer that is no HTTP from a broken connection', async () => {
    const talker = createServer((socket) => socket.on('error', () => undefined).end('220 smtp.example ESMTP\r\n'));
    talker.listen(0, '127.0.0.1');
    await once(talker, 'listening');
    open.push({ close: () => talker.close() });
    const { port } = talker.address() as AddressInfo;
    const call = endpoint(`http://127.0.0.1:${port}`).request({ method: 'GET', path: '/' });
    await expect(call).rejects.toMatchObject({ code: 'answer-not-http', sent: 'maybe' });
  });

  it('lets our own mistakes through as such: a line break in a header is no failure of the partner', async () => {
    const server = await partner((_, response) => answerJson(response, 200, {}));
    const calls = endpoint(server.url);
    const split = calls.request({ method: 'GET', path: '/', headers: { authorization: 'secret-4711\r\nx: y' } });
    const error: Error = await split.then(
      () => new Error('it was sent'),
      (reason) => reason,
    );
    expect(error).toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
    expect(error.message).not.toContain('secret-4711');
    expect(calls.breaker).toBe('closed');
  });

  it('refuses plain HTTP unless the settings accept it by name', async () => {
    const server = await partner((_, response) => answerJson(response, 200, {}));
    const strict = endpoint(server.url, { allowPlainHttp: false });
    const refused = expect(strict.request({ method: 'GET', path: '/' })).rejects;
    await refused.toMatchObject({ code: 'plain-http-refused', sent: 'never' });
    await expect(strict.request({ method: 'GET', path: '/' })).rejects.toThrow('allowPlainHttp');
    expect(server.sockets).toEqual([]);
  });

  it.each([
    'ftp://partner.example',
    'not a url',
    'https://user@partner.example',
    'https://user:pass@partner.example',
    'https://partner.example/?key=1',
  ])('refuses the base URL %s and does not repeat it', async (baseUrl) => {
    const error: Error = await endpoint(baseUrl)
      .request({ method: 'GET', path: '/' })
      .then(String, (reason) => reason);
    expect(error).toMatchObject({ code: 'address-invalid', sent: 'never' });
    expect(JSON.stringify(error) + error.message).not.toContain('pass@');
  });
});
