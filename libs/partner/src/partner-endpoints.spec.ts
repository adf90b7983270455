import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { answerJson, startPartner, type PartnerServer } from '../test/partner-server.js';
import { PartnerEndpoints } from './partner-endpoints.js';

const get = { method: 'GET', path: '/' } as const;

describe('The endpoints in use', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const start = async (answer: Parameters<typeof startPartner>[0] = (_, response) => answerJson(response, 200, {})) => {
    const clock = new ManualClock();
    const partner: PartnerServer = await startPartner(answer);
    const endpoints = new PartnerEndpoints({ clock, idleMs: 60_000 });
    open.unshift(endpoints, partner);
    const settings = () => ({
      name: 'partner',
      baseUrl: partner.url,
      deadlineMs: 600_000,
      connections: 2,
      maxBodyBytes: 1_000,
      allowPlainHttp: true,
      allowPrivateAddresses: true,
    });
    return { clock, partner, endpoints, settings };
  };

  it('makes one per account and keeps it while its settings stay the same', async () => {
    const { endpoints, settings } = await start();
    const first = endpoints.get('a', 1, settings);
    const neverRead = () => {
      throw new Error('the settings were read again');
    };
    expect(endpoints.get('a', 1, neverRead)).toBe(first);
    expect(endpoints.get('b', 1, settings)).not.toBe(first);
    expect(endpoints.size).toBe(2);
  });

  it('takes changed settings at once and lets the calls under the old ones end', async () => {
    const held: (() => void)[] = [];
    const { endpoints, settings } = await start((_, response) => void held.push(() => answerJson(response, 200, {})));
    const old = endpoints.get('a', 1, settings);
    const running = old.request(get);
    await eventually(() => held.length === 1);
    const changed = endpoints.get('a', 2, settings);
    expect(changed).not.toBe(old);
    await expect(old.request(get)).rejects.toMatchObject({ code: 'closed', sent: 'never' });
    held[0]!();
    expect((await running).status).toBe(200);
  });

  it('gives back what is idle, with its sockets, and spares what is busy', async () => {
    const held: (() => void)[] = [];
    const { clock, endpoints, partner, settings } = await start((request, response) => {
      if (request.url === '/held') held.push(() => answerJson(response, 200, {}));
      else answerJson(response, 200, {});
    });
    await endpoints.get('idle', 1, settings).request(get);
    const running = endpoints.get('busy', 1, settings).request({ ...get, path: '/held' });
    await eventually(() => held.length === 1);
    for (let n = 0; n < 3; n += 1) {
      await eventually(() => clock.sleeping > 0);
      clock.advance(30_000);
    }
    await eventually(() => endpoints.size === 1);
    await eventually(() => partner.sockets[0]!.closed, { withinMs: 1_500 }); // by itself it would live for 4 s
    held[0]!();
    expect((await running).status).toBe(200);
  });

  it('makes an idle one anew when it is asked for again', async () => {
    const { clock, endpoints, settings } = await start();
    await endpoints.get('a', 1, settings).request(get);
    clock.advance(60_000);
    endpoints.closeIdle();
    expect(endpoints.size).toBe(0);
    expect((await endpoints.get('a', 1, settings).request(get)).status).toBe(200);
  });

  it('closes when every call under way has ended, and not before', async () => {
    const held: (() => void)[] = [];
    const { endpoints, settings } = await start((_, response) => void held.push(() => answerJson(response, 200, {})));
    const order: string[] = [];
    const running = endpoints.get('a', 1, settings).request(get);
    await eventually(() => held.length === 1);
    const closed = endpoints.close().then(() => order.push('closed'));
    void running.then(() => order.push('answered'));
    held[0]!();
    await Promise.all([running, closed]);
    expect(order).toEqual(['answered', 'closed']);
  });
});
