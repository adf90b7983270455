/** Tables by period; a partition is made before it is needed and dropped whole. $1 table */
export const EXISTING_PARTITIONS = `
  select c.relname as name
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  join pg_class p on p.oid = i.inhparent
  join pg_namespace n on n.oid = p.relnamespace
  where n.nspname = current_schema() and p.relname = $1`;

/** The names and bounds are our own, never an event's. */
export function createPartition(table: string, name: string): string {
  return `create table ${name} (like ${table} including defaults including constraints)`;
}

/** Beside whoever reads or writes the table: `create table … partition of` would wait for them, and everybody for it. */
export function attachPartition(table: string, name: string, from: string, to: string): string {
  return `alter table ${table} attach partition ${name} for values from ('${from}') to ('${to}')`;
}

export function dropPartition(name: string): string {
  return `drop table if exists ${name}`;
}

export const LOCK_PARTITIONS = `select pg_advisory_xact_lock(hashtext('ponte partitions ' || current_schema()))`;

/** A backup may read for hours: whoever wants a table for itself must not make the others wait behind it. */
export const WAIT_BRIEFLY = `set local lock_timeout = '1s'`;
