import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { answerJson, endpointOf, startPartner, type PartnerServer } from '../test/partner-server.js';
import type { PartnerEndpoint } from './partner-endpoint.js';

describe('The deadline of a call', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const kept = <T extends PartnerEndpoint | PartnerServer>(each: T): T => {
    open.unshift(each);
    return each;
  };

  it('ends a call that is never answered, destroys its socket and says that the request may have been applied', async () => {
    const partner = kept(await startPartner(() => undefined));
    const call = kept(endpointOf(partner.url)).request({
      method: 'POST',
      path: '/analyses',
      body: {},
      deadlineMs: 150,
    });
    await expect(call).rejects.toMatchObject({ code: 'deadline', sent: 'maybe', method: 'POST', path: '/analyses' });
    await eventually(() => partner.sockets[0]!.closed);
  });

  it('counts the body as well: a partner that drips a byte at a time does not hold us', async () => {
    const drips: NodeJS.Timeout[] = [];
    const partner = kept(
      await startPartner((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('[');
        drips.push(setInterval(() => response.write('1,'), 20));
      }),
    );
    const call = kept(endpointOf(partner.url)).request({ method: 'GET', path: '/slow', deadlineMs: 250 });
    await expect(call).rejects.toMatchObject({ code: 'deadline', sent: 'maybe', status: 200 });
    await eventually(() => partner.sockets[0]!.closed);
    drips.forEach(clearInterval);
  });

  it('counts the connection as well, and knows that nothing was sent', async () => {
    const dnsThatNeverAnswers = () => undefined;
    const endpoint = kept(endpointOf('http://partner.example', {}, { resolve: dnsThatNeverAnswers }));
    const call = endpoint.request({ method: 'POST', path: '/analyses', deadlineMs: 100 });
    await expect(call).rejects.toMatchObject({ code: 'deadline', sent: 'never' });
  });

  it('is its own: one late call does not end the others', async () => {
    const late: (() => void)[] = [];
    const partner = kept(
      await startPartner((request, response) => {
        if (request.url === '/later') late.push(() => answerJson(response, 200, { ok: true }));
      }),
    );
    const endpoint = kept(endpointOf(partner.url));
    const later = endpoint.request({ method: 'GET', path: '/later' });
    await eventually(() => late.length === 1);
    await expect(endpoint.request({ method: 'GET', path: '/never', deadlineMs: 100 })).rejects.toMatchObject({
      code: 'deadline',
    });
    late[0]!();
    expect((await later).body).toEqual({ ok: true });
  });

  it('drops a call that waited too long for a socket, without sending it afterwards', async () => {
    let answerFirst = () => undefined as void;
    const partner = kept(
      await startPartner((request, response) => {
        if (request.url === '/first') answerFirst = () => answerJson(response, 200, {});
        else answerJson(response, 200, {});
      }),
    );
    const endpoint = kept(endpointOf(partner.url, { connections: 1 }));
    const first = endpoint.request({ method: 'GET', path: '/first' });
    await eventually(() => partner.requests.length === 1);
    const waiting = endpoint.request({ method: 'POST', path: '/paid', deadlineMs: 100 });
    await expect(waiting).rejects.toMatchObject({ code: 'deadline', sent: 'never' });
    answerFirst();
    await first;
    await endpoint.request({ method: 'GET', path: '/last' });
    expect(partner.requests).toEqual(['GET /first', 'GET /last']);
    expect(partner.sockets).toHaveLength(1);
  });

  it('is looked at once more right before the first byte: a process that slept does not send late', async () => {
    const clock = new ManualClock();
    const partner = kept(await startPartner((_, response) => answerJson(response, 200, {})));
    const sleepWhileResolving = (_: string, __: unknown, answer: (error: null, found: never) => void) => {
      (clock as unknown as { elapsedMs: number }).elapsedMs += 60_000; // time passes, no timer has fired yet
      answer(null, [{ address: '127.0.0.1', family: 4 }] as never);
    };
    const endpoint = kept(endpointOf(partner.url, {}, { clock, resolve: sleepWhileResolving }));
    await expect(endpoint.request({ method: 'POST', path: '/paid' })).rejects.toMatchObject({
      code: 'deadline',
      sent: 'never',
    });
    expect(partner.requests).toEqual([]);
  });

  it('gives way to our own signal, which is told apart from a late partner', async () => {
    const partner = kept(await startPartner(() => undefined));
    const leaseLost = new AbortController();
    const endpoint = kept(endpointOf(partner.url));
    const call = endpoint.request({ method: 'PUT', path: '/financials', signal: leaseLost.signal });
    const ended = expect(call).rejects.toMatchObject({ code: 'cancelled', sent: 'maybe' });
    await eventually(() => partner.requests.length === 1);
    leaseLost.abort();
    await ended;
    const afterwards = endpoint.request({ method: 'PUT', path: '/financials', signal: leaseLost.signal });
    await expect(afterwards).rejects.toMatchObject({ code: 'cancelled', sent: 'never' });
  });
});
