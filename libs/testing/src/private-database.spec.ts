import { afterAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { privateDatabase, type PrivateDatabase } from './private-database.js';

const made: PrivateDatabase[] = [];

async function make(...args: Parameters<typeof privateDatabase>): Promise<PrivateDatabase> {
  const database = await privateDatabase(...args);
  made.push(database);
  return database;
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

describe('a private database', () => {
  afterAll(() => Promise.all(made.map((database) => database.drop())));

  it('belongs to a role that is no superuser', async () => {
    const { url } = await make();
    const [row] = await query(url, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
    expect(row).toEqual({ rolsuper: false });
  });

  it('is not the next one', async () => {
    const [one, other] = [await make(), await make()];
    await query(one.url, 'CREATE TABLE mine (id int)');
    await expect(query(other.url, 'SELECT * FROM mine')).rejects.toThrow('does not exist');
  });

  it('is migrated once per name, and every copy starts as the migration left it', async () => {
    let migrations = 0;
    const options = {
      template: `fruit-${process.pid}`,
      migrate: async (url: string) => {
        migrations += 1;
        await query(url, "CREATE TABLE fruit AS SELECT 'apple' AS name");
      },
    };
    const copies = await Promise.all([make(options), make(options), make(options)]);
    await query(copies[0]!.url, "UPDATE fruit SET name = 'eaten'");
    expect(await query(copies[1]!.url, 'SELECT name FROM fruit')).toEqual([{ name: 'apple' }]);
    expect(migrations).toBe(1);
  });

  it('runs a migration again after one that failed', async () => {
    const template = `broken-${process.pid}`;
    const broken = make({ template, migrate: () => Promise.reject(new Error('half way')) });
    await expect(broken).rejects.toThrow('half way');
    const { url } = await make({
      template,
      migrate: async (at) => void (await query(at, 'CREATE TABLE whole (id int)')),
    });
    expect(await query(url, 'SELECT * FROM whole')).toEqual([]);
  });

  it('is gone after the drop, with connections still open', async () => {
    const { url, drop } = await privateDatabase();
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await drop();
    await expect(query(url, 'SELECT 1')).rejects.toThrow('does not exist');
    await client.end().catch(() => undefined);
  });
});
