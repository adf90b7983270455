import { cursorPage, readCursor, type Page, type PageQuery } from '#libs/runtime';
import type { Queryable } from './integration-registry.js';
import { READ_CHANGES } from './integration.sql.js';

/** Keys of both sides are JSON pointers (`/enabled`, `/settings/token`); a secret shows as `[secret]`, absence as null. */
export interface SettingChange {
  version: number;
  at: Date;
  by: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

interface ChangeRow {
  id: string;
  version: number;
  changed_at: Date;
  changed_by: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

/** Who changed this integration, when and what; newest first. */
export async function readSettingHistory(
  client: Queryable,
  integrationId: string,
  query: PageQuery,
): Promise<Page<SettingChange>> {
  const [before = null] = readCursor(query.cursor, ['integer']) ?? [];
  const { rows } = await client.query<ChangeRow>(READ_CHANGES, [integrationId, before, query.limit + 1]);
  return cursorPage(rows, query.limit, (row) => [row.id], rowToChange);
}

function rowToChange(row: ChangeRow): SettingChange {
  return { version: row.version, at: row.changed_at, by: row.changed_by, before: row.before, after: row.after };
}
