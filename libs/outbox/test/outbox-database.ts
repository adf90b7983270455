import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Pool, type PoolConfig } from 'pg';
import { findTestStack, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { CREATE_LEASE, OUTBOX_COLUMNS } from '../src/index.js';
import { OutboxReader, type Marking } from '../src/outbox-reader.js';

const KIT = readFileSync(join(import.meta.dirname, '..', 'sql', 'erp-outbox.v1.sql'), 'utf8');
const CREATE_ROLE =
  'do $$ begin create role ponte_reader nologin; exception when duplicate_object or unique_violation then null; end $$';

export interface RowWish {
  aggregateid: string;
  aggregatetype?: string;
  type?: string;
  payload?: unknown;
  company?: string;
  branch?: string;
  sequence?: number;
  partitionkey?: string | null;
  actor?: string | null;
}

/** An ERP's database of the test file's own, with the SQL kit installed and a lease table beside it. */
export class OutboxDatabase {
  private readonly open: { end(): Promise<void> }[] = [];
  private readonly sessions: Client[] = [];

  private constructor(
    private readonly database: PrivateDatabase,
    /** The ERP's own session. */
    readonly erp: Client,
  ) {}

  static async create(): Promise<OutboxDatabase> {
    await asAdmin(CREATE_ROLE);
    const database = await privateDatabase({
      template: 'erp_outbox',
      migrate: async (url) => {
        const client = new Client({ connectionString: url });
        await client.connect();
        await client.query(KIT);
        await client.query(CREATE_LEASE);
        await client.end();
      },
    });
    const erp = new Client({ connectionString: database.url });
    await erp.connect();
    const created = new OutboxDatabase(database, erp);
    created.open.push(erp);
    return created;
  }

  get url(): string {
    return this.database.url;
  }

  get adminUrl(): string {
    return this.database.adminUrl;
  }

  /** Connections of a relay, to be cut by their name. */
  pool(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: this.database.url, max: 6, ...config });
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    this.open.push(pool);
    return pool;
  }

  reader(pool = this.pool(), marking: Marking = 'stamp'): OutboxReader {
    return new OutboxReader(pool, { name: 'erp_outbox', columns: OUTBOX_COLUMNS }, marking);
  }

  /** One more session of the ERP, for a second transaction at the same time. */
  async session(): Promise<Client> {
    const client = new Client({ connectionString: this.database.url });
    await client.connect();
    this.open.push(client);
    this.sessions.push(client);
    return client;
  }

  /** @returns its position */
  async write(wish: RowWish, session: Client = this.erp): Promise<string> {
    const { aggregateid, aggregatetype = 'receivable', company = '1', branch = '01', sequence = null } = wish;
    const { type = 'erp.receivable.settled.v1', payload = {}, partitionkey = null, actor = 'maria' } = wish;
    const { rows } = await session.query<{ position: string }>(
      `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence, actor, partitionkey)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning position::text`,
      [aggregatetype, aggregateid, type, JSON.stringify(payload), company, branch, sequence, actor, partitionkey],
    );
    return rows[0]!.position;
  }

  /** A backlog: `rows` of `keys` titles in turn, each payload with a number that rises. */
  async writeMany(rows: number, keys: number): Promise<void> {
    await this.erp.query(
      `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence)
       select 'receivable', (n % $2)::text, 'erp.receivable.settled.v1', jsonb_build_object('n', n), '1', '01', n
       from generate_series(1, $1) n`,
      [rows, keys],
    );
  }

  async empty(): Promise<void> {
    // A test that failed half way holds no locks of the next one, nor back what other tests of this server wait for.
    await Promise.all(this.sessions.map((client) => client.query('rollback').catch(() => undefined)));
    await this.erp.query('truncate erp_outbox restart identity');
    await this.erp.query('truncate lease');
  }

  async row(position: string): Promise<{ published: boolean; parked: string | null }> {
    const { rows } = await this.erp.query<{ published: boolean; parked: string | null }>(
      'select published_at is not null as published, parked_reason as parked from erp_outbox where position = $1',
      [position],
    );
    return rows[0]!;
  }

  async unpublished(): Promise<number> {
    const { rows } = await this.erp.query<{ n: number }>(
      'select count(*)::int as n from erp_outbox where published_at is null',
    );
    return rows[0]!.n;
  }

  /** Cuts the sessions of that application name whose current statement looks like `statement`. */
  async cut(applicationName: string, statement = '%'): Promise<number> {
    const { rows } = await asAdmin<{ pid: number }>(
      `select pg_terminate_backend(pid), pid from pg_stat_activity
       where application_name = $1 and query like $2 and pid <> pg_backend_pid()`,
      [applicationName, statement],
    );
    return rows.length;
  }

  async drop(): Promise<void> {
    for (const one of this.open.reverse()) await one.end().catch(() => undefined);
    await this.database.drop();
  }
}

async function asAdmin<Row extends object>(sql: string, values: unknown[] = []): Promise<{ rows: Row[] }> {
  const admin = new Client({ connectionString: findTestStack().adminDatabaseUrl });
  await admin.connect();
  try {
    return await admin.query<Row>(sql, values);
  } finally {
    await admin.end();
  }
}
