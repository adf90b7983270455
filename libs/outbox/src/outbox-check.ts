import type { Pool } from 'pg';
import { DESCRIBE_POSITION, FIND_TABLE, LIST_COLUMNS, TABLE_RIGHTS } from './outbox-check.sql.js';
import { OPTIONAL_COLUMNS, quoteTable, type OutboxColumns, type OutboxTable } from './outbox-table.js';

export interface OutboxFindings {
  /** Why the table cannot be relayed, each a sentence to act on. */
  refusals: string[];
  /** What should be mended and does no harm meanwhile. */
  warnings: string[];
}

interface Column {
  name: string;
  type: string;
  notNull: boolean;
  maySelect: boolean;
  mayUpdate: boolean;
}

const WHOLE_NUMBERS = ['int2', 'int4', 'int8'];
const TYPES: Partial<Record<keyof OutboxColumns, string[]>> = {
  id: ['uuid'],
  payload: ['jsonb', 'json'],
  occurredAt: ['timestamptz'],
  publishedAt: ['timestamptz', 'timestamp'],
  parkedReason: ['text', 'varchar'],
  sequence: WHOLE_NUMBERS,
};
const MARKS = ['publishedAt', 'parkedReason'] as const;

/** Looks at an outbox somebody else owns before a row of it is touched. */
export async function checkOutbox(pool: Pool, table: OutboxTable): Promise<OutboxFindings> {
  const found = await pool.query<{ id: string | null; user: string; database: string }>(FIND_TABLE, [
    quoteTable(table.name),
  ]);
  const { id, user, database } = found.rows[0]!;
  if (id === null) return { refusals: [missingTable(table.name, user, database)], warnings: [] };
  const columns = new Map((await pool.query<Column>(LIST_COLUMNS, [id])).rows.map((column) => [column.name, column]));
  const refusals = [
    ...checkColumns(table, columns),
    ...(await checkPosition(pool, id, table, columns)),
    ...checkRights(table, columns, user),
  ];
  return { refusals, warnings: await widerRights(pool, id, table, columns) };
}

function missingTable(name: string, user: string, database: string): string {
  return (
    `the database "${database}" has no table ${name} that ${user} can see: install the SQL kit (erp-outbox.v1.sql) ` +
    'and grant ponte_reader to this login, or set OUTBOX_TABLE to the table that is there'
  );
}

function checkColumns(table: OutboxTable, columns: Map<string, Column>): string[] {
  return Object.entries(table.columns).flatMap(([role, name]) => {
    if (name === '' && (OPTIONAL_COLUMNS as readonly string[]).includes(role)) return [];
    const column = columns.get(name);
    if (!column) return [missingColumn(table.name, role, name)];
    const types = TYPES[role as keyof OutboxColumns];
    if (!types || types.includes(column.type)) return [];
    return [`column ${table.name}.${name} is of type ${column.type}: for ${role} it must be ${types.join(' or ')}`];
  });
}

function missingColumn(table: string, role: string, name: string): string {
  const set = `name the column that holds it in OUTBOX_COLUMNS (${role}=…)`;
  if (role === 'position') {
    return `${table} has no column ${name}: a whole number that rises with every row is needed to keep their order; ${set}`;
  }
  if ((MARKS as readonly string[]).includes(role)) {
    return (
      `${table} has no column ${name} to mark rows in: add it, or ${set}. An outbox whose rows are deleted in the ` +
      'transaction that wrote them can only be read by logical decoding, which Ponte does not do'
    );
  }
  return `${table} has no column ${name}: add it, or ${set}`;
}

async function checkPosition(
  pool: Pool,
  id: string,
  table: OutboxTable,
  columns: Map<string, Column>,
): Promise<string[]> {
  const name = table.columns.position;
  const column = columns.get(name);
  if (!column) return [];
  if (!WHOLE_NUMBERS.includes(column.type)) {
    return [`column ${table.name}.${name} is of type ${column.type}: the position must be a whole number that rises`];
  }
  const { rows } = await pool.query<{ isUnique: boolean; drawnAtOnce: number | null }>(DESCRIBE_POSITION, [id, name]);
  const { isUnique, drawnAtOnce } = rows[0]!;
  const refusals: string[] = [];
  if (!isUnique || !column.notNull) {
    refusals.push(`column ${table.name}.${name} is not unique and not null: the position must tell every row apart`);
  }
  if ((drawnAtOnce ?? 1) > 1) {
    refusals.push(
      `the sequence of ${table.name}.${name} hands out ${drawnAtOnce} values at once to each session, so positions do ` +
        'not rise in the order of writing: alter sequence … cache 1',
    );
  }
  return refusals;
}

function checkRights(table: OutboxTable, columns: Map<string, Column>, user: string): string[] {
  const known = Object.values(table.columns).flatMap((name) => columns.get(name) ?? []);
  const unreadable = known.filter(({ maySelect }) => !maySelect).map(({ name }) => name);
  const marks = MARKS.flatMap((role) => columns.get(table.columns[role]) ?? []);
  const unmarkable = marks.filter(({ mayUpdate }) => !mayUpdate).map(({ name }) => name);
  return [
    ...(unreadable.length > 0
      ? [`${user} may not read all of ${table.name}: grant select on ${table.name} to ${user}`]
      : []),
    ...(unmarkable.length > 0
      ? [`${user} may not mark rows: grant update (${unmarkable.join(', ')}) on ${table.name} to ${user}`]
      : []),
  ];
}

/** Reading and marking is all Ponte does; more is a danger to the ERP and no help. */
async function widerRights(
  pool: Pool,
  id: string,
  table: OutboxTable,
  columns: Map<string, Column>,
): Promise<string[]> {
  const { rows } = await pool.query<Record<string, boolean>>(TABLE_RIGHTS, [id]);
  const wide = Object.entries(rows[0]!).flatMap(([right, isGranted]) => (isGranted ? right : []));
  const marks = MARKS.map((role) => table.columns[role]);
  const written = [...columns.values()].filter(({ mayUpdate, name }) => mayUpdate && !marks.includes(name));
  if (written.length > 0) wide.push(`update of ${written.map(({ name }) => name).join(', ')}`);
  if (wide.length === 0) return [];
  return [`this login may do more to ${table.name} than read and mark (${wide.join('; ')}): revoke it`];
}
