import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Channel, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib';
import { Client } from 'pg';
import { BrokerConnection, ConfirmPublisher, PONTE_EVENTS, TopicServer } from '#libs/broker';
import { sampleOutcomeOf, writeEvent, type OutcomeEvent, type OutcomeSuffix } from '#libs/contracts';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import {
  eventually,
  findTestStack,
  privateDatabase,
  privateVhost,
  type PrivateDatabase,
  type PrivateVhost,
} from '#libs/testing';
import { InboxEnvironment } from '../src/inbox-environment.js';
import { InboxModule } from '../src/inbox.module.js';

export const SOURCE = '/erp/test';
export const QUEUE = 'erp-inbox-writer.test.events';
export const DEAD = 'erp-inbox-writer.test.dead';

const KIT = readFileSync(join(process.cwd(), 'libs', 'outbox', 'sql', 'erp-inbox.v1.sql'), 'utf8');
const CREATE_ROLE =
  'do $$ begin create role ponte_inbox nologin; exception when duplicate_object or unique_violation then null; end $$';
/** As docs/operations.md gives them. */
const BROKER_RIGHTS = {
  configure: '^(erp\\.events|ponte\\.events|ponte\\.dead|erp-inbox-writer\\..*)$',
  write: '^(ponte\\.dead|erp-inbox-writer\\..*)$',
  read: '^(ponte\\.events|ponte\\.dead|erp-inbox-writer\\..*)$',
};

export interface WrittenRow {
  position: string;
  id: string;
  source: string;
  type: string;
  subject: string;
  company: string;
  branch: string | null;
  occurred_at: Date;
  payload: Record<string, unknown>;
  actor: string | null;
  traceparent: string | null;
  processed_at: Date | null;
}

/** An ERP with the SQL kit, a broker, and a login at each that may do what the manual gives the writer and no more. */
export class InboxWorld {
  private constructor(
    readonly erp: Client,
    readonly channel: Channel,
    readonly environment: Record<string, string>,
    private readonly parts: {
      name: string;
      database: PrivateDatabase;
      vhost: PrivateVhost;
      plain: ChannelModel;
      connection: BrokerConnection;
      publisher: ConfirmPublisher;
    },
  ) {}

