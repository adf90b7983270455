import type { Caller, Permission } from '#libs/access';

/**
 * `source|company` of what the caller may see whole, for the `where` of a list; undefined: everything. Who may see a
 * branch alone sees none of what has no branch for certain: events that could not be read.
 */
export function ownersOf(caller: Caller, permission: Permission): string[] | undefined {
  const territories = caller.territoriesOf(permission);
  if (territories === '*') return undefined;
  return territories.filter(({ branch }) => branch === undefined).map(({ source, company }) => `${source}|${company}`);
}

/** The same with the companies of whose branches the caller may see some: the list is sifted after. */
export function ownersWithBranchesOf(caller: Caller, permission: Permission): string[] | undefined {
  const territories = caller.territoriesOf(permission);
  if (territories === '*') return undefined;
  return [...new Set(territories.map(({ source, company }) => `${source}|${company}`))];
}
