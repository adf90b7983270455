import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { AppEnvironment, openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { CurrentCaller, Public, RequirePermission } from './access-decorators.js';
import { withAccess } from './access-environment.js';
import { AccessModule } from './access.module.js';
import type { Caller } from './caller.js';

@RequirePermission('deliveries.read')
@Controller('deliveries')
class DeliveriesController {
  @Get()
  list(@CurrentCaller() caller: Caller) {
    return { caller: caller.id, name: caller.name, from: caller.territoriesOf('deliveries.read') };
  }

  @Get('skip')
  @RequirePermission('deliveries.skip')
  skip() {
    return { skipped: true };
  }

  @Get('open')
  @Public()
  open() {
    return { open: true };
  }

  @Get('of/:company')
  ofCompany(@Param('company') company: string, @CurrentCaller() caller: Caller) {
    caller.require('deliveries.skip', { source: '/erp/demo', company });
    return { company };
  }
}

@Public()
@Controller('shelf')
class ShelfController {
  @Get()
  look() {
    return { open: true };
  }

  @Get('till')
  @RequirePermission('deliveries.read')
  till() {
    return { open: false };
  }
}

class ShopEnvironment extends withAccess(AppEnvironment) {}

const ISSUER = 'https://id.example.com';
const AUDIENCE = 'ponte';

let running: RunningApp;
let key: { privateKey: CryptoKey; publicJwk: JWK };

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } };
}

beforeAll(async () => {
  key = await newKey('k1');
  const environment = readEnvironment(ShopEnvironment, {
    HTTP_PORT: '0',
    OPS_PORT: '0',
    LOG_LEVEL: 'silent',
    ACCESS_ISSUER: ISSUER,
    ACCESS_AUDIENCE: AUDIENCE,
    ACCESS_JWKS: JSON.stringify({ keys: [key.publicJwk] }),
  });
  @Module({ imports: [AccessModule.for(environment)], controllers: [DeliveriesController, ShelfController] })
  class ShopModule {}
  running = await openApp({ name: 'shop', environment: ShopEnvironment, module: () => ShopModule }, environment);
});

afterAll(() => running.close());

const OPERATOR = { sub: 'u-1', name: 'Ana', roles: ['operator'], companies: ['/erp/demo|1'] };

interface TokenWish {
  claims?: JWTPayload;
  issuer?: string;
  audience?: string;
  expires?: string | number;
  signedBy?: CryptoKey;
}

function token({
  claims = OPERATOR,
  issuer = ISSUER,
  audience = AUDIENCE,
  expires = '5m',
  signedBy = key.privateKey,
}: TokenWish = {}) {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' });
  return jwt.setIssuer(issuer).setAudience(audience).setIssuedAt().setExpirationTime(expires).sign(signedBy);
}

async function ask(path: string, bearer?: string) {
  const answer = await fetch(running.url + path, {
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  });
  const body = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, body, challenge: answer.headers.get('www-authenticate') };
}

