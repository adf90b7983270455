import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';

const KIT = readFileSync(join(import.meta.dirname, 'erp-inbox.v1.sql'), 'utf8');
const ROLE =
  'do $$ begin create role ponte_inbox nologin; exception when duplicate_object or unique_violation then null; end $$';
const ID = '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d1001';
const WRITE = `insert into erp_inbox (id, source, type, subject, company, occurred_at, payload)
  values ($1, '/erp/demo', 'customerx.delivery.parked.v1', 'delivery/7', '1', now(), '{"a": 1}')
  on conflict (id) do nothing returning id`;

describe('the inbox kit', () => {
  let database: PrivateDatabase;
  let erp: Client;
  let writer: Client;

  beforeAll(async () => {
    database = await privateDatabase();
    erp = await connect(database.url);
    writer = await connect(database.adminUrl);
    await writer.query(ROLE);
    await erp.query(KIT);
    await writer.query('set role ponte_inbox');
  });

  afterAll(async () => {
    await erp?.end();
    await writer?.end();
    await database?.drop();
  });

  beforeEach(() => erp.query('truncate erp_inbox restart identity'));

  it('can be installed again, by several at once, and keeps the rows and their marks', async () => {
    await writer.query(WRITE, [ID]);
    await erp.query(`update erp_inbox set processed_at = '2026-07-20T18:00:00Z'`);
    const installers = await Promise.all(Array.from({ length: 4 }, () => connect(database.url)));
    await Promise.all(installers.map((installer) => installer.query(KIT)));
    await Promise.all(installers.map((installer) => installer.end()));
    const { rows } = await erp.query('select id, processed_at from erp_inbox');
    expect(rows).toEqual([{ id: ID, processed_at: new Date('2026-07-20T18:00:00Z') }]);
  });

  it('does not wait for a writer when it is installed again', async () => {
    await writer.query('begin');
    await writer.query(WRITE, [ID]);
    await erp.query(`set lock_timeout = '500ms'`);
    await erp.query(KIT);
    await erp.query(`reset lock_timeout`);
    await writer.query('rollback');
  });

  it('lets the writer add a result once: the second time changes nothing', async () => {
    expect((await writer.query(WRITE, [ID])).rowCount).toBe(1);
    await erp.query(`update erp_inbox set processed_at = now(), payload = '{"a": 2}'`);
    expect((await writer.query(WRITE, [ID])).rowCount).toBe(0);
    const { rows } = await erp.query('select payload, processed_at is not null as processed from erp_inbox');
    expect(rows).toEqual([{ payload: { a: 2 }, processed: true }]);
  });

  it('lets the writer see which ids are there, and do nothing else', async () => {
    await writer.query(WRITE, [ID]);
    expect((await writer.query('select id from erp_inbox')).rows).toEqual([{ id: ID }]);
    const forbidden = [
      'select payload from erp_inbox',
      'select processed_at from erp_inbox',
      `update erp_inbox set payload = '{}'`,
      'update erp_inbox set processed_at = now()',
      'delete from erp_inbox',
      'truncate erp_inbox',
      'select id from erp_inbox for update',
      `insert into erp_inbox (id, source, type, subject, company, occurred_at, payload, processed_at)
         values (gen_random_uuid(), 'a', 'b', 'c', '1', now(), '{}', now())`,
      `insert into erp_inbox (id, source, type, subject, company, occurred_at, payload)
         values ('${ID}', 'a', 'b', 'c', '1', now(), '{}') on conflict (id) do update set payload = '{}'`,
    ];
    for (const statement of forbidden) await expect(writer.query(statement)).rejects.toThrow(/permission denied/);
  });
});

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}
