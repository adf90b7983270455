import type { JWTPayload } from 'jose';
import { Caller, type Grant, type Territory } from './caller.js';
import { isRole, ROLES } from './roles.js';
import type { Permission } from './permissions.js';

/**
 * Reads `sub`, `name`, `roles` (ready-made role names) and `companies` (`"<source>|<company>"`,
 * `"<source>|<company>|<branch>"` or `"*"`). Names it does not know give nothing: a role of tomorrow, or of another
 * application that shares the issuer, is no mistake.
 * @param ofGroups what the token's groups give beside that, wherever they give it
 */
export function claimsToCaller(claims: JWTPayload, ofGroups: readonly Grant[] = []): Caller {
  const permissions = new Set(
    textsOf(claims.roles)
      .filter(isRole)
      .flatMap((role): readonly Permission[] => ROLES[role]),
  );
  const grants = textsOf(claims.companies).flatMap((text): Grant[] => {
    const territory = readTerritory(text);
    return territory ? [{ permissions, territory }] : [];
  });
  const id = claims.sub!;
  return new Caller(id, typeof claims.name === 'string' ? claims.name : id, [...grants, ...ofGroups]);
}

/** A token may name many groups of other applications; beyond this many, the rest give nothing. */
const GROUPS_MAX = 1_000;

export function groupsOf(claims: JWTPayload, claim: string): string[] {
  return [...new Set(textsOf(claims[claim]))].slice(0, GROUPS_MAX);
}

function readTerritory(text: string): Territory | '*' | undefined {
  if (text === '*') return '*';
  const [source, company, branch, ...rest] = text.split('|');
  if (!source || !company || branch === '' || rest.length > 0) return undefined;
  return { source, company, ...(branch !== undefined && { branch }) };
}

function textsOf(claim: unknown): string[] {
  return Array.isArray(claim) ? claim.filter((item) => typeof item === 'string') : [];
}
