/** Names come from this folder's own code (letters, digits, underscore): CREATE DATABASE takes no parameters. */

export const SELECT_DATABASE = 'SELECT 1 FROM pg_database WHERE datname = $1';

export const LOCK_TEMPLATE = 'SELECT pg_advisory_lock(hashtext($1))';

export const UNLOCK_TEMPLATE = 'SELECT pg_advisory_unlock(hashtext($1))';

export const createDatabase = (name: string, owner: string) => `CREATE DATABASE "${name}" OWNER "${owner}"`;

export const cloneDatabase = (name: string, template: string, owner: string) =>
  `CREATE DATABASE "${name}" TEMPLATE "${template}" OWNER "${owner}"`;

export const renameDatabase = (from: string, to: string) => `ALTER DATABASE "${from}" RENAME TO "${to}"`;

export const dropDatabase = (name: string) => `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`;

export const SELECT_DATABASES_OF_TESTS =
  "SELECT datname AS name FROM pg_database WHERE datname LIKE 'ponte\\_test\\_%'";

/** $1 database */
export const COUNT_CONNECTIONS = 'SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = $1';
