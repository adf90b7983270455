/** Where the rows are and what their columns are called; the defaults are those of the SQL kit. */
export interface OutboxTable {
  /** `table` or `schema.table`. */
  name: string;
  columns: OutboxColumns;
}

export interface OutboxColumns {
  position: string;
  id: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  payload: string;
  company: string;
  occurredAt: string;
  publishedAt: string;
  parkedReason: string;
  /** The rest may be missing from a table that was there before Ponte: an empty name says so. */
  branch: string;
  sequence: string;
  actor: string;
  partitionkey: string;
  traceparent: string;
}

export const OUTBOX_COLUMNS: OutboxColumns = {
  position: 'position',
  id: 'id',
  aggregatetype: 'aggregatetype',
  aggregateid: 'aggregateid',
  type: 'type',
  payload: 'payload',
  company: 'company',
  occurredAt: 'occurred_at',
  publishedAt: 'published_at',
  parkedReason: 'parked_reason',
  branch: 'branch',
  sequence: 'sequence',
  actor: 'actor',
  partitionkey: 'partitionkey',
  traceparent: 'traceparent',
};

export const OPTIONAL_COLUMNS = ['branch', 'sequence', 'actor', 'partitionkey', 'traceparent'] as const;

/** The columns as SQL; `null` stands for an optional one that is not there. */
export function quoteColumns(columns: OutboxColumns): OutboxColumns {
  const entries = Object.entries(columns).map(([name, column]) => {
    const isMissing = column === '' && (OPTIONAL_COLUMNS as readonly string[]).includes(name);
    return [name, isMissing ? 'null' : quoted(column)];
  });
  return Object.fromEntries(entries) as OutboxColumns;
}

export function quoteTable(name: string): string {
  return name.split('.').map(quoted).join('.');
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/;

/** Names come from the deployment; one that is not plain is a mistake there. @throws RangeError */
function quoted(name: string): string {
  if (!IDENTIFIER.test(name)) throw new RangeError(`"${name}" is not a plain name of a table or column`);
  return `"${name}"`;
}
