import type { Channel, ConsumeMessage } from 'amqplib';
import { closeChannel } from './close-channel.js';
import type { BrokerConnection } from './connection.js';
import { readProperties, type IncomingMessage } from './message.js';
import { reasonOf } from './reason.js';
import { unlessAborted, waitUnlessAborted } from './unless-aborted.js';

export interface QueueConsumerOptions {
  connection: BrokerConnection;
  queue: string;
  prefetch: number;
  batchSize: number;
  retryAfterMs: number;
  /** Run on each new channel before it consumes, so that a queue somebody deleted comes back. */
  declare(channel: Channel): Promise<void>;
  /** Resolves when everything it was given is durable. `life` rises with each new channel. */
  handle(messages: IncomingMessage[], life: number): Promise<void>;
}

/**
 * Takes one queue, batch after batch, on a channel that lives until something goes wrong with it.
 * It never cancels its consumer first: that would wake the next active consumer while this one still holds
 * unacknowledged messages, and reorder them. It stops taking, finishes, acknowledges and closes the channel.
 */
export class QueueConsumer {
  private life = 0;
  private readonly stopping = new AbortController();
  private finished: Promise<void> = Promise.resolve();
  /** Why nothing is taken just now. */
  complaint?: string;

  constructor(private readonly options: QueueConsumerOptions) {}

  /** Resolves after `stop`. */
  run(): Promise<void> {
    this.finished = this.live();
    return this.finished;
  }

  /** The batch in hand is finished and acknowledged; what was only buffered goes to the next owner, in order. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.finished;
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.liveOnce();
      } catch (error) {
        if (signal.aborted) return;
        this.complaint = `queue "${this.options.queue}" is not taken: ${reasonOf(error)}`;
        await waitUnlessAborted(this.options.retryAfterMs, signal);
      }
    }
  }

  private async liveOnce(): Promise<void> {
    const { signal } = this.stopping;
    const channel = await unlessAborted(this.options.connection.createChannel(), signal, closeChannel);
    this.life += 1;
    const held = new HeldMessages(channel);
    signal.addEventListener('abort', held.wake, { once: true });
    try {
      await unlessAborted(this.consume(channel, held), signal);
      this.complaint = undefined;
      await this.takeFrom(channel, held);
    } finally {
      signal.removeEventListener('abort', held.wake);
      held.lose('the channel is being closed');
      await closeChannel(channel);
    }
  }

  private async consume(channel: Channel, held: HeldMessages): Promise<void> {
    const { declare, prefetch, queue } = this.options;
    await declare(channel);
    await channel.prefetch(prefetch);
    // A deleted queue is told by a delivery of nothing.
    await channel.consume(queue, (message) => (message ? held.add(message) : held.lose('the queue was deleted')));
  }

  private async takeFrom(channel: Channel, held: HeldMessages): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const batch = held.take(this.options.batchSize);
      if (batch.length === 0) {
        await held.more(this.stopping.signal);
        continue;
      }
      await this.options.handle(batch.map(readMessage), this.life);
      if (held.lost) throw new Error(`${held.lost} before the acknowledgement`);
      channel.ack(batch.at(-1)!, true);
    }
  }
}

/** What one channel has delivered and nobody has taken yet. Lost with its channel: the broker hands it out again. */
class HeldMessages {
  private messages: ConsumeMessage[] = [];
  private awaited = Promise.withResolvers<void>();
  /** Why there will be no more. */
  lost?: string;

  constructor(channel: Channel) {
    channel.on('error', (error) => this.lose(reasonOf(error)));
    channel.on('close', () => this.lose('the channel was closed'));
  }

  add(message: ConsumeMessage): void {
    if (this.lost) return;
    this.messages.push(message);
    this.wake();
  }

  /** @throws when the channel was lost */
  take(most: number): ConsumeMessage[] {
    if (this.lost) throw new Error(this.lost);
    return this.messages.splice(0, most);
  }

  async more(signal: AbortSignal): Promise<void> {
    if (this.lost || this.messages.length > 0 || signal.aborted) return;
    this.awaited = Promise.withResolvers();
    await this.awaited.promise;
  }

  lose(why: string): void {
    this.lost ??= why;
    this.messages = [];
    this.wake();
  }

  readonly wake = (): void => this.awaited.resolve();
}

function readMessage(message: ConsumeMessage): IncomingMessage {
  return {
    content: message.content,
    routingKey: message.fields.routingKey,
    exchange: message.fields.exchange,
    redelivered: message.fields.redelivered,
    properties: readProperties(message.properties),
  };
}
