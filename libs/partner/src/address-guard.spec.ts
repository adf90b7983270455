import { afterEach, describe, expect, it } from '@jest/globals';
import { answerJson, endpointOf, startPartner, startTlsPartner, type PartnerServer } from '../test/partner-server.js';
import { isPrivateAddress, type Resolve } from './address-guard.js';
import type { PartnerEndpoint } from './partner-endpoint.js';

/** A DNS that answers its next list each time it is asked, and the last one for ever. */
function dnsAnswering(...answers: string[][]): Resolve {
  return (_, __, answer) => {
    const addresses = answers.length > 1 ? answers.shift()! : answers[0]!;
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe('The guard of private networks', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  const kept = <T extends PartnerEndpoint | PartnerServer>(each: T): T => {
    open.unshift(each);
    return each;
  };
  const guarded = { allowPrivateAddresses: false };
  const refusal = { code: 'address-not-allowed', sent: 'never' };
  const get = { method: 'GET', path: '/' } as const;

  it.each([
    ...['127.0.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['100.64.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1'],
    ...['::ffff:a9fe:a9fe', '64:ff9b::10.0.0.1', '2002:7f00:1::', 'not an address'],
  ])('counts %s as private', (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '200.147.3.157', '2001:4860:4860::8888', '64:ff9b::8.8.8.8'])(
    'counts %s as public',
    (address) => expect(isPrivateAddress(address)).toBe(false),
  );

  it('refuses a name that leads to the loopback, in plain HTTP and in TLS, without connecting', async () => {
    const plain = kept(await startPartner((_, response) => answerJson(response, 200, {})));
    const tls = kept(await startTlsPartner((_, response) => answerJson(response, 200, {})));
    for (const partner of [plain, tls]) {
      await expect(kept(endpointOf(partner.url, guarded)).request(get)).rejects.toMatchObject(refusal);
      expect(partner.sockets).toEqual([]);
    }
  });

  it.each(['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]'])(
    'refuses the literal address %s, which is never looked up',
    async (host) => {
      await expect(kept(endpointOf(`http://${host}:9`, guarded)).request(get)).rejects.toMatchObject(refusal);
    },
  );

  it('looks at the address of each connection: a name that turns private after the first answer is refused', async () => {
    const partner = kept(await startPartner((_, response) => answerJson(response, 200, {})));
    const resolve = dnsAnswering(['203.0.113.1'], ['127.0.0.1']);
    const endpoint = kept(endpointOf(`http://partner.example:${partner.port}`, guarded, { resolve }));
    await expect(endpoint.request({ ...get, deadlineMs: 100 })).rejects.not.toMatchObject(refusal);
    const second = kept(endpointOf(`http://partner.example:${partner.port}`, guarded, { resolve }));
    await expect(second.request(get)).rejects.toMatchObject(refusal);
    expect(partner.sockets).toEqual([]);
  });

  it('refuses a name with one private address among public ones', async () => {
    const resolve = dnsAnswering(['203.0.113.1', '10.0.0.8']);
    const endpoint = kept(endpointOf('https://partner.example', guarded, { resolve }));
    await expect(endpoint.request(get)).rejects.toMatchObject(refusal);
  });

  it('lets the settings of one endpoint allow it', async () => {
    const partner = kept(await startPartner((_, response) => answerJson(response, 200, { ok: true })));
    const allowed = { allowPrivateAddresses: true };
    expect((await kept(endpointOf(partner.url, allowed)).request(get)).body).toEqual({ ok: true });
  });
});
