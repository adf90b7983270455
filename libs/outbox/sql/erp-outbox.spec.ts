import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';

const KIT = readFileSync(join(import.meta.dirname, 'erp-outbox.v1.sql'), 'utf8');

describe('the outbox kit', () => {
  let database: PrivateDatabase;
  let erp: Client;
  let reader: Client;
  let admin: Client;

  beforeAll(async () => {
    database = await privateDatabase();
    erp = await connect(database.url);
    admin = await connect(database.adminUrl);
    reader = await connect(database.adminUrl);
    await admin.query(
      'do $$ begin create role ponte_reader nologin; exception when duplicate_object then null; end $$',
    );
    await erp.query(KIT);
    await reader.query('set role ponte_reader');
  });

  afterAll(async () => {
    await erp?.end();
    await reader?.end();
    await admin?.end();
    await database?.drop();
  });

  beforeEach(() => erp.query('truncate erp_outbox restart identity'));

  it('can be installed again and keeps the rows', async () => {
    await write('4711-1');
    await erp.query(KIT);
    expect(await column('aggregateid')).toEqual(['4711-1']);
  });

  it('can be installed by several at once', async () => {
    await erp.query('create schema fresh');
    const installers = await Promise.all(Array.from({ length: 6 }, () => connect(database.url)));
    for (const installer of installers) await installer.query('set search_path = fresh');
    await Promise.all(installers.map((installer) => installer.query(KIT)));
    await Promise.all(installers.map((installer) => installer.end()));
    expect((await erp.query('select from fresh.erp_outbox')).rowCount).toBe(0);
  });

  it('does not wait for a writer when it is installed again', async () => {
    const writer = await connect(database.url);
    await writer.query('begin');
    await writer.query(`select erp_outbox_write('receivable', '1', 't', '{}', '1', '01', 1, 'maria')`);
    await erp.query(`set lock_timeout = '500ms'`);
    await erp.query(KIT);
    await erp.query(`reset lock_timeout`);
    await writer.query('rollback');
    await writer.end();
  });

  it('keeps the row and the change together: a rollback leaves neither', async () => {
    await erp.query('begin');
    await write('4711-1');
    await erp.query('rollback');
    expect(await column('aggregateid')).toEqual([]);
  });

  it('writes what it is given, by position or by name, and answers with the position', async () => {
    const byPosition = await write('4711-1');
    const { rows } = await erp.query(
      `select erp_outbox_write(aggregatetype => 'receivable', aggregateid => '4711-2', type => 'erp.receivable.opened.v1',
         payload => '{"a":1}', company => '1', branch => '01', sequence => 9, actor => 'joão', traceparent => 'tp') as position`,
    );
    expect(Number(rows[0].position)).toBe(byPosition + 1);
    const { rows: written } = await erp.query(`select * from erp_outbox where position = $1`, [rows[0].position]);
    expect(written[0]).toMatchObject({
      aggregateid: '4711-2',
      payload: { a: 1 },
      sequence: '9',
      actor: 'joão',
      traceparent: 'tp',
      partitionkey: null,
    });
  });

  it('writes to its own schema whatever the search path of the caller is', async () => {
    await erp.query(`set search_path = pg_catalog`);
    await erp.query(`select public.erp_outbox_write('receivable', '5-1', 't', '{}', '1', '01', 1, 'maria')`);
    await erp.query(`reset search_path`);
    expect(await column('aggregateid')).toEqual(['5-1']);
  });

  it('lets the reader read and mark, and nothing else', async () => {
    const position = await write('4711-1');
    await reader.query(`update erp_outbox set published_at = now(), parked_reason = null where position = $1`, [
      position,
    ]);
    expect((await reader.query(`select * from erp_outbox for share`)).rowCount).toBe(1);
    const forbidden = [
      `update erp_outbox set payload = '{}'`,
      `delete from erp_outbox`,
      `truncate erp_outbox`,
      `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch) values ('a','b','c','{}','1','1')`,
    ];
    for (const statement of forbidden) await expect(reader.query(statement)).rejects.toThrow(/permission denied/);
  });

  it('releases a parked row together with all that wait behind it, and nothing else', async () => {
    for (const id of ['a', 'a', 'a', 'b']) await write(id);
    await park(1, 'too large');
    await park(2, 'behind 1');
    await park(3, 'behind 1');
    await park(4, 'behind 11');
    expect(await release(1)).toBe(3);
    expect(await column('parked_reason')).toEqual([null, null, null, 'behind 11']);
  });

  it('releases nothing where nothing is parked', async () => {
    await write('a');
    expect(await release(1)).toBe(0);
    expect(await release(99)).toBe(0);
  });

  it('refuses to release a row before the one it waits behind', async () => {
    await write('a');
    await write('a');
    await park(1, 'too large');
    await park(2, 'behind 1');
    await expect(release(2)).rejects.toThrow('row 2 waits behind row 1');
    expect(await column('parked_reason')).toEqual(['too large', 'behind 1']);
  });

  it('refuses to release in a transaction that sees the past', async () => {
    await reader.query('begin isolation level repeatable read');
    await expect(release(1)).rejects.toThrow('READ COMMITTED');
    await reader.query('rollback');
  });

  it('leaves no row behind when the reader parks more while a person releases', async () => {
    await write('a');
    await write('a');
    await park(1, 'too large');
    const parking = await connect(database.url);
    await parking.query('begin');
    await parking.query(`select from erp_outbox where position = 1 and parked_reason is not null for share`);
    const released = release(1);
    await eventually(async () => (await waitingForLocks()) > 0);
    await parking.query(`update erp_outbox set parked_reason = 'behind 1' where position = 2`);
    await parking.query('commit');
    await parking.end();
    expect(await released).toBe(2);
    expect(await column('parked_reason')).toEqual([null, null]);
  });

  async function write(id: string): Promise<number> {
    const { rows } = await erp.query(
      `select erp_outbox_write('receivable', $1, 'erp.receivable.opened.v1', '{}', '1', '01', 1, 'maria') as position`,
      [id],
    );
    return Number(rows[0].position);
  }

  async function park(position: number, reason: string): Promise<void> {
    await reader.query(`update erp_outbox set parked_reason = $2 where position = $1`, [position, reason]);
  }

  async function release(position: number): Promise<number> {
    return Number((await reader.query(`select erp_outbox_release($1) as released`, [position])).rows[0].released);
  }

  async function column(name: string): Promise<unknown[]> {
    return (await erp.query(`select ${name} as value from erp_outbox order by position`)).rows.map(
      ({ value }) => value,
    );
  }

  async function waitingForLocks(): Promise<number> {
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return (await admin.query(waiting)).rowCount!;
  }
});

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}
