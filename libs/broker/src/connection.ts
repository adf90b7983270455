import { EventEmitter } from 'node:events';
import { connect, type Channel, type ConfirmChannel, type RecoveringChannelModel } from 'amqplib';

/** `away`: no connection; `blocked`: the broker stopped reading from us (memory or disk alarm). */
export type ConnectionState = 'open' | 'blocked' | 'away';

interface ConnectionEvents {
  open: [];
  away: [reason: string];
  blocked: [reason: string];
  unblocked: [];
}

const HEARTBEAT_SECONDS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_DEADLINE_MS = 3_000;

/**
 * One TCP connection to the broker that comes back by itself, for ever, with a growing and jittered wait.
 * Publishing and consuming use two of them: an alarm stops reads of the publishing one, and acks must still pass.
 * A half-open connection is noticed by heartbeats within about 20 s.
 */
export class BrokerConnection extends EventEmitter<ConnectionEvents> {
  private recovering?: RecoveringChannelModel;
  private current: ConnectionState = 'away';
  private closed = false;
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

  /** Resolves when the first connection stands; an unreachable broker is waited for. */
  async open(): Promise<void> {
    const recovering = await connect(withHeartbeat(this.url), {
      clientProperties: { connection_name: this.name },
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveDelay: 10_000,
      noDelay: true,
      recovery: { initialDelay: 200, maxDelay: 5_000, waitForConnect: false },
    });
    this.recovering = recovering;
    this.follow(recovering);
    await recovering.waitForConnect();
  }

  async createChannel(): Promise<Channel> {
    return this.opened().createChannel();
  }

  async createConfirmChannel(): Promise<ConfirmChannel> {
    return this.opened().createConfirmChannel();
  }

  /** Ends within a few seconds even when the broker does not answer. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.current = 'away';
    const gone = this.recovering?.close().catch(() => undefined) ?? Promise.resolve();
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_DEADLINE_MS);
    await Promise.race([gone, deadline]);
    clearTimeout(timer);
  }

  private opened(): RecoveringChannelModel {
    if (!this.recovering || this.closed) throw new Error(`the connection "${this.name}" is not open`);
    return this.recovering;
  }

  private follow(recovering: RecoveringChannelModel): void {
    recovering.on('connect', () => {
      if (this.closed) return;
      this.current = 'open';
      this.lastProblem = '';
      this.emit('open');
    });
    const away = (error: Error) => {
      const wasAway = this.current === 'away';
      this.current = 'away';
      this.lastProblem = withoutCredentials(error.message);
      if (!wasAway) this.emit('away', this.lastProblem);
    };
    recovering.on('disconnect', away);
    recovering.on('connect-failed', away);
    recovering.on('error', (error) => (this.lastProblem = withoutCredentials(error.message)));
    recovering.on('blocked', (reason) => {
      this.current = 'blocked';
      this.emit('blocked', String(reason));
    });
    recovering.on('unblocked', () => {
      this.current = 'open';
      this.emit('unblocked');
    });
  }
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.toString();
}

function withoutCredentials(message: string): string {
  return message.replace(/\/\/[^@\s/]*@/g, '//');
}
