import { EventEmitter, once } from 'node:events';
import { IllegalOperationError, type ConfirmChannel } from 'amqplib';
import { closeChannel } from './close-channel.js';
import { ConfirmLost, ConfirmWindow, type PublishResult, type Settle } from './confirm-window.js';
import type { BrokerConnection, ConnectionState } from './connection.js';
import { ROUTING_KEY_MAX_BYTES, type OutgoingMessage } from './message.js';
import { PublishOptions } from './publish-options.js';
import { reasonOf } from './reason.js';
import { assertTopology, type Topology } from './topology.js';

interface PublisherEvents {
  /** The channel stands and publishing may go on. */
  ready: [];
  /** Nothing may be published: away or blocked. */
  paused: [reason: string];
}

/** A missing exchange closes the channel at once, again and again: the wait doubles until a message is answered. */
const REOPEN_FIRST_MS = 250;
const REOPEN_MOST_MS = 10_000;

/**
 * Publishes persistent and mandatory, and says per message what the broker answered.
 * A confirm alone proves nothing: a message nobody is bound to is confirmed too. Its `return` comes first, and is
 * correlated by message id.
 */
export class ConfirmPublisher extends EventEmitter<PublisherEvents> {
  private channel?: ConfirmChannel;
  private window?: ConfirmWindow;
  private opening?: Promise<void>;
  private reopenMs = REOPEN_FIRST_MS;
  private reopenTimer?: NodeJS.Timeout;
  private readonly options: PublishOptions;
  private closed = false;

  /** @param topology declared on every new channel, so that an exchange somebody deleted comes back */
  constructor(
    private readonly connection: BrokerConnection,
    private readonly topology?: Topology,
  ) {
    super();
    this.options = new PublishOptions(connection.user);
    connection.on('open', () => this.reopen());
    connection.on('away', (reason) => this.lose(`the broker is away: ${reason}`));
    connection.on('blocked', (reason) => this.tell('paused', `the broker blocks publishers: ${reason}`));
    connection.on('unblocked', () => this.tellReady());
    if (connection.state !== 'away') this.reopen();
  }

  get state(): ConnectionState {
    if (this.closed) return 'away';
    if (this.connection.state !== 'open') return this.connection.state;
    return this.channel ? 'open' : 'away';
  }

  get unconfirmed(): number {
    return this.window?.size ?? 0;
  }

  /** Resolves when publishing may begin; a broker that is away or blocks is waited for. */
  async open(): Promise<void> {
    if (this.state !== 'open') await once(this, 'ready');
  }

  /**
   * @returns what the broker answered
   * @throws ConfirmLost when the answer can no longer come; the message may or may not be in the broker
   * @throws RangeError, TypeError for a message AMQP cannot carry; nothing was sent
   */
  publish(message: OutgoingMessage): Promise<PublishResult> {
    return new Promise((resolve, reject) => {
      this.send(message, (result) => (result instanceof ConfirmLost ? reject(result) : resolve(result)));
    });
  }

  /**
   * As `publish`, without a promise per message: `settle` is called once, in most cases later.
   * @throws RangeError, TypeError for a message AMQP cannot carry; `settle` is then not called
   */
  send(message: OutgoingMessage, settle: Settle): void {
    if (Buffer.byteLength(message.routingKey) > ROUTING_KEY_MAX_BYTES) {
      throw new RangeError(`a routing key has at most ${ROUTING_KEY_MAX_BYTES} bytes`);
    }
    const { channel, window } = this;
    if (!channel || !window) return settle(new ConfirmLost('the broker is away'));
    try {
      channel.publish(message.exchange, message.routingKey, message.content, this.options.of(message));
    } catch (error) {
      if (!(error instanceof IllegalOperationError)) throw error;
      this.loseChannel(channel, 'the channel is closed');
      return settle(new ConfirmLost('the channel is closed'));
    }
    window.add(message.properties.messageId, settle);
  }

  /** Waits until everything sent is answered or lost, `withinMs` at the most. @returns whether nothing is left */
  async drain(withinMs: number): Promise<boolean> {
    await this.window?.empty(withinMs);
    return this.unconfirmed === 0;
  }

  /** What is not confirmed by now is lost: drain first. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.reopenTimer);
    const { channel } = this;
    this.lose('the publisher was closed');
    if (channel) await closeChannel(channel);
  }

  private reopen(): void {
    clearTimeout(this.reopenTimer);
    this.opening ??= this.openChannel()
      .catch((error: unknown) => this.openFailed(reasonOf(error)))
      .finally(() => (this.opening = undefined));
  }

  /** A lost connection opens the channel anew when it is back; a channel refused on a good one is tried again here. */
  private openFailed(reason: string): void {
    if (this.closed || this.connection.state === 'away') return;
    this.tell('paused', `the broker refuses a channel to publish on: ${reason}`);
    this.reopenLater();
  }

  private reopenLater(): void {
    clearTimeout(this.reopenTimer);
    this.reopenTimer = setTimeout(() => this.reopen(), this.reopenMs);
    this.reopenMs = Math.min(this.reopenMs * 2, REOPEN_MOST_MS);
  }

  private async openChannel(): Promise<void> {
    if (this.channel || this.closed) return;
    const channel = await this.connection.createConfirmChannel();
    const window = new ConfirmWindow(() => (this.reopenMs = REOPEN_FIRST_MS));
    channel.on('error', (error: Error) => this.loseChannel(channel, error.message));
    // Before the client's own listener, which would report every message under way as refused.
    channel.prependListener('close', () => this.loseChannel(channel, 'the channel was closed'));
    channel.on('return', ({ properties }) => window.returned(String(properties.messageId)));
    let wasRefused = false;
    const answered = (result: 'confirmed' | 'refused') => (answer: { deliveryTag: number; multiple: boolean }) => {
      window.answer(answer.deliveryTag, answer.multiple, result);
      wasRefused ||= result === 'refused';
      if (wasRefused && window.size === 0) this.replace(channel);
    };
    channel.on('ack', answered('confirmed'));
    channel.on('nack', answered('refused'));
    if (this.topology) await assertTopology(channel, this.topology);
    if (this.closed) return closeChannel(channel);
    if (this.connection.state === 'away') return;
    this.channel = channel;
    this.window = window;
    this.tellReady();
  }

  /**
   * A channel keeps in mind who leads each queue. RabbitMQ 3.10 refuses for ever on one that was opened while a leader
   * died, whoever leads since; so nothing is tried again on a channel that has refused.
   */
  private replace(channel: ConfirmChannel): void {
    if (this.channel !== channel) return;
    this.channel = undefined;
    this.window = undefined;
    void closeChannel(channel);
    this.reopen();
  }

  /** A missing exchange closes the channel with everything in flight on it; the connection stays. */
  private loseChannel(channel: ConfirmChannel, reason: string): void {
    if (this.channel !== channel) return;
    this.lose(reason);
    if (!this.closed && this.connection.state !== 'away') this.reopenLater();
  }

  private lose(reason: string): void {
    const { window } = this;
    this.channel = undefined;
    this.window = undefined;
    this.tell('paused', reason);
    window?.lose(reason);
  }

  private tellReady(): void {
    if (this.state === 'open') this.tell('ready');
  }

  private tell(...[event, reason]: ['ready'] | ['paused', string]): void {
    if (this.closed) return;
    if (event === 'ready') this.emit('ready');
    else this.emit('paused', reason!);
  }
}
