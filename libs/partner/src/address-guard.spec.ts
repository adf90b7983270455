import { afterEach, describe, expect, it } from '@jest/globals';
import { answerJson, endpointOf, startPartner, startTlsPartner, type PartnerServer } from '../test/partner-server.js';
import { isPrivateAddress, isWebPort, type Resolve } from './address-guard.js';
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
    ...['::127.0.0.1', '::ffff:0:127.0.0.1', '0:0:0:0:0:ffff:7f00:1', 'fe80::1%eth0', 'fd00:ec2::254'],
    ...['100.100.100.200', '168.63.129.16', '192.0.0.192', '198.18.0.1', '2001::1', 'ff02::1', '127.1'],
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

  it.each([
    ...['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '017700000001', '127.1', '127.0.0.1.', '0'],
    ...['１２７.0.0.1', '①②⑦.0.0.1', '%31%32%37.0.0.1', '169.254.169.254', '100.100.100.200'],
    ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[fd00:ec2::254]'],
  ])('refuses the literal address %s, which is never looked up', async (host) => {
    await expect(kept(endpointOf(`http://${host}:9`, guarded)).request(get)).rejects.toMatchObject(refusal);
  });

  it.each(['localhost', 'LOCALHOST', 'localhost.', 'metadata.google.internal', 'partner.example'])(
    'refuses the name %s that resolves to a cloud metadata server',
    async (host) => {
      const resolve = dnsAnswering(['169.254.169.254']);
      await expect(kept(endpointOf(`https://${host}`, guarded, { resolve })).request(get)).rejects.toMatchObject(
        refusal,
      );
    },
  );

  it('counts as ports of the web what partners use, and no mail server, database or broker', async () => {
    const are = (ports: string[]) => ports.map(isWebPort);
    expect(new Set(are(['', '80', '443', '1024', '8080', '8443', '65535']))).toEqual(new Set([true]));
    expect(new Set(are(['0', '1', '22', '25', '143', '445', '993', '5432', '5672', '6379', '27017']))).toEqual(
      new Set([false]),
    );
    const resolve = dnsAnswering(['203.0.113.1']);
    const smtp = kept(endpointOf('http://partner.example:25', guarded, { resolve }));
    await expect(smtp.request(get)).rejects.toMatchObject(refusal);
  });

  it('does not go where an answer points: a redirect to a private address is an answer, and nothing follows', async () => {
    const inside = kept(await startPartner((_, response) => answerJson(response, 200, {})));
    const partner = kept(
      await startPartner((_, response) => response.writeHead(307, { location: `${inside.url}/keys` }).end()),
    );
    const answer = await kept(endpointOf(partner.url)).request(get);
    expect(answer).toMatchObject({ status: 307, problem: 'unexpected redirect' });
    expect(inside.sockets).toEqual([]);
  });

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