describe('a route', () => {
  it('tells its handler who asks and for which companies', async () => {
    const { status, body } = await ask('/deliveries', await token());
    expect([status, body]).toEqual([
      200,
      { caller: 'u-1', name: 'Ana', from: [{ source: '/erp/demo', company: '1' }] },
    ]);
  });

  it('is closed without a token', async () => {
    const answer = await ask('/deliveries');
    expect(answer).toMatchObject({
      status: 401,
      challenge: 'Bearer',
      body: { type: 'urn:ponte:problem:unauthenticated' },
    });
  });

  it('is open without a token only where it says @Public', async () => {
    expect((await ask('/deliveries/open')).status).toBe(200);
    expect((await ask('/deliveries/skip')).status).toBe(401);
  });

  it('of an open controller is closed where it asks for a permission itself', async () => {
    expect((await ask('/shelf')).status).toBe(200);
    expect((await ask('/shelf/till')).status).toBe(401);
    expect((await ask('/shelf/till', await token())).status).toBe(200);
  });

  it('asks for its own permission before that of its controller', async () => {
    const viewer = await token({ claims: { ...OPERATOR, roles: ['viewer'] } });
    expect((await ask('/deliveries', viewer)).status).toBe(200);
    expect(await ask('/deliveries/skip', viewer)).toMatchObject({
      status: 403,
      body: { type: 'urn:ponte:problem:missing-permission', detail: 'This needs the permission "deliveries.skip".' },
    });
  });

  it('is closed to a token whose roles nobody knows, or that names no company', async () => {
    expect(
      (await ask('/deliveries', await token({ claims: { ...OPERATOR, roles: ['king', 'constructor'] } }))).status,
    ).toBe(403);
    expect((await ask('/deliveries', await token({ claims: { ...OPERATOR, companies: [] } }))).status).toBe(403);
    expect((await ask('/deliveries', await token({ claims: { sub: 'u-1' } }))).status).toBe(403);
  });

  it("does not admit that a foreign company's things exist", async () => {
    const bearer = await token();
    expect((await ask('/deliveries/of/1', bearer)).status).toBe(200);
    expect(await ask('/deliveries/of/2', bearer)).toMatchObject({
      status: 404,
      body: { type: 'urn:ponte:problem:not-found' },
    });
    const viewer = await token({ claims: { ...OPERATOR, roles: ['viewer'] } });
    expect((await ask('/deliveries/of/1', viewer)).status).toBe(403);
  });
});

describe('a token is refused', () => {
  const refused = async (bearer: string) => {
    const { status, body, challenge } = await ask('/deliveries', bearer);
    expect([status, challenge, body.type]).toEqual([
      401,
      'Bearer error="invalid_token"',
      'urn:ponte:problem:invalid-token',
    ]);
    return body.detail;
  };

  it('when another issuer made it', async () => {
    expect(await refused(await token({ issuer: 'https://evil.example.com' }))).toContain('"iss"');
  });

  it('when it was made for another audience', async () => {
    expect(await refused(await token({ audience: 'other' }))).toContain('"aud"');
  });

  it('when it has expired', async () => {
    const expired = await token({ expires: Math.floor(Date.now() / 1000) - 60 });
    expect(await refused(expired)).toBe('The token has expired.');
  });

  it('when it never expires', async () => {
    const jwt = new SignJWT(OPERATOR)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE);
    expect(await refused(await jwt.sign(key.privateKey))).toContain('"exp"');
  });

  it('when it names nobody', async () => {
    expect(await refused(await token({ claims: { roles: ['vendor'], companies: ['*'] } }))).toContain('"sub"');
  });

  it('when somebody else signed it under the same key id', async () => {
    const { privateKey } = await newKey('k1');
    expect(await refused(await token({ signedBy: privateKey }))).toBe('The signature of the token is not right.');
  });

  it('when nobody signed it', async () => {
    const unsigned = new UnsecuredJWT(OPERATOR)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime('5m')
      .encode();
    await refused(unsigned);
  });

  it('when it is signed with the public key as a shared secret', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { ...OPERATOR, iss: ISSUER, aud: AUDIENCE, exp: Math.floor(Date.now() / 1000) + 300 };
    const signed = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claims)}`;
    const signature = createHmac('sha256', JSON.stringify(key.publicJwk)).update(signed).digest('base64url');
    expect(await refused(`${signed}.${signature}`)).toContain('algorithm');
  });

  it('when its claims were changed after it was signed', async () => {
    const [header, , signature] = (await token()).split('.');
    const claims = Buffer.from(
      JSON.stringify({ ...OPERATOR, roles: ['vendor'], iss: ISSUER, aud: AUDIENCE, exp: 9e9 }),
    );
    await refused(`${header}.${claims.toString('base64url')}.${signature}`);
  });

  it('when it is no token', async () => {
    await refused('hunter2');
  });
});
