import { buildMessage, IsOptional, IsUrl, MinLength, ValidateBy, type ValidationArguments } from 'class-validator';
import type { JSONWebKeySet } from 'jose';
import { SecretVariable, type EnvironmentClass } from '#libs/runtime';
import { isTrustedUrl } from './issuer-keys.js';
import type { TokenRules } from './token-verifier.js';

/** Adds `ACCESS_ISSUER`, `ACCESS_AUDIENCE`, `ACCESS_JWKS_URL` or `ACCESS_JWKS` where the issuer cannot be asked, `ACCESS_GROUPS_CLAIM`. */
export function withAccess<B extends EnvironmentClass>(Base: B) {
  abstract class AccessEnvironment extends Base {
    @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
    @IsIssuerOfKeys()
    ACCESS_ISSUER!: string;

    @MinLength(1)
    ACCESS_AUDIENCE!: string;

    @IsOptional()
    @IsKeysUrl()
    ACCESS_JWKS_URL?: string;

    @IsOptional()
    @IsPublicKeys()
    @SecretVariable()
    ACCESS_JWKS?: string;

    /** The claim of the token that lists its holder's groups. */
    @MinLength(1)
    ACCESS_GROUPS_CLAIM: string = 'groups';
  }
  return AccessEnvironment;
}

export interface AccessVariables {
  ACCESS_ISSUER: string;
  ACCESS_AUDIENCE: string;
  ACCESS_JWKS_URL?: string;
  ACCESS_JWKS?: string;
  ACCESS_GROUPS_CLAIM: string;
}

export function readTokenRules(environment: AccessVariables): TokenRules {
  return {
    issuer: environment.ACCESS_ISSUER,
    audience: environment.ACCESS_AUDIENCE,
    groupsClaim: environment.ACCESS_GROUPS_CLAIM,
    ...(environment.ACCESS_JWKS
      ? { keys: JSON.parse(environment.ACCESS_JWKS) as JSONWebKeySet }
      : { keysUrl: environment.ACCESS_JWKS_URL }),
  };
}

function IsKeysUrl(): PropertyDecorator {
  return ValidateBy({
    name: 'isKeysUrl',
    validator: {
      validate: isTrustedUrl,
      defaultMessage: buildMessage(() => 'must be an https:// URL of the issuer’s keys, unless ACCESS_JWKS holds them'),
    },
  });
}

/** Where neither keys nor their address are given, the issuer itself is asked. */
function IsIssuerOfKeys(): PropertyDecorator {
  return ValidateBy({
    name: 'isIssuerOfKeys',
    validator: {
      validate: (value, { object }: ValidationArguments) => {
        const { ACCESS_JWKS, ACCESS_JWKS_URL } = object as AccessVariables;
        return ACCESS_JWKS !== undefined || !!ACCESS_JWKS_URL || isTrustedUrl(value);
      },
      defaultMessage: buildMessage(
        () => 'must be https:// for its keys to be found there; or give them in ACCESS_JWKS_URL or ACCESS_JWKS',
      ),
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
