import { createHash, generateKeyPairSync } from 'node:crypto';
import { importJWK, SignJWT, type JWK } from 'jose';
import { secret, type StackState } from './state.ts';

const issuer = 'https://ponte.localhost/stack';
const audience = 'ponte';
const algorithm = 'ES256';

/** The apps believe tokens signed with the stack's own key, and no others. */
export function accessSettings(state: StackState): Record<string, string> {
  const { kty, crv, x, y, kid } = accessKey(state);
  const keys = [{ kty, crv, x, y, kid, alg: algorithm, use: 'sig' }];
  return { ACCESS_ISSUER: issuer, ACCESS_AUDIENCE: audience, ACCESS_JWKS: JSON.stringify({ keys }) };
}

/** Good for 12 hours, in every company. */
export async function signToken(state: StackState, roles: string[]): Promise<string> {
  const key = accessKey(state);
  return new SignJWT({ name: 'stack', roles, companies: ['*'] })
    .setProtectedHeader({ alg: algorithm, kid: key.kid })
    .setSubject('stack')
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('12h')
    .sign(await importJWK(key, algorithm));
}

/** P-256, private part included. */
function accessKey(state: StackState): JWK & { kid: string } {
  const text = secret(state, 'access.jwk', () => {
    const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
    const kid = createHash('sha256').update(`${jwk.x}${jwk.y}`).digest('base64url').slice(0, 16);
    return JSON.stringify({ ...jwk, kid });
  });
  return JSON.parse(text) as JWK & { kid: string };
}
