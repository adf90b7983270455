import { randomUUID } from 'node:crypto';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { BrokerConnection, ConfirmPublisher, publisherTopology } from '#libs/broker';
import { eventually, privateVhost, type PrivateVhost } from '#libs/testing';
import { Lease, Relay, type EventPublisher, type RelayNotice, type RelayOptions } from '../src/index.js';
import { OutboxDatabase } from './outbox-database.js';
import { TestPublisher } from './test-publisher.js';

export interface Taken {
  id: string;
  key: string;
  /** Of the payload: `{ n }`. */
  n: number;
  body: { [name: string]: unknown };
}

export interface RunningRelay {
  relay: Relay;
  lease: Lease;
  /** Between the relay and the real publisher: holds answers back, and plays a broker that blocks. */
  publisher: TestPublisher;
  notices: RelayNotice[];
  /** Of its sessions in the database and of its connection to the broker. */
  applicationName: string;
  stop(): Promise<void>;
  /** As a killed process: its sessions and its connection end with whatever is under way. */
  die(): Promise<void>;
}

export type RelayWish = Partial<RelayOptions> & { ttlMs?: number; monotonicMs?: () => number };

/** A private database with an outbox and a private vhost; relays between them. */
export class RelayBench {
  private readonly running: RunningRelay[] = [];

  private constructor(
    readonly database: OutboxDatabase,
    private readonly vhost: PrivateVhost,
    private readonly plain: ChannelModel,
    readonly channel: Channel,
  ) {}

  static async open(): Promise<RelayBench> {
    const [database, vhost] = await Promise.all([OutboxDatabase.create(), privateVhost()]);
    const plain = await connect(vhost.amqpUrl);
    const channel = await plain.createChannel();
    await channel.assertExchange('erp.events', 'topic', { durable: true });
    return new RelayBench(database, vhost, plain, channel);
  }

  /** A queue of everything; what arrives is in `taken`, in order. */
  async listen(options: { queue?: string } = {}): Promise<Taken[]> {
    const queue = options.queue ?? (await this.bind('#'));
    const taken: Taken[] = [];
    const channel = await this.plain.createChannel();
    await channel.consume(queue, (message) => message && taken.push(readTaken(message.content)), { noAck: true });
    return taken;
  }

  async bind(pattern: string, args: Record<string, unknown> = {}): Promise<string> {
    const queue = `q-${randomUUID()}`;
    await this.channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum', ...args } });
    await this.channel.bindQueue(queue, 'erp.events', pattern);
    return queue;
  }

  /** Leads as soon as the lease is free. */
  async start(wish: RelayWish = {}): Promise<RunningRelay> {
    const { ttlMs = 3_000, monotonicMs, ...options } = wish;
    const applicationName = `relay-${randomUUID()}`;
    const pool = this.database.pool({ application_name: applicationName });
    const connection = new BrokerConnection(this.vhost.amqpUrl, applicationName);
    const confirming = new ConfirmPublisher(connection, publisherTopology());
    const publisher = new TestPublisher(confirming);
    const lease = new Lease({ pool, name: 'erp_outbox', ttlMs, monotonicMs });
    const notices: RelayNotice[] = [];
    const relay = new Relay({
      reader: this.database.reader(pool),
      lease,
      publisher: publisher as EventPublisher,
      exchange: 'erp.events',
      source: '/erp/test',
      onNotice: (notice) => notices.push(notice),
      untakenRetryMs: 20,
      ...options,
    });
    await connection.open();
    await confirming.open();
    relay.start();
    const stop = async () => {
      await relay.stop();
      await publisher.close();
      await connection.close();
    };
    const die = async () => {
      const ended = pool.end();
      await this.database.cut(applicationName);
      await connection.close();
      await ended;
    };
    const started = { relay, lease, publisher, notices, applicationName, stop, die };
    this.running.push(started);
    return started;
  }

  /** The broker closes the relay's connection by force; it comes back by itself. */
  async cutFromBroker({ applicationName }: RunningRelay): Promise<void> {
    const { managementUrl, vhost } = this.vhost;
    const { origin, username, password } = new URL(managementUrl);
    const authorization = `Basic ${Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64')}`;
    await eventually(async () => {
      const answer = await fetch(`${origin}/api/vhosts/${vhost}/connections`, { headers: { authorization } });
      const all = (await answer.json()) as { name: string; user_provided_name?: string }[];
      const ours = all.filter((one) => one.user_provided_name === applicationName);
      for (const { name } of ours) {
        const path = `connections/${encodeURIComponent(name)}`;
        await fetch(`${origin}/api/${path}`, { method: 'DELETE', headers: { authorization, 'x-reason': 'a test' } });
      }
      return ours.length > 0;
    });
  }

  /** Ends what the test started and leaves an empty outbox and no queue. */
  async clear(): Promise<void> {
    await Promise.all(this.running.splice(0).map((one) => one.stop()));
    await this.database.empty();
    await this.deleteQueues();
  }

  async close(): Promise<void> {
    await this.plain.close();
    await Promise.all([this.database.drop(), this.vhost.drop()]);
  }

  private async deleteQueues(): Promise<void> {
    await this.channel.deleteExchange('erp.events');
    await this.channel.assertExchange('erp.events', 'topic', { durable: true });
  }
}

function readTaken(content: Buffer): Taken {
  const body = JSON.parse(content.toString()) as {
    id: string;
    subject: string;
    partitionkey?: string;
    data: { n: number };
  };
  return { id: body.id, key: body.partitionkey ?? body.subject, n: body.data?.n, body: body as never };
}
