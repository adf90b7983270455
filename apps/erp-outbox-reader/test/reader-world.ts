import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Client } from 'pg';
import {
  eventually,
  findTestStack,
  privateDatabase,
  privateVhost,
  type PrivateDatabase,
  type PrivateVhost,
} from '#libs/testing';

const KIT = readFileSync(join(process.cwd(), 'libs', 'outbox', 'sql', 'erp-outbox.v1.sql'), 'utf8');
const ISSUER = 'https://issuer.test';

export interface TakenEvent {
  id: string;
  subject: string;
  n: number;
}

/** An ERP with the SQL kit, a broker, and a login that may read and mark: everything the reader is given in production. */
export class ReaderWorld {
  private constructor(
    readonly erp: Client,
    readonly vhost: PrivateVhost,
    readonly channel: Channel,
    private readonly parts: {
      databases: PrivateDatabase[];
      plain: ChannelModel;
      login: string;
      sign: (claims: object) => Promise<string>;
    },
    /** What the reader's environment must hold; ports and options are the test's. */
    readonly environment: Record<string, string>,
  ) {}

  static async open(): Promise<ReaderWorld> {
    const login = `ponte_test_reader_${randomUUID().slice(0, 8)}`;
    const [erpDatabase, own, vhost] = await Promise.all([privateDatabase(), privateDatabase(), privateVhost()]);
    await asAdmin(
      'do $$ begin create role ponte_reader nologin; exception when duplicate_object or unique_violation then null; end $$',
    );
    await asAdmin(`create role ${login} login password 'reader' in role ponte_reader`);
    const erp = new Client({ connectionString: erpDatabase.url });
    await erp.connect();
    await erp.query(KIT);
    const plain = await connect(vhost.amqpUrl);
    const access = await newAccess();
    const environment = {
      ...access.variables,
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      AMQP_URL: vhost.amqpUrl,
      AMQP_MANAGEMENT_URL: vhost.managementUrl,
      DATABASE_URL: own.url,
      ERP_DATABASE_URL: Object.assign(new URL(erpDatabase.url), { username: login, password: 'reader' }).href,
      ERP_SOURCE: '/erp/test',
      HTTP_PORT: '0',
      OPS_PORT: '0',
    };
    const parts = { databases: [erpDatabase, own], plain, login, sign: access.sign };
    return new ReaderWorld(erp, vhost, await plain.createChannel(), parts, environment);
  }

  /** Of the ERP's owner, who may do more than a reader should. */
  get ownerUrl(): string {
    return this.parts.databases[0]!.url;
  }

  token(roles: string[], companies: string[] = ['*']): Promise<string> {
    return this.parts.sign({ roles, companies });
  }

  async write(aggregateid: string, n: number, type = 'erp.receivable.settled.v1', company = '1'): Promise<string> {
    const { rows } = await this.erp.query<{ position: string }>(
      `select erp_outbox_write('receivable', $1, $2, $3, $4, '01', $5, 'maria')::text as position`,
      [aggregateid, type, { n }, company, n],
    );
    return rows[0]!.position;
  }

  /** As many rows of titles in turn, `n` rising within each title. */
  async writeMany(rows: number, titles: number): Promise<void> {
    await this.erp.query(
      `select erp_outbox_write('receivable', (n % $2)::text, 'erp.receivable.settled.v1', jsonb_build_object('n', n), '1', '01', n, 'maria')
       from generate_series(1, $1) n`,
      [rows, titles],
    );
  }

  async unpublished(): Promise<number> {
    const { rows } = await this.erp.query<{ n: number }>(
      'select count(*)::int as n from erp_outbox where published_at is null and parked_reason is null',
    );
    return rows[0]!.n;
  }

  allPublished(withinMs = 20_000): Promise<true> {
    return eventually(async () => (await this.unpublished()) === 0, { withinMs }) as Promise<true>;
  }

  /** A queue of everything; what arrives in it is given, in order. */
  async listen(queue = `q-${randomUUID()}`): Promise<TakenEvent[]> {
    await this.channel.assertExchange('erp.events', 'topic', { durable: true });
    await this.bind(queue);
    const taken: TakenEvent[] = [];
    const channel = await this.parts.plain.createChannel();
    await channel.consume(queue, (message) => message && taken.push(readTaken(message.content)), { noAck: true });
    return taken;
  }

  async bind(queue: string): Promise<void> {
    await this.channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await this.channel.bindQueue(queue, 'erp.events', '#');
  }

  /** So that a test need not wait for the lease of a process the one before has killed. */
  async endLease(): Promise<void> {
    await this.own('delete from reader.lease');
  }

  /** In the reader's own database, behind its back. */
  async own(sql: string): Promise<void> {
    const own = new Client({ connectionString: this.parts.databases[1]!.url });
    await own.connect();
    await own.query(sql);
    await own.end();
  }

  async clear(): Promise<void> {
    await this.erp.query('truncate erp_outbox restart identity');
    await this.channel.deleteExchange('erp.events');
  }

  async close(): Promise<void> {
    await this.erp.end();
    await this.parts.plain.close();
    await Promise.all([...this.parts.databases.map((database) => database.drop()), this.vhost.drop()]);
    await asAdmin(`drop role ${this.parts.login}`);
  }
}

function readTaken(content: Buffer): TakenEvent {
  const { id, subject, data } = JSON.parse(content.toString()) as { id: string; subject: string; data: { n: number } };
  return { id, subject: subject.replace('receivable/', ''), n: data.n };
}

async function newAccess() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'ES256' };
  const sign = (claims: object) =>
    new SignJWT({ name: 'Rui', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'test' })
      .setIssuer(ISSUER)
      .setAudience('ponte')
      .setSubject('rui')
      .setExpirationTime('1h')
      .sign(privateKey);
  const variables = {
    ACCESS_ISSUER: ISSUER,
    ACCESS_AUDIENCE: 'ponte',
    ACCESS_JWKS: JSON.stringify({ keys: [jwk] }),
  };
  return { sign, variables };
}

async function asAdmin(sql: string): Promise<void> {
  const admin = new Client({ connectionString: findTestStack().adminDatabaseUrl });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}
