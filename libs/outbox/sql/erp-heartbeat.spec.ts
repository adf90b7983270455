import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';

const KIT = readFileSync(join(import.meta.dirname, 'erp-heartbeat.v1.sql'), 'utf8');

describe('the heartbeat kit', () => {
  let database: PrivateDatabase;
  let erp: Client;
  let reader: Client;

  beforeAll(async () => {
    database = await privateDatabase();
    erp = await connect(database.url);
    reader = await connect(database.adminUrl);
    await reader.query(
      'do $$ begin create role ponte_reader nologin; exception when duplicate_object or unique_violation then null; end $$',
    );
    await erp.query(KIT);
    await reader.query('set role ponte_reader');
  });

  afterAll(async () => {
    await Promise.all([erp?.end(), reader?.end()]);
    await database?.drop();
  });

  beforeEach(() => erp.query('truncate erp_outbox_heartbeat'));

  it('keeps one row per job, with its last beat and how often it beats', async () => {
    await erp.query(`select erp_outbox_beat('settlements')`);
    await erp.query(`update erp_outbox_heartbeat set beat_at = now() - interval '1 day'`);
    await erp.query(`select erp_outbox_beat('settlements'), erp_outbox_beat('nightly-close', every_seconds => 86400)`);
    await erp.query(`select erp_outbox_beat('settlements', 60)`);
    expect(await beats()).toEqual([
      { job: 'nightly-close', every: 86_400, isFresh: true },
      { job: 'settlements', every: 60, isFresh: true },
    ]);
  });

  it('beats every five minutes where nothing is said', async () => {
    await erp.query(`select erp_outbox_beat('settlements')`);
    expect(await beats()).toEqual([{ job: 'settlements', every: 300, isFresh: true }]);
  });

  it('tells the instant of the beat, however long the transaction has been open', async () => {
    await erp.query('begin');
    await erp.query('select pg_sleep(0.01)');
    await erp.query(`select erp_outbox_beat('settlements')`);
    const later = await erp.query('select from erp_outbox_heartbeat where beat_at >= now() + $1::interval', ['10 ms']);
    await erp.query('commit');
    expect(later.rowCount).toBe(1);
  });

  it('refuses a job without a name and a period that is none', async () => {
    await expect(erp.query(`select erp_outbox_beat('')`)).rejects.toThrow(/job_check/);
    await expect(erp.query(`select erp_outbox_beat('settlements', 0)`)).rejects.toThrow(/every_seconds_check/);
  });

  it('can be installed again, and by several at once, and keeps the beats', async () => {
    await erp.query(`select erp_outbox_beat('settlements')`);
    const installers = await Promise.all(Array.from({ length: 4 }, () => connect(database.url)));
    await Promise.all(installers.map((installer) => installer.query(KIT)));
    await Promise.all(installers.map((installer) => installer.end()));
    expect(await beats()).toHaveLength(1);
  });

  it('beats in its own schema whatever the search path of the caller is', async () => {
    await erp.query(`set search_path = pg_catalog`);
    await erp.query(`select public.erp_outbox_beat('settlements')`);
    await erp.query(`reset search_path`);
    expect(await beats()).toHaveLength(1);
  });

  it('lets the reader look, and do nothing else', async () => {
    await erp.query(`select erp_outbox_beat('settlements')`);
    expect((await reader.query('select job from erp_outbox_heartbeat')).rows).toEqual([{ job: 'settlements' }]);
    const forbidden = [
      `select erp_outbox_beat('settlements')`,
      `update erp_outbox_heartbeat set beat_at = now()`,
      `delete from erp_outbox_heartbeat`,
      `truncate erp_outbox_heartbeat`,
    ];
    for (const statement of forbidden) await expect(reader.query(statement)).rejects.toThrow(/permission denied/);
  });

  async function beats(): Promise<unknown[]> {
    const read = `
      select job, every_seconds as every, beat_at > now() - interval '1 minute' as "isFresh"
      from erp_outbox_heartbeat order by job`;
    return (await erp.query(read)).rows;
  }
});

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}
