import type { Pool } from 'pg';
import { quoteTable } from '#libs/outbox';
import { DESCRIBE_TABLE, FIND_TABLE, LIST_COLUMNS, OTHER_TABLES } from './inbox-check.sql.js';

export interface InboxFindings {
  /** Why nothing may be written, each a sentence to act on. */
  refusals: string[];
  /** What should be mended and does no harm meanwhile. */
  warnings: string[];
}

interface Found {
  id: string | null;
  user: string;
  database: string;
  isSuperuser: boolean;
}

interface Column {
  name: string;
  type: string;
  mustBeGiven: boolean;
  mayInsert: boolean;
  maySelect: boolean;
  mayUpdate: boolean;
}

interface Described {
  idIsUnique: boolean;
  mayDelete: boolean;
  mayTruncate: boolean;
}

export const KIT = 'libs/outbox/sql/erp-inbox.v1.sql';
const TEXT = ['text', 'varchar'];
/** What is written, and as what. */
const WRITTEN: Record<string, string[]> = {
  id: ['uuid'],
  source: TEXT,
  type: TEXT,
  subject: TEXT,
  company: TEXT,
  branch: TEXT,
  occurred_at: ['timestamptz'],
  payload: ['jsonb', 'json'],
  actor: TEXT,
  traceparent: TEXT,
};

/** Looks at a table somebody else owns before anything is written there. */
export async function checkInbox(erp: Pool, table: string): Promise<InboxFindings> {
  const found = (await erp.query<Found>(FIND_TABLE, [quoteTable(table)])).rows[0]!;
  if (found.id === null) return { refusals: [missingTable(table, found)], warnings: [] };
  const columns = (await erp.query<Column>(LIST_COLUMNS, [found.id])).rows;
  const described = (await erp.query<Described>(DESCRIBE_TABLE, [found.id])).rows[0]!;
  const refusals = [
    ...checkColumns(table, columns),
    ...checkIdentity(table, described),
    ...checkRights(table, columns, found.user),
    ...(found.isSuperuser ? [superuser(table, found.user)] : refuseWider(table, columns, described, found.user)),
  ];
  return { refusals, warnings: found.isSuperuser ? [] : await warnWider(erp, found, table, columns) };
}

function missingTable(table: string, { user, database }: Found): string {
  return (
    `the database "${database}" has no table ${table} that ${user} can see: install ${KIT} (kit version 1) in the ` +
    `schema of the ERP and grant ponte_inbox to ${user}, or set INBOX_TABLE to where it is`
  );
}

function checkColumns(table: string, columns: Column[]): string[] {
  const missing = Object.entries(WRITTEN).flatMap(([name, types]) => {
    const column = columns.find((one) => one.name === name);
    if (!column) return [`${table} has no column ${name}: bring the table to kit version 1 (${KIT})`];
    if (types.includes(column.type)) return [];
    return [`column ${table}.${name} is of type ${column.type}: it must be ${types.join(' or ')}`];
  });
  const unfilled = columns.filter(({ mustBeGiven, name }) => mustBeGiven && !(name in WRITTEN)).map(({ name }) => name);
  if (unfilled.length === 0) return missing;
  return [...missing, `${table} has columns that nobody fills (${unfilled.join(', ')}): give each a default`];
}

function checkIdentity(table: string, { idIsUnique }: Described): string[] {
  if (idIsUnique) return [];
  return [`${table} has no unique index on id alone: a result that comes twice would be written twice; add one`];
}

function checkRights(table: string, columns: Column[], user: string): string[] {
  const written = columns.filter(({ name }) => name in WRITTEN);
  const closed = written.filter(({ mayInsert }) => !mayInsert).map(({ name }) => name);
  const id = columns.find(({ name }) => name === 'id');
  return [
    ...(closed.length > 0
      ? [`${user} may not add results: grant insert (${closed.join(', ')}) on ${table} to ${user}, or run ${KIT} again`]
      : []),
    ...(id?.maySelect === false
      ? [`${user} may not see which results are there: grant select (id) on ${table} to ${user}`]
      : []),
  ];
}

function superuser(table: string, user: string): string {
  return `${user} is a superuser, and whoever writes ${table} needs next to nothing: log in as a member of ponte_inbox`;
}

/** Results are the ERP's once they are written: who could read, change or remove them here is refused. */
function refuseWider(table: string, columns: Column[], { mayDelete, mayTruncate }: Described, user: string): string[] {
  const readable = columns.filter(({ maySelect, name }) => maySelect && name !== 'id').map(({ name }) => name);
  const changeable = columns.filter(({ mayUpdate }) => mayUpdate).map(({ name }) => name);
  const wide = [
    ...(readable.length > 0 ? [`read ${readable.join(', ')}`] : []),
    ...(changeable.length > 0 ? [`change ${changeable.join(', ')}`] : []),
    ...(mayDelete ? ['delete'] : []),
    ...(mayTruncate ? ['truncate'] : []),
  ];
  if (wide.length === 0) return [];
  return [
    `${user} may do more to ${table} than add results (${wide.join('; ')}): revoke it, or log in as somebody who is ` +
      'only a member of ponte_inbox',
  ];
}

async function warnWider(erp: Pool, { id, user }: Found, table: string, columns: Column[]): Promise<string[]> {
  const marks = columns.filter(({ mayInsert, name }) => mayInsert && !(name in WRITTEN)).map(({ name }) => name);
  const others = (await erp.query<{ name: string }>(OTHER_TABLES, [id])).rows.map(({ name }) => name);
  return [
    ...(marks.length > 0
      ? [`${user} may also fill ${marks.join(', ')} of ${table}, which it never does: revoke it`]
      : []),
    ...(others.length > 0 ? [`${user} may also use ${others.join(', ')} in the ERP's database: revoke it`] : []),
  ];
}
