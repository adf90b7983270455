import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { BrokerConnection } from './connection.js';
import { readProperties, type IncomingMessage } from './message.js';

export interface QueueConsumerOptions {
  connection: BrokerConnection;
  queue: string;
  prefetch: number;
  batchSize: number;
  retryAfterMs: number;
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
  private stopping = new AbortController();
  private wake: () => void = () => undefined;
  private buffer: ConsumeMessage[] = [];
  private channel?: Channel;
  private finished: Promise<void> = Promise.resolve();
  /** Why nothing is taken just now. */
  complaint?: string;

  constructor(private readonly options: QueueConsumerOptions) {}

  /** Resolves after `stop`. */
  run(): Promise<void> {
    this.finished = this.live();
    return this.finished;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.finished;
  }

  private async live(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        const channel = await this.openChannel();
        await this.takeFrom(channel);
        await channel.close().catch(() => undefined);
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.complaint = `queue "${this.options.queue}" is not taken: ${error instanceof Error ? error.message : String(error)}`;
        await this.dropChannel();
        await delay(this.options.retryAfterMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private async openChannel(): Promise<Channel> {
    const channel = await this.options.connection.createChannel();
    this.life += 1;
    this.buffer = [];
    this.channel = channel;
    const lost = (): void => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.buffer = [];
      this.wake();
    };
    channel.on('error', lost);
    channel.on('close', lost);
    await channel.prefetch(this.options.prefetch);
    await channel.consume(this.options.queue, (message) => {
      if (this.channel !== channel) return;
      if (message) this.buffer.push(message);
      else lost();
      this.wake();
    });
    return channel;
  }

  private async takeFrom(channel: Channel): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if (this.channel !== channel) throw new Error('the channel was lost');
      const batch = this.buffer.splice(0, this.options.batchSize);
      if (batch.length === 0) {
        await this.more();
        continue;
      }
      await this.options.handle(batch.map(readMessage), this.life);
      if (this.channel !== channel) throw new Error('the channel was lost before the acknowledgement');
      channel.ack(batch.at(-1)!, true);
      this.complaint = undefined;
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.stopping.signal.aborted || this.buffer.length > 0 || !this.channel) resolve();
    });
  }

  private async dropChannel(): Promise<void> {
    const channel = this.channel;
    this.channel = undefined;
    this.buffer = [];
    await channel?.close().catch(() => undefined);
  }
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
