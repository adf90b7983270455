/**
 * Names and passwords below come from the stack's own table and secrets (letters, digits, underscore), never from
 * outside: these statements take no parameters in PostgreSQL.
 */

export const SELECT_ROLE = 'SELECT 1 FROM pg_roles WHERE rolname = $1';

export const SELECT_DATABASE = 'SELECT 1 FROM pg_database WHERE datname = $1';

export const createRole = (role: string) => `CREATE ROLE ${role} LOGIN NOINHERIT`;

export const setPassword = (role: string, password: string) => `ALTER ROLE ${role} LOGIN PASSWORD '${password}'`;

export const createDatabase = (database: string, owner: string) => `CREATE DATABASE ${database} OWNER ${owner}`;

export const closeDatabase = (database: string) => `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`;

export const openDatabase = (database: string, role: string) =>
  `GRANT CONNECT, TEMPORARY ON DATABASE ${database} TO ${role}`;

export const CLOSE_PUBLIC_SCHEMA = 'REVOKE ALL ON SCHEMA public FROM PUBLIC';

export const createSchema = (role: string) => `CREATE SCHEMA IF NOT EXISTS ${role} AUTHORIZATION ${role}`;

export const setSearchPath = (role: string, database: string) =>
  `ALTER ROLE ${role} IN DATABASE ${database} SET search_path = ${role}`;
