import type { Caller, Permission } from '#libs/access';

/** `source|company` of what the caller may see, for the `where` of a list; undefined: everything. */
export function ownersOf(caller: Caller, permission: Permission): string[] | undefined {
  const territories = caller.territoriesOf(permission);
  if (territories === '*') return undefined;
  return territories.filter(({ branch }) => branch === undefined).map(({ source, company }) => `${source}|${company}`);
}
