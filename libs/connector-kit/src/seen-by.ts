import type { Caller, Permission } from '#libs/access';
import type { SeenTerritory } from '#libs/delivery';

/**
 * Whose rows a list shows, for its `where`; undefined: everything. Who may see a branch alone sees nothing that names no
 * branch, such as events that could not be read.
 */
export function seenBy(caller: Caller, permission: Permission): readonly SeenTerritory[] | undefined {
  const territories = caller.territoriesOf(permission);
  return territories === '*' ? undefined : territories;
}
