import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import type { TokenRules } from './token-verifier.js';

const TIMEOUT_MS = 5_000;
/** A key nobody knows has the issuer asked again, at most this often: an issuer that changed its keys is followed. */
const ASK_AGAIN_MS = 2_000;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Keys read over plain HTTP could be anybody's; on the same machine they cannot. */
export function isTrustedUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
}

/** The keys as given, those at the address given, or those at the address the issuer publishes itself. */
export function keysOf({ keys, keysUrl, issuer }: TokenRules): JWTVerifyGetKey {
  if (keys) return createLocalJWKSet(keys);
  return keysUrl ? remoteKeys(keysUrl) : discoveredKeys(issuer);
}

function remoteKeys(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), { timeoutDuration: TIMEOUT_MS, cooldownDuration: ASK_AGAIN_MS });
}

/** Asked for with the first token; an issuer that was away is asked again with the next one. */
function discoveredKeys(issuer: string): JWTVerifyGetKey {
  let discovery: Promise<JWTVerifyGetKey> | undefined;
  return async (header, token) => {
    discovery ??= discoverKeysUrl(issuer).then(remoteKeys);
    discovery.catch(() => (discovery = undefined));
    return (await discovery)(header, token);
  };
}

/** @throws Error where the issuer publishes no address, or describes another issuer than the one that is believed */
async function discoverKeysUrl(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
  if (!answer.ok) throw new Error(`${address} answers HTTP ${answer.status}`);
  const { issuer: described, jwks_uri: keysUrl } = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (described !== issuer) throw new Error(`${address} describes another issuer than ${issuer}`);
  if (!isTrustedUrl(keysUrl)) throw new Error(`${address} names no https:// address of keys`);
  return keysUrl as string;
}
