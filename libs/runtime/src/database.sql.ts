/**
 * What runs in our transactions finds its rows by key. A plan made while a table was small would read it whole, and may be
 * kept while it grows: reading a table whole is left for what no index can answer. Before PostgreSQL 18 that is done by a
 * price so high that such a plan would be compiled: what is as short as ours never is.
 */
export const BEGIN = 'begin; set local enable_seqscan = off; set local jit = off';
export const COMMIT = 'commit';
export const ROLLBACK = 'rollback';
export const PING = 'select 1';

/** One migration at a time per schema: whoever comes second waits here. */
export const LOCK_MIGRATIONS = `select pg_advisory_lock(hashtext('ponte.migrations'), hashtext($1))`;

/** Waiting for another replica's migration may take longer than any statement of a migration may wait for a table. */
export const SET_LOCK_TIMEOUT = `select set_config('lock_timeout', $1, false)`;

/** `create schema if not exists` asks for the right to create one even where it stands: a least-right role has it not. */
export const createSchema = (schema: string) => `
  do $$ begin
    if to_regnamespace('"${schema}"') is null then create schema "${schema}"; end if;
  end $$`;
