import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { AppEnvironment, ManualClock, readEnvironment } from '#libs/runtime';
import { readTokenRules, withAccess } from './access-environment.js';
import { TokenVerifier } from './token-verifier.js';

class ShopEnvironment extends withAccess(AppEnvironment) {}

const BASE = { HTTP_PORT: '0', OPS_PORT: '0', ACCESS_ISSUER: 'http://issuer', ACCESS_AUDIENCE: 'ponte' };
const START = new Date('2026-07-01T12:00:00Z');

let issuer: Server | undefined;
afterEach(() => void issuer?.close());

async function publishKeys(answer: () => { status: number; body: object }): Promise<string> {
  issuer = createServer((_request, response) => {
    const { status, body } = answer();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => issuer!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(issuer!.address() as AddressInfo).port}/jwks`;
}

function verifierAt(url: string, clock = new ManualClock(START)): TokenVerifier {
  return new TokenVerifier(readTokenRules(readEnvironment(ShopEnvironment, { ...BASE, ACCESS_JWKS_URL: url })), clock);
}

async function newSigner() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const seconds = START.getTime() / 1000;
  const sign = () =>
    new SignJWT({ sub: 'u-1', roles: ['viewer'], companies: ['*'] })
      .setProtectedHeader({ alg: 'RS256', kid: 'r1' })
      .setIssuer('http://issuer')
      .setAudience('ponte')
      .setExpirationTime(seconds + 60)
      .sign(privateKey);
  return { sign, keys: { keys: [{ ...(await exportJWK(publicKey)), kid: 'r1', alg: 'RS256' }] } };
}

it("reads the issuer's keys over HTTP", async () => {
  const { sign, keys } = await newSigner();
  const caller = await verifierAt(await publishKeys(() => ({ status: 200, body: keys }))).verify(await sign());
  expect([caller.id, caller.may('deliveries.read')]).toEqual(['u-1', true]);
});

it('says that the keys cannot be had, and not that the token is wrong, while the issuer is away; then goes on', async () => {
  const { sign, keys } = await newSigner();
  let away = true;
  const verifier = verifierAt(
    await publishKeys(() => (away ? { status: 503, body: {} } : { status: 200, body: keys })),
  );
  await expect(verifier.verify(await sign())).rejects.toMatchObject({
    details: { type: 'keys-unavailable', status: 503 },
  });
  away = false;
  expect((await verifier.verify(await sign())).id).toBe('u-1');
  issuer!.close();
  await expect(verifierAt('http://127.0.0.1:1/jwks').verify(await sign())).rejects.toMatchObject({
    details: { status: 503 },
  });
});

it('judges expiry by the clock of the app, half a minute of difference allowed', async () => {
  const { sign, keys } = await newSigner();
  const clock = new ManualClock(START);
  const verifier = verifierAt(await publishKeys(() => ({ status: 200, body: keys })), clock);
  clock.advance(80_000);
  expect((await verifier.verify(await sign())).id).toBe('u-1');
  clock.advance(20_000);
  await expect(verifier.verify(await sign())).rejects.toMatchObject({ details: { type: 'invalid-token' } });
});

it.each([
  ['neither a URL nor keys', {}],
  ['a URL without TLS to another machine', { ACCESS_JWKS_URL: 'http://id.example.com/jwks' }],
  ['keys that are no JSON', { ACCESS_JWKS: 'keys' }],
  ['no keys at all', { ACCESS_JWKS: '{"keys": []}' }],
  ['a private key', { ACCESS_JWKS: '{"keys": [{"kty": "EC", "d": "hunter2"}]}' }],
  ['a shared secret', { ACCESS_JWKS: '{"keys": [{"kty": "oct", "k": "hunter2"}]}' }],
  ['an issuer that is no URL', { ACCESS_JWKS_URL: 'https://id.example.com/jwks', ACCESS_ISSUER: 'me' }],
])('refuses an environment with %s, without repeating a key', (_what, variables: Record<string, string>) => {
  const read = () => readEnvironment(ShopEnvironment, { ...BASE, ...variables });
  expect(read).toThrow(/ACCESS_/);
  expect(read).not.toThrow(/hunter2/);
});
