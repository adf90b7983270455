import { errors, jwtVerify, type JSONWebKeySet, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { Problem, type Clock } from '#libs/runtime';
import type { Caller, Grant } from './caller.js';
import { keysOf } from './issuer-keys.js';
import { claimsToCaller, groupsOf } from './token-claims.js';

export interface TokenRules {
  issuer: string;
  audience: string;
  /** Where the issuer publishes its keys; absent, the issuer is asked for it (OpenID Connect Discovery) … */
  keysUrl?: string;
  /** … unless the keys themselves are given. */
  keys?: JSONWebKeySet;
  /** The claim that lists the groups of whoever holds the token. */
  groupsClaim: string;
}

/** What some groups may do, by their names in the token. */
export type GrantsOfGroups = (names: readonly string[]) => Promise<readonly Grant[]>;

const NO_GRANTS: GrantsOfGroups = () => Promise.resolve([]);

/** Asymmetric only: with a shared-secret algorithm the issuer's public key would be enough to forge a token. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_TOLERANCE_S = 30;

/** Turns a bearer token into its caller, or refuses it. */
export class TokenVerifier {
  private readonly keys: JWTVerifyGetKey;

  constructor(
    private readonly rules: TokenRules,
    private readonly clock: Clock,
    private readonly grantsOfGroups: GrantsOfGroups = NO_GRANTS,
  ) {
    this.keys = keysOf(rules);
  }

  /** @throws Problem 401 `invalid-token`; 503 `keys-unavailable` when the issuer's keys cannot be had */
  async verify(token: string): Promise<Caller> {
    const claims = await this.claimsOf(token);
    return claimsToCaller(claims, await this.grantsOfGroups(groupsOf(claims, this.rules.groupsClaim)));
  }

  private async claimsOf(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer: this.rules.issuer,
        audience: this.rules.audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: this.clock.now(),
      });
      return payload;
    } catch (error) {
      throw toProblem(error);
    }
  }
}

const REASONS: Record<string, string> = {
  ERR_JWT_EXPIRED: 'The token has expired.',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the token is not right.',
  ERR_JWKS_NO_MATCHING_KEY: "The token is signed with a key that is not among the issuer's.",
  ERR_JOSE_ALG_NOT_ALLOWED: 'The token is signed with an algorithm that is not accepted.',
};

function toProblem(error: unknown): Problem {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalidToken(`The token's "${error.claim}" is missing or not accepted.`);
  }
  if (
    error instanceof errors.JWKSTimeout ||
    !(error instanceof errors.JOSEError) ||
    error.code === 'ERR_JOSE_GENERIC'
  ) {
    return new Problem({
      type: 'keys-unavailable',
      status: 503,
      detail: "The token issuer's keys cannot be read right now.",
    });
  }
  return invalidToken(REASONS[error.code] ?? 'The token cannot be read.');
}

function invalidToken(detail: string): Problem {
  return new Problem({ type: 'invalid-token', status: 401, detail });
}
