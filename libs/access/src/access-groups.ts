import type { Pool, PoolClient } from 'pg';
import { cursorPage, inTransaction, notFound, Problem, readCursor, type Clock, type Page } from '#libs/runtime';
import {
  CHANGE_GROUP,
  DELETE_GROUP,
  LIST_GROUP_CHANGES,
  LIST_GROUPS,
  LOCK_GROUP,
  LOCK_OR_CREATE_GROUP,
  RECORD_GROUP_CHANGE,
} from './access-group.sql.js';
import type { Caller, Territory } from './caller.js';
import type { Permission } from './permissions.js';

/** What the members of a group of the token issuer may do in one company, or in one branch of it. */
export interface AccessGroup extends Territory {
  id: string;
  /** As the issuer writes it in the token. */
  name: string;
  permissions: string[];
  updatedAt: Date;
  /** The `sub` of who changed it last. */
  updatedBy: string;
}

/** One change; `before` is absent where the mapping was new, `after` where it was taken away. */
export interface AccessGroupChange extends Territory {
  name: string;
  at: Date;
  by: { id: string; name: string };
  before?: string[];
  after?: string[];
}

export interface GroupWish extends Territory {
  name: string;
  permissions: Permission[];
}

interface GroupRow {
  id: string;
  name: string;
  source: string;
  company: string;
  branch: string | null;
  permissions: string[];
  updated_at: Date;
  updated_by: string;
}

interface ChangeRow extends Omit<GroupRow, 'permissions' | 'updated_at' | 'updated_by'> {
  changed_at: Date;
  changed_by: string;
  changed_by_name: string;
  before: string[] | null;
  after: string[] | null;
}

export interface ListWish {
  cursor?: string;
  limit: number;
  name?: string;
  source?: string;
  company?: string;
}

/**
 * Which group may do what where, kept in this app's own schema. Whoever changes it manages access there, and gives
 * nothing they do not hold there themselves; taking away asks for no more than managing.
 */
export class AccessGroups {
  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
  ) {}

  async list(caller: Caller, { cursor, limit, name, source, company }: ListWish): Promise<Page<AccessGroup>> {
    const [afterId = '0'] = readCursor(cursor, ['integer']) ?? [];
    const values = [...managedBy(caller), afterId, limit + 1, name ?? null, source ?? null, company ?? null];
    const { rows } = await this.pool.query<GroupRow>(LIST_GROUPS, values);
    return cursorPage(rows, limit, (row) => [row.id], toGroup);
  }

  async history(caller: Caller, { cursor, limit, name }: ListWish): Promise<Page<AccessGroupChange>> {
    const [beforeId = null] = readCursor(cursor, ['integer']) ?? [];
    const values = [...managedBy(caller), beforeId, limit + 1, name ?? null];
    const { rows } = await this.pool.query<ChangeRow>(LIST_GROUP_CHANGES, values);
    return cursorPage(rows, limit, (row) => [row.id], toChange);
  }

  /** @throws Problem 404 for another's company; 403 `permission-not-held` naming what the caller cannot give there */
  async save(caller: Caller, wish: GroupWish): Promise<AccessGroup> {
    caller.require('access.manage', wish);
    const now = this.clock.now();
    const { name, source, company, branch = null } = wish;
    return inTransaction(this.pool, async (client) => {
      const locked = await client.query<GroupRow>(LOCK_OR_CREATE_GROUP, [
        name,
        source,
        company,
        branch,
        now,
        caller.id,
      ]);
      const before = locked.rows[0]!;
      const permissions = [...new Set(wish.permissions)].toSorted();
      requireHeld(caller, wish, before.permissions);
      if (permissions.join() === before.permissions.join()) return toGroup(before);
      const changed = await client.query<GroupRow>(CHANGE_GROUP, [before.id, permissions, now, caller.id]);
      const was = before.permissions.length > 0 ? before.permissions : null;
      await this.record(client, caller, before, { before: was, after: permissions });
      return toGroup(changed.rows[0]!);
    });
  }

  /** @throws Problem 404 where there is none, or it is another's */
  async remove(caller: Caller, id: string): Promise<void> {
    const nothing = notFound('There is no such group, or it belongs to somebody else.');
    if (!/^\d{1,18}$/.test(id)) throw nothing;
    await inTransaction(this.pool, async (client) => {
      const row = (await client.query<GroupRow>(LOCK_GROUP, [id])).rows[0];
      if (!row) throw nothing;
      caller.require('access.manage', territoryOf(row));
      await client.query(DELETE_GROUP, [id]);
      await this.record(client, caller, row, { before: row.permissions, after: null });
    });
  }

  private async record(
    client: PoolClient,
    caller: Caller,
    { name, source, company, branch }: GroupRow,
    { before, after }: Pick<ChangeRow, 'before' | 'after'>,
  ): Promise<void> {
    const now = this.clock.now();
    const values = [name, source, company, branch, now, caller.id, caller.name, before, after];
    await client.query(RECORD_GROUP_CHANGE, values);
  }
}

/** What stays as it was is not given by this caller. */
function requireHeld(caller: Caller, wish: GroupWish, before: readonly string[]): void {
  const errors = wish.permissions.flatMap((permission, at) =>
    before.includes(permission) || caller.may(permission, wish)
      ? []
      : [{ pointer: `/permissions/${at}`, detail: `you do not hold "${permission}" there yourself` }],
  );
  if (errors.length === 0) return;
  const detail = 'Nobody gives what they do not hold there themselves.';
  throw new Problem({ type: 'permission-not-held', status: 403, detail, errors });
}

/** As the statements take it: sources, companies and branches of the same length; all null: everywhere. */
function managedBy(caller: Caller): [string[] | null, string[] | null, (string | null)[] | null] {
  const territories = caller.territoriesOf('access.manage');
  if (territories === '*') return [null, null, null];
  return [
    territories.map(({ source }) => source),
    territories.map(({ company }) => company),
    territories.map(({ branch }) => branch ?? null),
  ];
}

function territoryOf({ source, company, branch }: Pick<GroupRow, 'source' | 'company' | 'branch'>): Territory {
  return { source, company, ...(branch !== null && { branch }) };
}

function toGroup(row: GroupRow): AccessGroup {
  const { id, name, permissions, updated_at: updatedAt, updated_by: updatedBy } = row;
  return { id, name, ...territoryOf(row), permissions, updatedAt, updatedBy };
}

function toChange(row: ChangeRow): AccessGroupChange {
  const { name, changed_at: at, changed_by: id, changed_by_name: called, before, after } = row;
  return {
    name,
    ...territoryOf(row),
    at,
    by: { id, name: called },
    ...(before && { before }),
    ...(after && { after }),
  };
}
