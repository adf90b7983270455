import { Client } from 'pg';
import * as sql from './databases.sql.ts';
import { secret, type StackState } from './state.ts';

/** One schema and one role per app, of the same name; the role owns its schema and sees nothing else. */
export const appRoles = ['reader', 'customerx', 'deps', 'audit'] as const;

/** The ERP owns its database; `ponte_reader` and `ponte_inbox` get their rights there from the SQL kits, not from here. */
export const erpOwner = 'erp';
export const erpReader = 'ponte_reader';
export const erpInbox = 'ponte_inbox';

/** Owner of the databases of tests: an ordinary role, so that a missing right shows. */
export const testRole = 'ponte_test';

/** Idempotent: run at every `up`. `adminUrl` must belong to a role that may create roles and databases. */
export async function prepareDatabases(adminUrl: string, state: StackState): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    for (const role of [...appRoles, erpOwner, erpReader, erpInbox, testRole]) {
      if (!(await exists(admin, sql.SELECT_ROLE, role))) await admin.query(sql.createRole(role));
      await admin.query(sql.setPassword(role, databasePassword(state, role)));
    }
    await prepareDatabase(admin, 'ponte', new URL(adminUrl).username, appRoles);
    await prepareDatabase(admin, 'erp', erpOwner, [erpOwner, erpReader, erpInbox]);
  });
  await withClient(databaseUrl(adminUrl, 'ponte'), async (admin) => {
    await admin.query(sql.CLOSE_PUBLIC_SCHEMA);
    for (const role of appRoles) {
      await admin.query(sql.createSchema(role));
      await admin.query(sql.setSearchPath(role, 'ponte'));
    }
  });
}

/** The same server, another database, and another role where one is given. */
export function databaseUrl(adminUrl: string, database: string, role?: { name: string; password: string }): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  if (role !== undefined) {
    url.username = role.name;
    url.password = role.password;
  }
  return url.href;
}

export function roleUrl(adminUrl: string, state: StackState, role: string, database: string): string {
  return databaseUrl(adminUrl, database, { name: role, password: databasePassword(state, role) });
}

function databasePassword(state: StackState, role: string): string {
  return secret(state, `database.${role}`);
}

async function prepareDatabase(
  admin: Client,
  database: string,
  owner: string,
  roles: readonly string[],
): Promise<void> {
  if (!(await exists(admin, sql.SELECT_DATABASE, database))) await admin.query(sql.createDatabase(database, owner));
  await admin.query(sql.closeDatabase(database));
  for (const role of roles) await admin.query(sql.openDatabase(database, role));
}

async function exists(client: Client, statement: string, name: string): Promise<boolean> {
  return (await client.query(statement, [name])).rowCount !== 0;
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
