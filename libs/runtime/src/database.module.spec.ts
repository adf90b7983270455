import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ConsoleLogger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken } from '@nestjs/typeorm';
import { Pool } from 'pg';
import {
  Column,
  DataSource,
  Entity,
  PrimaryColumn,
  type MigrationInterface,
  type QueryRunner,
  type Repository,
} from 'typeorm';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { databaseModule, type DatabaseOptions } from './database.module.js';
import { HealthIndicators } from './health-indicators.js';
import { Metrics } from './metrics.js';
import { RuntimeModule } from './runtime.module.js';

@Entity('shelf')
class Shelf {
  @PrimaryColumn('integer')
  id!: number;

  @Column('text')
  room!: string;
}

class CreateShelf1700000000000 implements MigrationInterface {
  readonly name = 'CreateShelf1700000000000';
  async up(runner: QueryRunner) {
    await runner.query('create table shelf (id integer primary key, room text not null)');
  }
  async down() {}
}

class RecordingLogger extends ConsoleLogger {
  readonly retries: string[] = [];
  override error(message: unknown): void {
    if (String(message).includes('Retrying')) this.retries.push(String(message));
  }
}
let logger: RecordingLogger;

let database: PrivateDatabase;
let line: BreakableLine;
let app: TestingModule;

beforeEach(async () => {
  logger = new RecordingLogger({ logLevels: [] });
  database = await privateDatabase();
  line = await BreakableLine.to(database.url);
});

afterEach(async () => {
  await app.close();
  await line.cut();
  await database.drop();
});

async function open(options: Partial<DatabaseOptions> = {}): Promise<void> {
  const module = databaseModule({
    url: line.url,
    schema: 'shop',
    migrations: [CreateShelf1700000000000],
    entities: [Shelf],
    poolSize: 2,
    ...options,
  });
  app = await Test.createTestingModule({ imports: [RuntimeModule.for('shop'), module] })
    .setLogger(logger)
    .compile();
  await app.init();
}

/** A TCP proxy in front of the database: cutting it is what a failing network or a restarting server looks like. */
class BreakableLine {
  private readonly sockets = new Set<Socket>();
  private constructor(
    private server: Server,
    private readonly target: URL,
    private readonly port: number,
  ) {}

  static async to(databaseUrl: string): Promise<BreakableLine> {
    const target = new URL(databaseUrl);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const line = new BreakableLine(server, target, (server.address() as AddressInfo).port);
    server.on('connection', (near) => line.pipe(near));
    return line;
  }

  get url(): string {
    return Object.assign(new URL(this.target.href), { hostname: '127.0.0.1', port: String(this.port) }).href;
  }

  cut(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  mend(): Promise<void> {
    return new Promise((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  private pipe(near: Socket): void {
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  }
}

const ready = () => app.get(HealthIndicators).checkReadiness();

it('serves repositories and hot statements from one migrated pool, whose path is its own schema', async () => {
  await open();
  const shelves = app.get<Repository<Shelf>>(getRepositoryToken(Shelf));
  await shelves.insert({ id: 1, room: 'attic' });
  const { rows } = await app.get(Pool).query(`select id, room, current_setting('search_path') as path from shelf`);
  expect(rows).toEqual([{ id: 1, room: 'attic', path: 'shop' }]);
});

it('opens every connection with ends to all waiting and its name', async () => {
  await open({ statementTimeoutMs: 12_000, idleInTransactionTimeoutMs: 9_000 });
  const { rows } = await app.get(Pool).query(`
    select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
           current_setting('idle_in_transaction_session_timeout') as idle, current_setting('tcp_user_timeout') as network`);
  expect(rows).toEqual([{ name: 'ponte-shop', statement: '12s', idle: '9s', network: '25000' }]);
});

it('survives the loss of the database: unready while it is away, ready again by itself', async () => {
  await open();
  expect(await ready()).toMatchObject({ status: 'ok', details: { database: { status: 'up' } } });

  const pool = app.get(Pool);
  const held = await pool.connect(); // one connection in use, one idle
  await Promise.all([pool.query('select 1'), held.query('select 1')]);
  await line.cut();
  await expect(ready()).rejects.toMatchObject({
    response: { status: 'error', details: { database: { status: 'down' } } },
  });
  await expect(held.query('select 1')).rejects.toThrow(/terminat|not queryable/);
  held.release();

  await line.mend();
  expect(await eventually(ready)).toMatchObject({ status: 'ok' });
  expect((await pool.query('select count(*)::int as n from shelf')).rows).toEqual([{ n: 0 }]);
});

it('shows how the pool is used', async () => {
  await open();
  const client = await app.get(Pool).connect();
  const { body } = await app.get(Metrics).render();
  client.release();
  expect(body).toContain('ponte_database_connections{database="database",state="busy",app="shop"} 1');
});

it('opens a second database beside its own without creating or migrating anything in it', async () => {
  const erp = await privateDatabase();
  try {
    app = await Test.createTestingModule({
      imports: [
        RuntimeModule.for('shop'),
        databaseModule({ url: line.url, schema: 'shop', migrations: [CreateShelf1700000000000] }),
        databaseModule({ url: erp.url, schema: 'public', migrations: [], name: 'erp' }),
      ],
    })
      .setLogger(logger)
      .compile();
    const other = app.get<DataSource>(getDataSourceToken('erp') as string);
    const tables = await other.query(
      `select * from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables).toEqual([]);
    expect((await ready()).details).toMatchObject({ database: { status: 'up' }, erp: { status: 'up' } });
    await app.close();
  } finally {
    await erp.drop();
  }
});

it('waits at the start for a database that is not there yet', async () => {
  await line.cut();
  const opened = open();
  await eventually(() => logger.retries.length > 0);
  await line.mend();
  await opened;
  expect(await ready()).toMatchObject({ status: 'ok' });
});

it('refuses the start at once for a wrong password instead of waiting for it to become right', async () => {
  const wrong = Object.assign(new URL(line.url), { password: 'wrong' }).href;
  await expect(open({ url: wrong })).rejects.toThrow('password authentication failed');
  expect(logger.retries).toEqual([]);
});
