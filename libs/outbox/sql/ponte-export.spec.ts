import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';

const KIT = readFileSync(join(import.meta.dirname, 'ponte-export.v1.sql'), 'utf8');
const VIEW = `create view ponte_export.branches as select '1' as company, '01' as id, '01' as branch, '{}'::jsonb as data`;

describe('the export kit', () => {
  let database: PrivateDatabase;
  let erp: Client;
  let reader: Client;

  beforeAll(async () => {
    database = await privateDatabase();
    erp = new Client({ connectionString: database.url });
    reader = new Client({ connectionString: database.adminUrl });
    await Promise.all([erp.connect(), reader.connect()]);
    await reader.query(
      'do $$ begin create role ponte_reader nologin; exception when duplicate_object or unique_violation then null; end $$',
    );
    await erp.query('create table secret (name text)');
    await erp.query(KIT);
    await reader.query('set role ponte_reader');
  });

  afterAll(async () => {
    await Promise.all([erp?.end(), reader?.end()]);
    await database?.drop();
  });

  it('lets the reader look at a view that was created after it, and at nothing beneath', async () => {
    await erp.query(VIEW);
    expect((await reader.query('select id from ponte_export.branches')).rows).toEqual([{ id: '01' }]);
    await expect(reader.query('select from secret')).rejects.toThrow(/permission denied/);
    await expect(reader.query('create view ponte_export.mine as select 1')).rejects.toThrow(/permission denied/);
  });

  it('can be installed again, and by several at once', async () => {
    const installers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const installer = new Client({ connectionString: database.url });
        await installer.connect();
        return installer;
      }),
    );
    await Promise.all(installers.map((installer) => installer.query(KIT)));
    await Promise.all(installers.map((installer) => installer.end()));
    expect((await reader.query('select id from ponte_export.branches')).rowCount).toBe(1);
  });
});
