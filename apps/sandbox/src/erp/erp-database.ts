import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { inTransaction } from '#libs/runtime';
import { CREATE_EXPORT_VIEWS } from './erp-export.sql.js';
import { CREATE_ERP_TABLES, LOCK_ERP_SCHEMA } from './erp-schema.sql.js';

const OUTBOX_KIT = 'libs/outbox/sql/erp-outbox.v1.sql';
const INBOX_KIT = 'libs/outbox/sql/erp-inbox.v1.sql';
const HEARTBEAT_KIT = 'libs/outbox/sql/erp-heartbeat.v1.sql';
const EXPORT_KIT = 'libs/outbox/sql/ponte-export.v1.sql';

/** The ERP's own database with its tables and the kits in it. The caller ends the pool. */
export async function openErpDatabase(url: string): Promise<pg.Pool> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    application_name: 'sandbox-erp',
    connectionTimeoutMillis: 5_000,
  });
  pool.on('error', () => undefined); // an idle connection that was cut; the next statement opens another
  pool.on('connect', (client) => client.on('error', () => undefined)); // one in use: its statement says so
  try {
    await inTransaction(pool, async (client) => {
      await client.query(LOCK_ERP_SCHEMA);
      await client.query(readKit(OUTBOX_KIT));
      await client.query(readKit(HEARTBEAT_KIT));
      await client.query(readKit(INBOX_KIT));
      await client.query(CREATE_ERP_TABLES);
      await client.query(readKit(EXPORT_KIT));
      await client.query(CREATE_EXPORT_VIEWS);
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
  return pool;
}

/** A kit as ERP teams get it. It is the same file in the sources and beside a build, so it is looked for upwards. */
function readKit(kit: string, from: string = import.meta.dirname): string {
  const candidate = join(from, kit);
  if (existsSync(candidate)) return readFileSync(candidate, 'utf8');
  if (dirname(from) === from) throw new Error(`${kit} is not in any folder above ${import.meta.dirname}`);
  return readKit(kit, dirname(from));
}
