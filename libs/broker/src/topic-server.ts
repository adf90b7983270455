import { setTimeout as delay } from 'node:timers/promises';
import { BaseRpcContext, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { BrokerConnection } from './connection.js';
import type { BrokerManagement } from './management.js';
import type { IncomingMessage } from './message.js';
import { QueueConsumer } from './queue-consumer.js';
import { applyPolicies, auditTopology, requireSafeTopology, UnsafeTopology } from './topology-audit.js';
import { assertTopology, type Topology } from './topology.js';

export interface TopicServerOptions {
  /** For consuming alone: publishing has a connection of its own. */
  connection: BrokerConnection;
  topology: Topology;
  management: BrokerManagement;
  /** Messages a queue may hold unacknowledged here. */
  prefetch?: number;
  /** Messages a handler is given at once, at the most. */
  batchSize?: number;
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
  /** The minute's audit found this; empty when all is well again. */
  audited: (problems: string[]) => void;
}

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
  private loops: Promise<void>[] = [];
  private problems: string[] = [];

  constructor(private readonly options: TopicServerOptions) {
    super();
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.options.connection.open();
      await this.prepareTopology();
      for (const queue of this.getHandlers().keys()) this.startConsumer(queue);
      this.loops.push(this.auditEachMinute());
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** What is wrong with the topology or the consumers, in words; empty when events flow. */
  get complaints(): string[] {
    const away =
      this.options.connection.state === 'away' ? [`the broker is away: ${this.options.connection.lastProblem}`] : [];
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

  private async prepareTopology(): Promise<void> {
    const channel = await this.options.connection.createChannel();
    const refused = new Promise<never>((_, reject) => channel.once('error', reject));
    try {
      await Promise.race([assertTopology(channel, this.options.topology), refused]);
      await channel.close();
    } catch (error) {
      await this.explainRefusal(error);
    }
    await applyPolicies(this.options.management, this.options.topology);
    await requireSafeTopology(this.options.management, this.options.topology);
  }

  /** The broker's 406 names one argument; the audit names all that is wrong, and what to do. */
  private async explainRefusal(error: unknown): Promise<never> {
    const problems = await auditTopology(this.options.management, this.options.topology).catch(() => []);
    throw problems.length > 0 ? new UnsafeTopology(problems) : error;
  }

  private startConsumer(queue: string): void {
    const handle = async (messages: IncomingMessage[], life: number) => {
      const handler = this.getHandlerByPattern(queue)!;
      const result = await handler(messages, new TopicContext([queue, life]));
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    };
    const { connection, prefetch = 1_000, batchSize = 200 } = this.options;
    const consumer = new QueueConsumer({
      connection,
      queue,
      prefetch,
      batchSize,
      retryAfterMs: RETRY_AFTER_MS,
      handle,
    });
    this.consumers.push(consumer);
    this.loops.push(consumer.run());
  }

  private async auditEachMinute(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await delay(AUDIT_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.auditNow();
    }
  }

  private async auditNow(): Promise<void> {
    try {
      await this.declareAgain();
      this.problems = await auditTopology(this.options.management, this.options.topology);
    } catch (error) {
      this.problems = [error instanceof Error ? error.message : String(error)];
    }
    for (const tell of this.auditors) tell(this.problems);
  }

  /** A binding somebody deleted is bound again; what cannot be declared is left to the audit to name. */
  private async declareAgain(): Promise<void> {
    if (this.options.connection.state === 'away') return;
    const channel = await this.options.connection.createChannel();
    channel.on('error', () => undefined);
    await assertTopology(channel, this.options.topology).catch(() => undefined);
    await channel.close().catch(() => undefined);
  }
}
