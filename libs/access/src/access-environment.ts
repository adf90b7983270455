import { buildMessage, IsOptional, IsUrl, MinLength, ValidateBy, ValidateIf } from 'class-validator';
import type { JSONWebKeySet } from 'jose';
import { SecretVariable, type EnvironmentClass } from '#libs/runtime';
import type { TokenRules } from './token-verifier.js';

/** Adds `ACCESS_ISSUER`, `ACCESS_AUDIENCE` and one of `ACCESS_JWKS_URL`, `ACCESS_JWKS`. */
export function withAccess<B extends EnvironmentClass>(Base: B) {
  abstract class AccessEnvironment extends Base {
    @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
    ACCESS_ISSUER!: string;

    @MinLength(1)
    ACCESS_AUDIENCE!: string;

    @ValidateIf(
      (environment: AccessVariables) => environment.ACCESS_JWKS === undefined || !!environment.ACCESS_JWKS_URL,
    )
    @IsKeysUrl()
    ACCESS_JWKS_URL?: string;

    @IsOptional()
    @IsPublicKeys()
    @SecretVariable()
    ACCESS_JWKS?: string;
  }
  return AccessEnvironment;
}

export interface AccessVariables {
  ACCESS_ISSUER: string;
  ACCESS_AUDIENCE: string;
  ACCESS_JWKS_URL?: string;
  ACCESS_JWKS?: string;
}

export function readTokenRules(environment: AccessVariables): TokenRules {
  return {
    issuer: environment.ACCESS_ISSUER,
    audience: environment.ACCESS_AUDIENCE,
    ...(environment.ACCESS_JWKS
      ? { keys: JSON.parse(environment.ACCESS_JWKS) as JSONWebKeySet }
      : { keysUrl: environment.ACCESS_JWKS_URL }),
  };
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Keys read over plain HTTP could be anybody's; on the same machine they cannot. */
function IsKeysUrl(): PropertyDecorator {
  return ValidateBy({
    name: 'isKeysUrl',
    validator: {
      validate: (value) => {
        if (typeof value !== 'string' || !URL.canParse(value)) return false;
        const { protocol, hostname } = new URL(value);
        return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
      },
      defaultMessage: buildMessage(() => 'must be an https:// URL of the issuer’s keys, unless ACCESS_JWKS holds them'),
    },
  });
}

const PRIVATE_PARTS = ['d', 'k', 'p', 'q'];

function IsPublicKeys(): PropertyDecorator {
  return ValidateBy({
    name: 'isPublicKeys',
    validator: {
      validate: (value) => typeof value === 'string' && holdsPublicKeys(value),
      defaultMessage: buildMessage(() => 'must be JSON {"keys":[…]} with public keys only'),
    },
  });
}

function holdsPublicKeys(text: string): boolean {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    return (
      Array.isArray(keys) &&
      keys.length > 0 &&
      keys.every((key: object) => key && !PRIVATE_PARTS.some((part) => part in key))
    );
  } catch {
    return false;
  }
}
