import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';

export type Signing = 'ES256' | 'RS256' | 'PS256' | 'EdDSA';

const API = 'https://ponte.example/api';
const SECRET = 'a-secret-of-the-client-long-enough-for-anybody';

/**
 * A real OpenID provider on this machine: discovery, keys and a token endpoint. Its one client asks for tokens as a
 * program does (client credentials); what is in them beside that, the test says.
 */
export async function openIssuer(algorithm: Signing = 'ES256') {
  let answer: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => answer(request, response));
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let claims: object = {};
  let audience = 'ponte';
  let keys: JWK[] = [];

  const serve = async (kid: string, signing: Signing, standing: JWK[] = []) => {
    keys = [await newKey(kid, signing), ...standing];
    answer = new Provider(
      url,
      configuration(keys, signing, () => ({ claims, audience })),
    ).callback();
  };
  await serve('k1', algorithm);

  return {
    url,
    /** Claims beside `sub`, which is the client's id. */
    token: async (wanted: object = {}, forAudience = 'ponte'): Promise<string> => {
      claims = wanted;
      audience = forAudience;
      return askToken(url);
    },
    /** A new key signs; the old one is gone at once. */
    rotate: (kid: string, signing: Signing = algorithm) => serve(kid, signing),
    /** As issuers do it with notice: the old one is still published. */
    rotateWithNotice: (kid: string) => serve(kid, algorithm, keys),
    away: () => (answer = (_request, response) => void response.writeHead(503).end()),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function newKey(kid: string, alg: Signing): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
}

/** A token that is a JWT is kept nowhere. */
class ForgetfulAdapter {
  async upsert(): Promise<void> {}
  async find(): Promise<undefined> {}
  async consume(): Promise<void> {}
  async destroy(): Promise<void> {}
  async revokeByGrantId(): Promise<void> {}
}

function configuration(keys: JWK[], signing: Signing, wanted: () => { claims: object; audience: string }): object {
  const info = () => ({
    scope: 'api',
    audience: wanted().audience,
    accessTokenFormat: 'jwt',
    accessTokenTTL: 300,
    jwt: { sign: { alg: signing } },
  });
  return {
    adapter: ForgetfulAdapter,
    jwks: { keys },
    clients: [
      {
        client_id: 'console',
        client_secret: SECRET,
        id_token_signed_response_alg: signing,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: info },
    },
    scopes: ['api'],
    ttl: { ClientCredentials: 300 },
    extraTokenClaims: () => wanted().claims,
  };
}

async function askToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`console:${SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: API, scope: 'api' }),
  });
  const body = (await answer.json()) as { access_token?: string };
  if (!body.access_token) throw new Error(`the issuer gave no token: ${JSON.stringify(body)}`);
  return body.access_token;
}
