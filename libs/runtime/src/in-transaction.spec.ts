import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { inTransaction, sqlStateOf } from './in-transaction.js';
import { prepared } from './prepared.js';

let database: PrivateDatabase;
let pool: pg.Pool;
let admin: pg.Pool;

beforeAll(async () => {
  database = await privateDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 1, application_name: 'under-test' });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  admin = new pg.Pool({ connectionString: database.adminUrl, max: 1 });
  await pool.query('create table note (text text primary key)');
});

afterAll(async () => {
  await pool.end();
  await admin.end();
  await database.drop();
});

const notes = async () => (await pool.query('select text from note order by text')).rows.map((row) => row.text);
const cutConnections = () =>
  admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'under-test'`);

it('commits what the work returns and rolls back what it throws', async () => {
  const kept = await inTransaction(pool, async (client) => {
    await client.query(`insert into note values ('kept')`);
    return 42;
  });
  const failed = inTransaction(pool, async (client) => {
    await client.query(`insert into note values ('lost')`);
    throw new Error('ours');
  });
  await expect(failed).rejects.toThrow('ours');
  expect(kept).toBe(42);
  expect(await notes()).toEqual(['kept']);
});

it('says so when a failed statement was ignored and the server rolled everything back', async () => {
  const work = inTransaction(pool, async (client) => {
    await client.query(`insert into note values ('believed')`);
    await client.query('select 1/0').catch(() => undefined);
  });
  await expect(work).rejects.toThrow('a failed statement was ignored');
  expect(await notes()).not.toContain('believed');
});

it('throws away a connection that broke under the work, so that the next one works', async () => {
  const work = inTransaction(pool, async (client) => {
    await cutConnections();
    await client.query(`insert into note values ('lost')`);
  });
  await expect(work).rejects.toThrow(/terminat|not queryable/);
  expect(pool.totalCount).toBe(0);
  expect(await inTransaction(pool, async (client) => (await client.query('select 7 as n')).rows[0].n)).toBe(7);
});

it('calls a commit without an answer unknown, because it may have happened', async () => {
  const work = inTransaction(pool, async (client) => {
    await client.query(`insert into note values ('perhaps')`);
    await cutConnections();
  });
  await expect(work).rejects.toMatchObject({ name: 'CommitUnknown' });
});

it('throws what a deferred constraint says at the commit as it is: nothing was committed', async () => {
  await pool.query('create table child (note text references note deferrable initially deferred)');
  const work = inTransaction(pool, (client) => client.query(`insert into child values ('nobody')`));
  await expect(work).rejects.toMatchObject({ code: '23503' });
});

it('tells a statement refused by the server from a lost connection', async () => {
  const refused = await pool.query(`insert into note values ('kept')`).catch((error: unknown) => error);
  expect(sqlStateOf(refused)).toBe('23505');
  expect(sqlStateOf(new Error('Connection terminated unexpectedly'))).toBeUndefined();
});

it('throws away a connection whose prepared statement a migration has changed, so that the next one works', async () => {
  await admin.query('create table counted (n int); insert into counted values (7); grant select on counted to public');
  const read = prepared('select n from counted');
  const count = () => inTransaction(pool, async (client) => (await client.query(read, [])).rows[0].n);
  expect(await count()).toBe(7);
  await admin.query('alter table counted alter column n type bigint');
  await expect(count()).rejects.toThrow('cached plan must not change result type');
  expect(await count()).toBe('7');
});
