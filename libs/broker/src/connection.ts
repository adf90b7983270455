import { EventEmitter } from 'node:events';
import { connect, type Channel, type ConfirmChannel, type RecoveringChannelModel } from 'amqplib';
import { reasonOf } from './reason.js';

/** `away`: no connection; `blocked`: the broker stopped reading from us (memory or disk alarm). */
export type ConnectionState = 'open' | 'blocked' | 'away';

interface ConnectionEvents {
  open: [];
  away: [reason: string];
  blocked: [reason: string];
  unblocked: [];
}

/** The broker answered and would not have us (wrong password, unknown vhost): waiting will not heal it. */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused';
}

const HEARTBEAT_SECONDS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_DEADLINE_MS = 3_000;
const LOGIN_REFUSED = /Handshake terminated by server/;
const VHOST_REFUSED = /got <ConnectionClose/;

/**
 * One TCP connection to the broker that comes back by itself, for ever, with a growing and jittered wait.
 * Publishing and consuming use two of them: an alarm stops reads of the publishing one, and acks must still pass.
 * A half-open connection is noticed by heartbeats within about 20 s.
 */
export class BrokerConnection extends EventEmitter<ConnectionEvents> {
  private recovering?: RecoveringChannelModel;
  private opening?: Promise<void>;
  private current: ConnectionState = 'away';
  private closed = false;
  /** Rises whenever the connection comes or goes. */
  private life = 0;
  /** Why there is no connection, in the broker's or the network's words. */
  lastProblem = 'not connected yet';

  constructor(
    private readonly url: string,
    readonly name: string,
  ) {
    super();
    this.setMaxListeners(50);
  }

  get state(): ConnectionState {
    return this.current;
  }

  get user(): string {
    return userOf(this.url);
  }

  /**
   * Resolves when the first connection stands; an unreachable broker is waited for. Asking twice opens one connection.
   * @throws ConnectionRefused when the broker answers and refuses us before we were ever connected
   */
  open(): Promise<void> {
    this.opening ??= this.openOnce();
    return this.opening;
  }

  /** @throws at once while the broker is away: whoever needs a channel then decides when to ask again */
  createChannel(): Promise<Channel> {
    return this.channelOfThisLife((model) => model.createChannel());
  }

  /** As `createChannel`, with publisher confirms. */
  createConfirmChannel(): Promise<ConfirmChannel> {
    return this.channelOfThisLife((model) => model.createConfirmChannel());
  }

  /** Ends within a few seconds even when the broker does not answer. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.current = 'away';
    this.lastProblem = 'the connection was closed';
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_DEADLINE_MS);
    await Promise.race([this.recovering?.close().catch(() => undefined), deadline]);
    clearTimeout(timer);
  }

  private async openOnce(): Promise<void> {
    const recovering = await connect(withHeartbeat(this.url), {
      clientProperties: { connection_name: this.name },
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveDelay: 10_000,
      noDelay: true,
      recovery: { initialDelay: 200, maxDelay: 5_000, waitForConnect: false },
    });
    this.recovering = recovering;
    const { promise: refused, reject } = Promise.withResolvers<never>();
    this.follow(recovering, (reason) => reject(new ConnectionRefused(reason)));
    try {
      await Promise.race([recovering.waitForConnect(), refused]);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** A channel may die in the very bytes that opened it, before anybody could listen to it. */
  private async channelOfThisLife<C>(create: (model: RecoveringChannelModel) => Promise<C>): Promise<C> {
    if (!this.recovering || this.current === 'away') throw new Error(`the broker is away: ${this.lastProblem}`);
    const { life } = this;
    const channel = await create(this.recovering);
    if (life !== this.life) throw new Error('the connection was lost while a channel was opened');
    return channel;
  }

  private follow(recovering: RecoveringChannelModel, refuse: (reason: string) => void): void {
    recovering.on('connect', () => {
      if (this.closed) return;
      this.life += 1;
      this.current = 'open';
      this.lastProblem = '';
      this.emit('open');
    });
    recovering.on('disconnect', (error) => this.lose(withoutCredentials(reasonOf(error))));
    recovering.on('connect-failed', (error) => {
      const reason = withoutCredentials(reasonOf(error));
      if (this.life > 0) return this.lose(reason);
      if (LOGIN_REFUSED.test(reason)) return refuse(`the broker refuses the login: ${reason}`);
      if (VHOST_REFUSED.test(reason)) return refuse(`the broker has no vhost "${vhostOf(this.url)}" for us`);
      this.lose(reason);
    });
    // What closes the connection arrives as `disconnect` right after.
    recovering.on('error', () => undefined);
    recovering.on('blocked', (reason) => {
      this.current = 'blocked';
      this.emit('blocked', String(reason));
    });
    recovering.on('unblocked', () => {
      this.current = 'open';
      this.emit('unblocked');
    });
  }

  private lose(reason: string): void {
    if (this.closed) return;
    const isNews = this.current !== 'away' || reason !== this.lastProblem;
    if (this.current !== 'away') this.life += 1;
    this.current = 'away';
    this.lastProblem = reason;
    if (isNews) this.emit('away', reason);
  }
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.toString();
}

/** The vhost an AMQP URL names; `/` where it names none. */
export function vhostOf(amqpUrl: string): string {
  return decodeURIComponent(new URL(amqpUrl).pathname.slice(1)) || '/';
}

function withoutCredentials(message: string): string {
  return message.replace(/\/\/[^@\s/]*@/g, '//');
}

/** As whom an AMQP URL logs in; the client's own default where it names nobody. */
export function userOf(amqpUrl: string): string {
  return decodeURIComponent(new URL(amqpUrl).username) || 'guest';
}
