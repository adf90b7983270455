import pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { connectionSettings } from './connection-settings.js';
import { createSchema, LOCK_MIGRATIONS, SET_LOCK_TIMEOUT } from './database.sql.js';
import { StartRefused } from './start-refused.js';
import { TypeOrmLog } from './typeorm-log.js';

export type MigrationClass = new () => MigrationInterface;

const OTHERS_MIGRATION_WAIT_MS = 120_000;
const TABLE_LOCK_WAIT_MS = 5_000;

/**
 * Creates the schema and brings it up to the last of `migrations`; nothing happens where that is done already.
 * Replicas may call it at once: one migrates, the others wait for it and then find nothing to do. A migration waits
 * at most 5 s for a table, so an old replica's long transaction stops the deploy and not the old replica.
 */
export async function migrate(url: string, schema: string, migrations: readonly MigrationClass[]): Promise<void> {
  const lock = new pg.Client(connectionSettings({ url, schema, applicationName: `ponte-migrate-${schema}` }));
  lock.on('error', () => undefined); // its loss shows in the next statement
  await lock.connect();
  try {
    await lock.query(SET_LOCK_TIMEOUT, [String(OTHERS_MIGRATION_WAIT_MS)]);
    await lock.query(LOCK_MIGRATIONS, [schema]);
    await lock.query(createSchema(schema));
    await runMigrations(url, schema, migrations);
  } finally {
    await lock.end(); // releases the advisory lock
  }
}

async function runMigrations(url: string, schema: string, migrations: readonly MigrationClass[]): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    schema,
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    logger: new TypeOrmLog(),
    extra: {
      ...connectionSettings({ url, schema, applicationName: `ponte-migrate-${schema}`, statementTimeoutMs: 0 }),
      lock_timeout: TABLE_LOCK_WAIT_MS,
      max: 1,
    },
  });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } catch (error) {
    throw new StartRefused(`the schema "${schema}" could not be migrated: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await dataSource.destroy();
  }
}
