import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppEnvironment, ManualClock, readEnvironment, SystemClock, type Clock } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { openIssuer } from '../test/issuer.js';
import { readTokenRules, withAccess } from './access-environment.js';
import { TokenVerifier, type GrantsOfGroups } from './token-verifier.js';

class ShopEnvironment extends withAccess(AppEnvironment) {}

let issuer: Awaited<ReturnType<typeof openIssuer>>;

beforeEach(async () => {
  issuer = await openIssuer();
});
afterEach(() => issuer.close());

interface Wish {
  variables?: Record<string, string>;
  clock?: Clock;
  grantsOfGroups?: GrantsOfGroups;
}

/** Knows the issuer's address and nothing else, as an admin would configure it. */
function verifier({ variables = {}, clock = new SystemClock(), grantsOfGroups }: Wish = {}): TokenVerifier {
  const given = { HTTP_PORT: '0', OPS_PORT: '0', ACCESS_ISSUER: issuer.url, ACCESS_AUDIENCE: 'ponte', ...variables };
  return new TokenVerifier(readTokenRules(readEnvironment(ShopEnvironment, given)), clock, grantsOfGroups);
}

const VIEWER = { name: 'Ana', roles: ['viewer'], companies: ['/erp/demo|1'] };
const refusedAs = (type: string) => expect.objectContaining({ details: expect.objectContaining({ type }) });
const INVALID = refusedAs('invalid-token');

describe('a real OpenID provider', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)(
    'is believed by its address alone, which leads to its keys, signing with %s',
    async (algorithm) => {
      await issuer.rotate('k2', algorithm);
      const caller = await verifier().verify(await issuer.token(VIEWER));
      expect([caller.id, caller.name]).toEqual(['console', 'Ana']);
      expect(caller.territoriesOf('deliveries.read')).toEqual([{ source: '/erp/demo', company: '1' }]);
    },
  );

  it('is asked for its keys at the address given, where one is given', async () => {
    const variables = { ACCESS_JWKS_URL: `${issuer.url}/jwks` };
    expect((await verifier({ variables }).verify(await issuer.token())).id).toBe('console');
    const elsewhere = { ACCESS_JWKS_URL: `${issuer.url}/nothing-here` };
    await expect(verifier({ variables: elsewhere }).verify(await issuer.token())).rejects.toEqual(
      refusedAs('keys-unavailable'),
    );
  });

  it('gives a token for another audience, which is refused', async () => {
    await expect(verifier().verify(await issuer.token(VIEWER, 'another-api'))).rejects.toEqual(INVALID);
  });

  it('gives a token that is refused where another issuer is believed', async () => {
    const other = await openIssuer();
    const token = await other.token(VIEWER);
    await other.close();
    await expect(verifier().verify(token)).rejects.toEqual(INVALID);
    const keysOfOne = { ACCESS_JWKS_URL: `${issuer.url}/jwks`, ACCESS_ISSUER: 'https://id.example.com' };
    await expect(verifier({ variables: keysOfOne }).verify(await issuer.token())).rejects.toEqual(INVALID);
  });

  it('gives a token that is refused once it has expired', async () => {
    const token = await issuer.token(VIEWER);
    const clock = new ManualClock(new Date());
    const judge = verifier({ clock });
    expect((await judge.verify(token)).id).toBe('console');
    clock.advance(340_000);
    await expect(judge.verify(token)).rejects.toEqual(INVALID);
  });

  it('changes its keys with notice, and tokens of both are good', async () => {
    const judge = verifier();
    const old = await issuer.token(VIEWER);
    await judge.verify(old);
    await issuer.rotateWithNotice('k2');
    const young = await issuer.token(VIEWER);
    await eventually(async () => expect((await judge.verify(young)).id).toBe('console'));
    expect((await judge.verify(old)).id).toBe('console');
  });

  it('takes a key back, and what that key signed is refused', async () => {
    const judge = verifier();
    const old = await issuer.token(VIEWER);
    await judge.verify(old);
    await issuer.rotate('k2');
    const young = await issuer.token(VIEWER);
    await eventually(async () => expect((await judge.verify(young)).id).toBe('console'));
    await expect(judge.verify(old)).rejects.toEqual(INVALID);
  });

  it('that describes itself as another than was asked is not believed', async () => {
    const variables = { ACCESS_ISSUER: issuer.url.replace('127.0.0.1', 'localhost') };
    await expect(verifier({ variables }).verify(await issuer.token())).rejects.toEqual(refusedAs('keys-unavailable'));
  });

  it('is away when the first token comes: nobody is called a forger for it, and the next token finds it back', async () => {
    const token = await issuer.token(VIEWER);
    issuer.away();
    const judge = verifier();
    await expect(judge.verify(token)).rejects.toEqual(refusedAs('keys-unavailable'));
    await issuer.rotate('k2');
    expect((await judge.verify(await issuer.token())).id).toBe('console');
  });

  it('hands the groups of its user on, in the claim the settings name', async () => {
    const asked: string[][] = [];
    const grantsOfGroups: GrantsOfGroups = async (names) => {
      asked.push([...names]);
      const territory = { source: '/erp/demo', company: '7' };
      return [{ permissions: new Set(['runs.start']), territory }];
    };
    const token = await issuer.token({
      groups: ['vendas'],
      'https://acme.example/groups': ['cobranca', 'cobranca', 7],
    });
    const variables = { ACCESS_GROUPS_CLAIM: 'https://acme.example/groups' };
    const caller = await verifier({ variables, grantsOfGroups }).verify(token);
    await verifier({ grantsOfGroups }).verify(token);
    expect(asked).toEqual([['cobranca'], ['vendas']]);
    expect(caller.may('runs.start', { source: '/erp/demo', company: '7' })).toBe(true);
  });
});

describe('with the keys of a real OpenID provider nobody else makes a token:', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = () => ({
    ...VIEWER,
    sub: 'mallory',
    iss: issuer.url,
    aud: 'ponte',
    exp: Math.floor(Date.now() / 1000) + 300,
  });

  it('not without a signature', async () => {
    const unsigned = `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims())}.`;
    await expect(verifier().verify(unsigned)).rejects.toEqual(INVALID);
  });

  it('not with the public key as a shared secret', async () => {
    const { keys } = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: object[] };
    for (const secret of [JSON.stringify(keys[0]), JSON.stringify({ keys })]) {
      const signed = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claims())}`;
      const signature = createHmac('sha256', secret).update(signed).digest('base64url');
      await expect(verifier().verify(`${signed}.${signature}`)).rejects.toEqual(INVALID);
    }
  });

  it('not by changing the claims of one that was good', async () => {
    const [header, , signature] = (await issuer.token(VIEWER)).split('.');
    await expect(verifier().verify(`${header}.${part(claims())}.${signature}`)).rejects.toEqual(INVALID);
  });
});
