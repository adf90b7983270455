import { afterEach, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { migrate } from './migrate.js';

class CreateShelf1700000000000 implements MigrationInterface {
  readonly name = 'CreateShelf1700000000000';
  async up(runner: QueryRunner) {
    await runner.query('create table shelf (id integer primary key)');
    await runner.query('select pg_sleep(0.2)'); // long enough for the second replica to arrive
  }
  async down() {}
}

class AddRoom1700000000001 implements MigrationInterface {
  readonly name = 'AddRoom1700000000001';
  async up(runner: QueryRunner) {
    await runner.query('alter table shelf add column room text');
  }
  async down() {}
}

class Broken1700000000002 implements MigrationInterface {
  readonly name = 'Broken1700000000002';
  async up(runner: QueryRunner) {
    await runner.query('create table half (id integer)');
    await runner.query('alter table nowhere add column x text');
  }
  async down() {}
}

let database: PrivateDatabase;
let client: pg.Client;

beforeEach(async () => {
  database = await privateDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterEach(async () => {
  await client.end();
  await database.drop();
});

const columns = async () =>
  (
    await client.query(
      `select column_name from information_schema.columns where table_schema = 'shop' and table_name = 'shelf' order by 1`,
    )
  ).rows.map((row) => row.column_name);

it('creates the schema and everything in it, the record of migrations included, and nothing elsewhere', async () => {
  await migrate(database.url, 'shop', [CreateShelf1700000000000, AddRoom1700000000001]);
  expect(await columns()).toEqual(['id', 'room']);
  const tables = await client.query(
    `select table_schema || '.' || table_name as name from information_schema.tables where table_schema in ('shop', 'public')`,
  );
  expect(tables.rows.map((row) => row.name).sort()).toEqual(['shop.migrations', 'shop.shelf']);
});

it('lets one of three replicas that start at once migrate, and the others find it done', async () => {
  const replica = () => migrate(database.url, 'shop', [CreateShelf1700000000000, AddRoom1700000000001]);
  await Promise.all([replica(), replica(), replica()]);
  expect((await client.query('select name from shop.migrations')).rowCount).toBe(2);
});

it('goes on where an earlier version stopped', async () => {
  await migrate(database.url, 'shop', [CreateShelf1700000000000]);
  expect(await columns()).toEqual(['id']);
  await migrate(database.url, 'shop', [CreateShelf1700000000000, AddRoom1700000000001]);
  expect(await columns()).toEqual(['id', 'room']);
});

it('leaves nothing of a migration that fails, refuses the start, and can be tried again', async () => {
  const failing = migrate(database.url, 'shop', [CreateShelf1700000000000, Broken1700000000002]);
  await expect(failing).rejects.toMatchObject({
    name: 'StartRefused',
    message: expect.stringMatching(/schema "shop" could not be migrated.*nowhere/),
  });
  expect((await client.query(`select to_regclass('shop.half') as half`)).rows[0].half).toBeNull();
  await migrate(database.url, 'shop', [CreateShelf1700000000000, AddRoom1700000000001]);
  expect(await columns()).toEqual(['id', 'room']);
});

it('gives up a table somebody holds instead of queueing every reader behind it', async () => {
  await migrate(database.url, 'shop', [CreateShelf1700000000000]);
  await client.query('begin');
  await client.query('lock table shop.shelf in access share mode');
  await expect(migrate(database.url, 'shop', [CreateShelf1700000000000, AddRoom1700000000001])).rejects.toThrow(
    'lock timeout',
  );
  await client.query('rollback');
});

it('refuses a schema name that would have to be quoted', async () => {
  await expect(migrate(database.url, 'Shop"; drop', [])).rejects.toThrow('not a schema name');
});
