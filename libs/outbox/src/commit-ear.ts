import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { Doze } from './doze.js';
import { listenTo } from './outbox.sql.js';

export interface CommitEarOptions {
  /** Makes a connection of its own, not yet connected. */
  open: () => Client;
  /** On which the ERP says that it has committed rows. */
  channel: string;
  onCommit: () => void;
  /** Told once per change. */
  onChange?: (change: { listening: true } | { listening: false; reason: string }) => void;
  /** The first wait before it listens again; it doubles up to half a minute. */
  againMs?: number;
}

const AGAIN_MS = 1_000;
const AGAIN_MOST_MS = 30_000;
const STOP_DEADLINE_MS = 2_000;

/**
 * Hears of commits as they happen, so that a row need not wait for the next look at the outbox. What it misses, that look
 * finds: nothing but the time rests on it.
 */
export class CommitEar {
  private readonly doze = new Doze();
  private running: Promise<void> = Promise.resolve();
  private client?: Client;
  private isListening?: boolean;
  private isStopped = false;
  private againMs: number;

  /** @throws RangeError for a channel that is no plain name */
  constructor(private readonly options: CommitEarOptions) {
    listenTo(options.channel);
    this.againMs = this.firstWaitMs;
  }

  start(): void {
    this.running = this.listenOnAndOn();
  }

  /** A server that has vanished without a word does not hold up the end of the process. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.doze.wake();
    this.client?.end().catch(() => undefined);
    await Promise.race([this.running, delay(STOP_DEADLINE_MS, undefined, { ref: false })]);
  }

  private async listenOnAndOn(): Promise<void> {
    while (!this.isStopped) {
      const reason = await this.listen().catch((error: Error) => error.message);
      if (this.isStopped) return;
      this.tell({ listening: false, reason });
      await this.doze.wait(this.againMs);
      this.againMs = Math.min(this.againMs * 2, AGAIN_MOST_MS);
    }
  }

  /** @returns why it hears no more */
  private async listen(): Promise<string> {
    const client = (this.client = this.options.open());
    const lost = new Promise<string>((resolve) => {
      client.on('error', (error) => resolve(error.message));
      client.on('end', () => resolve('the connection was closed'));
    });
    client.on('notification', () => this.options.onCommit());
    try {
      await client.connect();
      await client.query(listenTo(this.options.channel));
      this.againMs = this.firstWaitMs;
      this.tell({ listening: true });
      this.options.onCommit(); // of what was committed while nobody listened, nothing was heard
      return await lost;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private get firstWaitMs(): number {
    return this.options.againMs ?? AGAIN_MS;
  }

  private tell(change: Parameters<NonNullable<CommitEarOptions['onChange']>>[0]): void {
    if (this.isListening === change.listening) return;
    this.isListening = change.listening;
    this.options.onChange?.(change);
  }
}
