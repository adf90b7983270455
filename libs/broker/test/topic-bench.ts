import { randomUUID } from 'node:crypto';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { privateVhost, type PrivateVhost } from '#libs/testing';
import {
  appTopology,
  BrokerConnection,
  BrokerManagement,
  ERP_EVENTS,
  TopicContext,
  TopicServer,
  type IncomingMessage,
  type Topology,
  type TopicServerOptions,
} from '../src/index.js';

export type Handle = (messages: IncomingMessage[], context: TopicContext) => Promise<unknown>;

/** A private vhost with what specs of the TopicServer need: servers on it, and a channel behind their backs. */
export class TopicBench {
  private readonly servers: TopicServer[] = [];

  private constructor(
    readonly vhost: PrivateVhost,
    /** A connection of plain amqplib. */
    readonly plain: ChannelModel,
    readonly channel: Channel,
    readonly management: BrokerManagement,
  ) {}

  static async open(): Promise<TopicBench> {
    const vhost = await privateVhost();
    const plain = await connect(vhost.amqpUrl);
    const management = new BrokerManagement(vhost.managementUrl, vhost.amqpUrl);
    return new TopicBench(vhost, plain, await plain.createChannel(), management);
  }

  /** Each test's own queues: `<app>.events` bound to everything of its own type. */
  topology(app = `app-${randomUUID()}`): Topology {
    return appTopology(app, [{ exchange: ERP_EVENTS, pattern: `erp.${app}.#` }]);
  }

  /** Not listening yet. */
  server(
    topology: Topology,
    handle: Handle,
    options: Partial<TopicServerOptions> & { url?: string } = {},
  ): TopicServer {
    const { url = this.vhost.amqpUrl, ...rest } = options;
    const connection = new BrokerConnection(url, 'consumer of a test');
    const server = new TopicServer({ connection, topology, management: this.management, retryAfterMs: 20, ...rest });
    server.addHandler(topology.queues[0]!.name, handle as never, true);
    this.servers.push(server);
    return server;
  }

  async start(...args: Parameters<TopicBench['server']>): Promise<TopicServer> {
    const server = this.server(...args);
    await listen(server);
    return server;
  }

  /** Numbers as contents, confirmed one after the other. */
  async publish(topology: Topology, ...numbers: number[]): Promise<void> {
    const channel = await this.plain.createConfirmChannel();
    const { exchange, pattern } = topology.queues[0]!.bindings[0]!;
    for (const number of numbers) {
      channel.publish(exchange, pattern.replace('#', 'v1'), Buffer.from(String(number)), { persistent: true });
      await channel.waitForConfirms();
    }
    await channel.close();
  }

  async closeServers(): Promise<void> {
    await Promise.all(this.servers.splice(0).map((server) => server.close()));
  }

  async close(): Promise<void> {
    await this.closeServers();
    await this.plain.close();
    await this.vhost.drop();
  }
}

export function listen(server: TopicServer): Promise<void> {
  return new Promise((resolve, reject) => {
    void server.listen((error) => (error ? reject(error as Error) : resolve()));
  });
}

export function numbersIn(messages: IncomingMessage[]): number[] {
  return messages.map(({ content }) => Number(content.toString()));
}
