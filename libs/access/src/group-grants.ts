import type { Pool } from 'pg';
import type { Clock } from '#libs/runtime';
import { GRANTS_OF_GROUPS } from './access-group.sql.js';
import type { Grant } from './caller.js';
import { isPermission } from './permissions.js';

interface GrantRow {
  source: string;
  company: string;
  branch: string | null;
  permissions: string[];
}

interface Read {
  readAt: number;
  grants: Promise<Grant[]>;
}

/** A right withdrawn in another process is gone after this long. */
const FRESH_MS = 1_000;
const KEPT_MAX = 1_000;

/** What the groups of a token give, read at most once a second for each set of groups. */
export class GroupGrants {
  private readonly read = new Map<string, Read>();

  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
  ) {}

  /** @throws what the database throws: a caller with less than they hold would be told untruths */
  of(names: readonly string[]): Promise<Grant[]> {
    if (names.length === 0) return Promise.resolve([]);
    const key = JSON.stringify(names.toSorted());
    const now = this.clock.monotonicMs();
    const known = this.read.get(key);
    if (known && now - known.readAt < FRESH_MS) return known.grants;
    if (this.read.size >= KEPT_MAX) this.read.clear();
    const grants = this.readNow(names);
    this.read.set(key, { readAt: now, grants });
    grants.catch(() => this.read.delete(key));
    return grants;
  }

  /** A change of our own holds at once. */
  forget(): void {
    this.read.clear();
  }

  private async readNow(names: readonly string[]): Promise<Grant[]> {
    const { rows } = await this.pool.query<GrantRow>(GRANTS_OF_GROUPS, [names]);
    return rows.map(rowToGrant);
  }
}

/** A permission this version does not know gives nothing. */
function rowToGrant({ source, company, branch, permissions }: GrantRow): Grant {
  const territory = { source, company, ...(branch !== null && { branch }) };
  return { permissions: new Set(permissions.filter(isPermission)), territory };
}
