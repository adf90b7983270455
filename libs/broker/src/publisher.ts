import { EventEmitter } from 'node:events';
import type { ConfirmChannel, Message } from 'amqplib';
import type { BrokerConnection, ConnectionState } from './connection.js';
import { ROUTING_KEY_MAX_BYTES, type OutgoingMessage } from './message.js';

/**
 * `confirmed`: the broker holds it durably in at least one queue.
 * `returned`: no queue is bound to its routing key; nobody has it.
 * `refused`: the broker would not take it now (a full queue with reject-publish); nobody is promised to have it.
 */
export type PublishResult = 'confirmed' | 'returned' | 'refused';

/** The channel or the connection went away before the confirm: whether the broker has the message is not known. */
export class ConfirmLost extends Error {
  override readonly name = 'ConfirmLost';
}

interface PublisherEvents {
  /** The channel stands and publishing may go on. */
  ready: [];
  /** Nothing may be published: away or blocked. */
  paused: [reason: string];
}

const REOPEN_AFTER_MS = 500;

type Settle = (result: PublishResult | ConfirmLost) => void;

/**
 * Publishes persistent and mandatory, and says per message what the broker answered.
 * A confirm alone proves nothing: a message nobody is bound to is confirmed too. Its `return` comes first, and is
 * correlated by message id.
 */
export class ConfirmPublisher extends EventEmitter<PublisherEvents> {
  private channel?: ConfirmChannel;
  private opening?: Promise<void>;
  private readonly returned = new Set<string>();
  private readonly inFlight = new Map<number, Settle>();
  private tag = 0;
  private closed = false;

  constructor(private readonly connection: BrokerConnection) {
    super();
    connection.on('open', () => this.reopen());
    connection.on('away', (reason) => this.lose(`the broker is away: ${reason}`));
    connection.on('blocked', (reason) => this.emit('paused', `the broker blocks publishers: ${reason}`));
    connection.on('unblocked', () => this.emit('ready'));
  }

  get state(): ConnectionState {
    if (this.connection.state !== 'open') return this.connection.state;
    return this.channel ? 'open' : 'away';
  }

  get unconfirmed(): number {
    return this.inFlight.size;
  }

  /** Resolves when the first channel stands. */
  async open(): Promise<void> {
    if (this.connection.state === 'open') await this.openChannel();
  }

  /**
   * @returns what the broker answered
   * @throws ConfirmLost when the answer can no longer come; the message may or may not be in the broker
   * @throws RangeError for a routing key AMQP cannot carry
   */
  publish(message: OutgoingMessage): Promise<PublishResult> {
    return new Promise((resolve, reject) => {
      this.send(message, (result) => (result instanceof ConfirmLost ? reject(result) : resolve(result)));
    });
  }

  /** As `publish`, without a promise per message: `settle` is called once, later. */
  send(message: OutgoingMessage, settle: Settle): void {
    if (Buffer.byteLength(message.routingKey) > ROUTING_KEY_MAX_BYTES) {
      throw new RangeError(`a routing key has at most ${ROUTING_KEY_MAX_BYTES} bytes`);
    }
    const channel = this.channel;
    if (!channel) return settle(new ConfirmLost('the broker is away'));
    const { messageId } = message.properties;
    const tag = ++this.tag;
    this.inFlight.set(tag, settle);
    const options = { ...message.properties, persistent: true, mandatory: true };
    try {
      channel.publish(message.exchange, message.routingKey, message.content, options, (error) => {
        if (channel !== this.channel) return;
        this.answer(tag, messageId, error);
      });
    } catch (error) {
      this.inFlight.delete(tag);
      settle(new ConfirmLost(error instanceof Error ? error.message : String(error)));
    }
  }

  /** Resolves when everything sent so far is answered or lost. */
  async drain(): Promise<void> {
    await this.channel?.waitForConfirms().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    const channel = this.channel;
    this.lose('the publisher was closed');
    await channel?.close().catch(() => undefined);
  }

  private answer(tag: number, messageId: string, error: unknown): void {
    const settle = this.inFlight.get(tag);
    if (!settle) return;
    this.inFlight.delete(tag);
    const wasReturned = this.returned.delete(messageId);
    settle(error ? 'refused' : wasReturned ? 'returned' : 'confirmed');
  }

  /** A lost connection opens the channel anew by its own event; a channel refused on a good one is tried again. */
  private reopen(): void {
    this.openChannel().catch(() => {
      if (!this.closed && this.connection.state !== 'away') setTimeout(() => this.reopen(), REOPEN_AFTER_MS).unref();
    });
  }

  private openChannel(): Promise<void> {
    this.opening ??= this.openChannelOnce().finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async openChannelOnce(): Promise<void> {
    if (this.channel || this.closed) return;
    const channel = await this.connection.createConfirmChannel();
    channel.on('return', (message: Message) => this.returned.add(String(message.properties.messageId)));
    channel.on('error', (error: Error) => this.loseChannel(channel, error.message));
    channel.on('close', () => this.loseChannel(channel, 'the channel was closed'));
    this.channel = channel;
    this.emit('ready');
  }

  /** A missing exchange closes the channel with everything in flight on it; the connection stays. */
  private loseChannel(channel: ConfirmChannel, reason: string): void {
    if (this.channel !== channel) return;
    this.lose(reason);
    if (!this.closed && this.connection.state !== 'away') this.reopen();
  }

  private lose(reason: string): void {
    this.channel = undefined;
    this.returned.clear();
    const lost = [...this.inFlight.values()];
    this.inFlight.clear();
    if (!this.closed) this.emit('paused', reason);
    for (const settle of lost) settle(new ConfirmLost(reason));
  }
}
