import type { Caller, Permission } from '#libs/access';

/**
 * `source|company` of what the caller may see, wholly or some branches of it, for the `where` of a list that is sifted
 * after; undefined: everything.
 */
export function ownersWithBranchesOf(caller: Caller, permission: Permission): string[] | undefined {
  const territories = caller.territoriesOf(permission);
  if (territories === '*') return undefined;
  return [...new Set(territories.map(({ source, company }) => `${source}|${company}`))];
}