  static async open(): Promise<InboxWorld> {
    const name = `ponte_test_inbox_${randomUUID().slice(0, 8)}`;
    const [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
    await asAdmin(CREATE_ROLE);
    await asAdmin(`create role ${name} login password '${name}' in role ponte_inbox`);
    const erp = await connectTo(database.url);
    await erp.query(KIT);
    await askBroker('PUT', `users/${name}`, { password: name, tags: 'policymaker,management' });
    await askBroker('PUT', `permissions/${vhost.vhost}/${name}`, BROKER_RIGHTS);
    const plain = await connect(vhost.amqpUrl);
    const connection = new BrokerConnection(vhost.amqpUrl, 'inbox-test');
    const publisher = new ConfirmPublisher(connection);
    await connection.open();
    await publisher.open();
    const as = (url: string) => Object.assign(new URL(url), { username: name, password: name }).href.replace(/\/$/, '');
    const environment = {
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      HTTP_PORT: '0',
      OPS_PORT: '0',
      AMQP_URL: as(vhost.amqpUrl),
      AMQP_MANAGEMENT_URL: as(vhost.managementUrl),
      ERP_DATABASE_URL: as(database.url),
      ERP_SOURCE: SOURCE,
      INBOX_TYPES: '*.delivery.#,*.event.unplanned.v1',
    };
    const parts = { name, database, vhost, plain, connection, publisher };
    return new InboxWorld(erp, await plain.createChannel(), environment, parts);
  }

  /** Of the ERP's owner, who may do more than a writer should. */
  get ownerUrl(): string {
    return this.parts.database.url;
  }

  get superuserUrl(): string {
    return this.parts.database.adminUrl;
  }

  /** The login at the ERP's database. */
  get login(): string {
    return this.parts.name;
  }

  /** The app in this process. */
  start(more: Record<string, string> = {}): Promise<RunningApp> {
    const environment = readEnvironment(InboxEnvironment, { ...this.environment, LOG_LEVEL: 'silent', ...more });
    return openApp(
      {
        name: 'erp-inbox-writer',
        environment: InboxEnvironment,
        module: (given) => InboxModule.for(given),
        microservice: (app) => app.get(TopicServer),
      },
      environment,
    );
  }

  async publish(...outcomes: OutcomeEvent[]): Promise<void> {
    await Promise.all(
      outcomes.map((outcome) => this.parts.publisher.publish({ exchange: PONTE_EVENTS, ...writeEvent(outcome) })),
    );
  }

  async publishBytes(content: Buffer, headers: Record<string, unknown> = {}, type = 'customerx.delivery.parked.v1') {
    const properties = { messageId: randomUUID(), contentType: 'application/cloudevents+json', headers };
    await this.parts.publisher.publish({ exchange: PONTE_EVENTS, routingKey: type, content, properties });
  }

  async rows(): Promise<WrittenRow[]> {
    return (await this.erp.query<WrittenRow>('select * from erp_inbox order by position')).rows;
  }

  async waiting(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  /** Takes as many dead letters, in their order; a queue of a single active consumer gives none to who only asks. */
  async takeDeadLetters(most: number): Promise<ConsumeMessage[]> {
    const channel = await this.parts.plain.createChannel();
    const letters: ConsumeMessage[] = [];
    await channel.consume(DEAD, (letter) => letter && letters.push(letter), { noAck: true });
    await eventually(() => letters.length >= most, { withinMs: 30_000 });
    await channel.close();
    return letters;
  }

  /** As the shovel of docs/operations.md does, which publishes under the name of whoever published it. */
  async moveBack({ content, properties }: ConsumeMessage): Promise<void> {
    const { name, vhost } = this.parts;
    const mover = `${name}_mover`;
    await askBroker('PUT', `users/${mover}`, { password: name, tags: 'impersonator' });
    await askBroker('PUT', `permissions/${vhost.vhost}/${mover}`, { configure: '^$', write: '.*', read: '\\.dead$' });
    const moving = await connect(Object.assign(new URL(vhost.amqpUrl), { username: mover, password: name }).href);
    const channel = await moving.createConfirmChannel();
    channel.sendToQueue(QUEUE, content, properties as Options.Publish);
    await channel.waitForConfirms();
    await moving.close();
    await askBroker('DELETE', `users/${mover}`);
  }

  /** Ends the writer's connections and lets it make no other. */
  async takeDatabaseAway(): Promise<void> {
    await asAdmin(`alter role ${this.login} nologin`);
    await asAdmin(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${this.login}'`);
  }

  async bringDatabaseBack(): Promise<void> {
    await asAdmin(`alter role ${this.login} login`);
  }

  async clear(): Promise<void> {
    await this.erp.query('truncate erp_inbox restart identity');
    await this.channel.purgeQueue(DEAD).catch(() => undefined);
  }

  async close(): Promise<void> {
    const { connection, database, name, plain, publisher, vhost } = this.parts;
    await publisher.close();
    await connection.close();
    await plain.close();
    await this.erp.end();
    await Promise.all([database.drop(), vhost.drop()]);
    await askBroker('DELETE', `users/${name}`);
    await asAdmin(`drop role ${name}`);
  }
}

/** A sample about the ERP of this world, with an id of its own; `change` says what else is different. */
export function resultOf<S extends OutcomeSuffix>(
  suffix: S,
  change: (event: OutcomeEvent<S>) => void = () => undefined,
): OutcomeEvent<S> {
  const outcome = { ...sampleOutcomeOf(suffix), id: randomUUID(), time: new Date().toISOString() };
  about(outcome, SOURCE);
  change(outcome);
  return outcome;
}

/** Makes it one about that ERP. */
export function about(outcome: OutcomeEvent, source: string): void {
  const data = outcome.data as { integration?: { source: string }; event?: { source: string } };
  if (data.integration) data.integration.source = source;
  if (data.event) data.event.source = source;
}

async function connectTo(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

async function asAdmin(sql: string): Promise<void> {
  const admin = await connectTo(findTestStack().adminDatabaseUrl);
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}

async function askBroker(method: string, path: string, body?: object): Promise<void> {
  const { origin, username, password } = new URL(findTestStack().adminManagementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(`${origin}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`RabbitMQ refused ${method} ${path}: HTTP ${answer.status} ${await answer.text()}`);
}
