import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import {
  answerJson,
  endpointOf,
  pem,
  startPartner,
  startTlsPartner,
  type PartnerServer,
} from '../test/partner-server.js';
import type { PartnerEndpoint } from './partner-endpoint.js';

/** Jest gives each file a copy of the environment; TLS reads the process' own, which a sharing worker can set. */
async function setRealEnvironment(name: string, value: string): Promise<void> {
  const script = `process.env[${JSON.stringify(name)}] = ${JSON.stringify(value)}`;
  await once(new Worker(script, { eval: true, env: SHARE_ENV }), 'exit');
}

describe('TLS to a partner', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await setRealEnvironment('NODE_TLS_REJECT_UNAUTHORIZED', '1');
    for (const each of open.splice(0)) await each.close();
  });
  const kept = <T extends PartnerEndpoint | PartnerServer>(each: T): T => {
    open.unshift(each);
    return each;
  };
  const tlsPartner = async (certificate?: string) =>
    kept(await startTlsPartner((_, response) => answerJson(response, 200, { ok: true }), certificate));
  const get = { method: 'GET', path: '/' } as const;

  it('refuses a certificate nobody vouches for, each time, and says what to do about it', async () => {
    const endpoint = kept(endpointOf((await tlsPartner()).url));
    for (const _ of [1, 2]) {
      const call = endpoint.request(get);
      await expect(call).rejects.toMatchObject({ code: 'certificate-not-trusted', sent: 'never' });
      await expect(call).rejects.toThrow('not trusted: load the CA in the settings');
    }
  });

  it('trusts a private CA from the settings, with a new endpoint and no restart', async () => {
    const partner = await tlsPartner();
    await expect(kept(endpointOf(partner.url)).request(get)).rejects.toMatchObject({ code: 'certificate-not-trusted' });
    expect((await kept(endpointOf(partner.url, { ca: pem('ca.pem') })).request(get)).body).toEqual({ ok: true });
  });

  it('verifies even where NODE_TLS_REJECT_UNAUTHORIZED=0 is set, as a manual told customers to', async () => {
    await setRealEnvironment('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const call = kept(endpointOf((await tlsPartner()).url)).request(get);
    await expect(call).rejects.toMatchObject({ code: 'certificate-not-trusted', sent: 'never' });
  });

  it('trusts the CA of the settings beside the public roots, not instead of them', async () => {
    const roots = getCACertificates('default');
    setDefaultCACertificates([pem('ca.pem')]); // for this test, the private CA is a public one
    try {
      const endpoint = kept(endpointOf((await tlsPartner()).url, { ca: pem('other-ca.pem') }));
      expect((await endpoint.request(get)).status).toBe(200);
    } finally {
      setDefaultCACertificates(roots);
    }
  });

  it('refuses a certificate issued for another name', async () => {
    const call = kept(endpointOf((await tlsPartner('other-name')).url, { ca: pem('ca.pem') })).request(get);
    await expect(call).rejects.toMatchObject({ code: 'certificate-wrong-name', sent: 'never' });
  });

  it('tells an expired certificate from an untrusted one', async () => {
    const call = kept(endpointOf((await tlsPartner('expired')).url, { ca: pem('ca.pem') })).request(get);
    await expect(call).rejects.toMatchObject({ code: 'certificate-out-of-date', sent: 'never' });
  });

  it.each([
    ['is damaged', pem('ca.pem').replace(/\n.{10}/, '\n!!!!!!!!!!')],
    ['is no certificate', 'ca.pem'],
  ])('says so when the loaded CA %s, instead of ignoring it', async (_, broken) => {
    const call = kept(endpointOf((await tlsPartner()).url, { ca: broken })).request(get);
    await expect(call).rejects.toMatchObject({ code: 'ca-unreadable', sent: 'never' });
  });

  it('says so when the partner does not speak TLS at all', async () => {
    const plain = kept(await startPartner((_, response) => answerJson(response, 200, {})));
    const call = kept(endpointOf(plain.url.replace('http:', 'https:'))).request(get);
    await expect(call).rejects.toMatchObject({ code: 'tls-failed', sent: 'never' });
  });
});
