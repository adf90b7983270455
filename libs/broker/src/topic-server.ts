import { BaseRpcContext, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Channel } from 'amqplib';
import { isObservable, lastValueFrom } from 'rxjs';
import { closeChannel } from './close-channel.js';
import type { BrokerConnection } from './connection.js';
import type { BrokerManagement } from './management.js';
import type { IncomingMessage } from './message.js';
import { QueueConsumer } from './queue-consumer.js';
import { reasonOf } from './reason.js';
import { auditTopology, requireSafeTopology, UnsafeTopology } from './topology-audit.js';
import { assertTopology, type Topology } from './topology.js';
import { unlessAborted, waitUnlessAborted } from './unless-aborted.js';

export interface TopicServerOptions {
  /** For consuming alone: publishing has a connection of its own. */
  connection: BrokerConnection;
  topology: Topology;
  management: BrokerManagement;
  /** Messages a queue may hold unacknowledged here. */
  prefetch?: number;
  /** Messages a handler is given at once, at the most. */
  batchSize?: number;
  /** The topology is declared and audited again this often; a minute unless told. */
  auditEveryMs?: number;
  /** Wait before a lost queue is taken again; a second unless told. */
  retryAfterMs?: number;
}

/** Names the queue of a batch and which life of its channel brought it: a new life asks for a new intake epoch. */
export class TopicContext extends BaseRpcContext<[queue: string, life: number]> {
  get queue(): string {
    return this.args[0];
  }
  get life(): number {
    return this.args[1];
  }
}

interface TopicServerEvents extends Record<string, Function> {
  /** The repeated audit found this; empty when all is well again. */
  audited: (problems: string[]) => void;
}

const PREFETCH = 1_000;
const BATCH_SIZE = 200;
const AUDIT_EVERY_MS = 60_000;
const RETRY_AFTER_MS = 1_000;

/**
 * Nest's transport over RabbitMQ queues, a batch at a time. A handler is `@EventPattern(<queue>)` and takes
 * `(messages: IncomingMessage[], context: TopicContext)`; when it resolves, the batch is acknowledged; when it
 * rejects, the channel is closed, so that the broker hands the same messages out again in their order.
 * Start-up declares the topology, audits it, and refuses an unsafe one; the audit is repeated each minute.
 */
export class TopicServer extends Server<TopicServerEvents> implements CustomTransportStrategy {
  override readonly transportId = Symbol('ponte-topics');
  private readonly consumers: QueueConsumer[] = [];
  private readonly auditors: TopicServerEvents['audited'][] = [];
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private problems: string[] = [];

  constructor(private readonly options: TopicServerOptions) {
    super();
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      this.requireHandlers();
      await this.options.connection.open();
      await this.prepareTopology();
      for (const queue of this.getHandlers().keys()) this.startConsumer(queue);
      this.loops.push(this.auditAgainAndAgain());
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** What is wrong with the topology or the consumers, in words; empty when events flow. */
  get complaints(): string[] {
    const { state, lastProblem } = this.options.connection;
    const away = state === 'away' ? [`the broker is away: ${lastProblem}`] : [];
    return [...away, ...this.problems, ...this.consumers.flatMap((consumer) => consumer.complaint ?? [])];
  }

  /** Finishes the batch in hand, acknowledges it and closes the channels; what was only buffered goes to the next owner. */
  async close(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.consumers.map((consumer) => consumer.stop()));
    await Promise.all(this.loops);
    await this.options.connection.close();
  }

  on<K extends keyof TopicServerEvents>(event: K, callback: TopicServerEvents[K]): void {
    if (event === 'audited') this.auditors.push(callback as TopicServerEvents['audited']);
  }

  unwrap<T>(): T {
    return this.options.connection as T;
  }

  /** One handler per queue: a second one would be given nothing, or the batch would be acknowledged without it. */
  private requireHandlers(): void {
    const queues = new Set(this.options.topology.queues.map(({ name }) => name));
    for (const [pattern, handler] of this.getHandlers()) {
      if (!queues.has(pattern)) {
        throw new Error(`@EventPattern('${pattern}') names no queue of this app: it has ${[...queues].join(', ')}`);
      }
      if (handler.next) throw new Error(`queue "${pattern}" has two @EventPattern handlers: a batch goes to one`);
    }
  }

  private async prepareTopology(): Promise<void> {
    try {
      await this.declare(this.options.topology);
    } catch (error) {
      await this.explainRefusal(error);
    }
    await requireSafeTopology(this.options.management, this.options.topology);
  }

  /** The broker's 406 names one argument; the audit names all that is wrong, and what to do. */
  private async explainRefusal(error: unknown): Promise<never> {
    const problems = await auditTopology(this.options.management, this.options.topology).catch(() => []);
    throw problems.length > 0 ? new UnsafeTopology(problems) : error;
  }

  private startConsumer(queue: string): void {
    const { connection, topology, prefetch = PREFETCH, batchSize = BATCH_SIZE } = this.options;
    const { retryAfterMs = RETRY_AFTER_MS } = this.options;
    const declare = (channel: Channel) => assertTopology(channel, topology);
    const handle = async (messages: IncomingMessage[], life: number) => {
      const handler = this.getHandlerByPattern(queue)!;
      const result = await handler(messages, new TopicContext([queue, life]));
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    };
    const consumer = new QueueConsumer({ connection, queue, prefetch, batchSize, retryAfterMs, declare, handle });
    this.consumers.push(consumer);
    this.loops.push(consumer.run());
  }

  private async auditAgainAndAgain(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await waitUnlessAborted(this.options.auditEveryMs ?? AUDIT_EVERY_MS, signal);
      if (!signal.aborted) await unlessAborted(this.auditNow(), signal).catch(() => undefined);
    }
  }

  /** A binding somebody deleted is bound again; what cannot be declared is left to the audit to name. */
  private async auditNow(): Promise<void> {
    await this.declare(this.options.topology).catch(() => undefined);
    try {
      this.problems = await auditTopology(this.options.management, this.options.topology);
    } catch (error) {
      this.problems = [reasonOf(error)];
    }
    for (const tell of this.auditors) tell(this.problems);
  }

  private async declare(topology: Topology): Promise<void> {
    const channel = await this.options.connection.createChannel();
    // The refusal reaches us through the declaration that was refused.
    channel.on('error', () => undefined);
    try {
      await assertTopology(channel, topology);
    } finally {
      await closeChannel(channel);
    }
  }
}
