import { setTimeout as delay } from 'node:timers/promises';
import { ConfirmLost, type ConfirmPublisher, type PublishResult } from '#libs/broker';
import { KeyQueues } from './key-queues.js';
import type { Lease } from './lease.js';
import { ParkedKeys, type Backlog, type OutboxReader } from './outbox-reader.js';
import { poisonIn, rowToMessage, type OutboxRow } from './outbox-row.js';

export interface RelayOptions {
  reader: OutboxReader;
  lease: Lease;
  publisher: ConfirmPublisher;
  exchange: string;
  /** The CloudEvents source of every row, e.g. `/erp/main`. */
  source: string;
  /** Told what goes wrong and what is well again, in words, once per change. */
  onNotice?: (notice: RelayNotice) => void;
  /** Rows held in memory, at the most. */
  bufferRows?: number;
  /** Rows unconfirmed at the broker, at the most. */
  unconfirmedMax?: number;
}

export type RelayNotice =
  | { kind: 'leading'; epoch: string }
  | { kind: 'standby' }
  | { kind: 'paused'; reason: string }
  | { kind: 'resumed' }
  | { kind: 'parked'; position: string; reason: string };

export interface RelayReport {
  leading: boolean;
  paused?: string;
  /** Since the process started. */
  published: number;
  inMemory: number;
  unconfirmed: number;
}

const READ_ROWS = 1_000;
const MARK_ROWS = 5_000;
const BUSY_MS = 25;
const IDLE_MS = 250;
const SWEEP_EVERY_MS = 1_000;
const PARKED_EVERY_MS = 1_000;
const ORPHANS_EVERY_MS = 60_000;
const RETRY_MS = 1_000;
const UNTAKEN_MAX_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;

/**
 * Carries committed rows to the broker, in order per key, each at least once, from one leader at a time.
 * Three things run at once: the next rows are read, the ones before are being confirmed, and the ones before those
 * are marked. The lease fences reading and sending; marking needs no fence, since a row is marked only by who holds
 * the broker's confirm for it.
 */
export class Relay {
  private readonly queues = new KeyQueues();
  private readonly parked = new ParkedKeys();
  private readonly stopping = new AbortController();
  private toMark: string[] = [];
  private marking?: Promise<void>;
  private running: Promise<void> = Promise.resolve();
  private progress = Promise.withResolvers<void>();
  private cursor = '0';
  private unconfirmed = 0;
  private published = 0;
  private untakenInARow = 0;
  /** Nothing is sent before this monotonic instant: the broker has just refused or returned a row. */
  private holdUntil = 0;
  private pausedFor?: string;
  private epoch?: string;
  private dueAt = { sweep: 0, parked: 0, orphans: 0 };

  constructor(private readonly options: RelayOptions) {
    options.publisher.on('paused', (reason) => this.pause(reason));
    options.publisher.on('ready', () => this.resume());
  }

  start(): void {
    this.running = Promise.all([this.lead(), this.relay()]).then(() => undefined);
  }

  /** Sends nothing more, waits for the confirms under way, marks them, and gives up the lease. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.stir();
    await this.running;
    await this.settleInFlight();
    await this.options.lease.giveUp().catch(() => undefined);
  }

  report(): RelayReport {
    return {
      leading: this.options.lease.holds(),
      paused: this.pausedFor,
      published: this.published,
      inMemory: this.queues.size,
      unconfirmed: this.unconfirmed,
    };
  }

  /** Asked of the database, by whoever leads or not. */
  backlog(): Promise<Backlog> {
    return this.options.reader.backlog();
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Keeps or seeks the lease; an unreachable database ends it by its own clock. */
  private async lead(): Promise<void> {
    const { lease } = this.options;
    while (!this.stopped) {
      await lease.refresh().catch(() => undefined);
      this.noticeLeadership(lease.epoch);
      await this.sleep(lease.renewEveryMs);
    }
  }

  /** A new epoch starts from nothing: somebody else may have led in between. */
  private noticeLeadership(epoch: string | undefined): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.queues.dropWaiting();
    this.cursor = '0';
    this.dueAt = { sweep: 0, parked: 0, orphans: 0 };
    this.notice(epoch ? { kind: 'leading', epoch } : { kind: 'standby' });
    this.stir();
  }

  private async relay(): Promise<void> {
    let idleMs = BUSY_MS;
    while (!this.stopped) {
      if (!this.mayRead()) {
        await this.stirred(IDLE_MS);
        this.send();
        continue;
      }
      const read = await this.readMore().catch((error: Error) => this.databaseTrouble(error));
      this.send();
      if (read > 0) idleMs = BUSY_MS;
      else {
        await this.stirred(this.queues.size > 0 ? BUSY_MS : idleMs);
        idleMs = Math.min(idleMs * 2, IDLE_MS);
      }
    }
  }

  private mayRead(): boolean {
    const { bufferRows = 20_000, lease, publisher } = this.options;
    const held = performance.now() < this.holdUntil;
    return lease.holds() && publisher.state === 'open' && !held && this.queues.size < bufferRows;
  }

  /** @returns how many rows were new */
  private async readMore(): Promise<number> {
    await this.refreshParked();
    const rows = await this.options.reader.readAfter(this.queues.size === 0 ? '0' : this.cursor, READ_ROWS);
    const late = await this.readLate();
    if (!this.options.lease.holds()) return 0;
    for (const row of rows) if (BigInt(row.position) > BigInt(this.cursor)) this.cursor = row.position;
    const fresh = [...late, ...rows].filter((row) => !this.queues.knows(row.position));
    await this.takeIn(fresh);
    return fresh.length;
  }

  /** Rows below the cursor that committed after it passed them. With nothing in memory the read itself starts below. */
  private async readLate(): Promise<OutboxRow[]> {
    const now = performance.now();
    if (this.queues.size === 0 || now < this.dueAt.sweep) return [];
    this.dueAt.sweep = now + SWEEP_EVERY_MS;
    const limit = this.queues.size + READ_ROWS;
    return this.options.reader.readLate(this.cursor, (position) => this.queues.knows(position), limit);
  }

  private async refreshParked(): Promise<void> {
    const now = performance.now();
    const { reader } = this.options;
    if (now >= this.dueAt.orphans) {
      this.dueAt.orphans = now + ORPHANS_EVERY_MS;
      await reader.freeOrphans();
    }
    if (now >= this.dueAt.parked) {
      this.dueAt.parked = now + PARKED_EVERY_MS;
      this.parked.replaceBy(await reader.parkedHeads());
    }
  }

  private async takeIn(rows: OutboxRow[]): Promise<void> {
    const behind = new Map<string, string[]>();
    for (const row of rows) {
      const head = this.parked.headOf(row);
      if (head) behind.set(head, [...(behind.get(head) ?? []), row.position]);
      else this.queues.add(row);
    }
    for (const [head, positions] of behind) await this.options.reader.parkBehind(positions, head);
  }

  /** Sends while keys are free, the broker takes, and the lease holds: looked at before each row. */
  private send(): void {
    const { unconfirmedMax = 2_000, lease, publisher } = this.options;
    while (!this.stopped && this.unconfirmed < unconfirmedMax && publisher.state === 'open' && lease.holds()) {
      if (performance.now() < this.holdUntil) return;
      const row = this.queues.next();
      if (!row) return;
      const poison = poisonIn(row);
      if (poison) void this.park(row, poison);
      else this.sendRow(row);
    }
  }

  private sendRow(row: OutboxRow): void {
    this.unconfirmed += 1;
    const message = rowToMessage(row, this.options.exchange, this.options.source);
    this.options.publisher.send(message, (result) => {
      this.unconfirmed -= 1;
      this.settle(row, result);
    });
  }

  private settle(row: OutboxRow, result: PublishResult | ConfirmLost): void {
    if (result === 'confirmed') this.confirmed(row);
    else if (result instanceof ConfirmLost) this.queues.putBack(row);
    else this.notTaken(row, result);
    if (this.unconfirmed === 0 || this.unconfirmed % 64 === 0) this.stir();
    else this.send();
  }

  private confirmed(row: OutboxRow): void {
    this.published += 1;
    this.untakenInARow = 0;
    if (this.pausedFor) this.resume();
    this.queues.done(row);
    this.toMark.push(row.position);
    this.marking ??= this.markAll().finally(() => (this.marking = undefined));
  }

  /**
   * The row stays first of its key and everything waits a while: a return means that the topology is broken, not the
   * row, since the audit takes every type; parking each key would only turn one repair into thousands.
   */
  private notTaken(row: OutboxRow, result: 'returned' | 'refused'): void {
    this.queues.putBack(row);
    const waitMs = Math.min(RETRY_MS * 2 ** this.untakenInARow, UNTAKEN_MAX_MS);
    if (performance.now() >= this.holdUntil) this.untakenInARow += 1;
    this.holdUntil = Math.max(this.holdUntil, performance.now() + waitMs);
    this.pause(result === 'returned' ? `no queue is bound for ${row.type}: start the audit, or bind one` : 'a queue refuses new messages: it is full');
  }

  private async markAll(): Promise<void> {
    while (this.toMark.length > 0) {
      const positions = this.toMark.slice(0, MARK_ROWS);
      try {
        await this.options.reader.mark(positions);
        this.toMark.splice(0, positions.length);
        this.queues.forget(positions);
        this.stir();
      } catch (error) {
        this.databaseTrouble(error as Error);
        if (this.stopped) return;
        await this.sleep(RETRY_MS);
      }
    }
  }

  private async park(row: OutboxRow, reason: string): Promise<void> {
    this.parked.hold(row);
    const behind = this.queues.dropKey(row);
    try {
      await this.options.reader.park(row, reason);
      await this.options.reader.parkBehind(behind, row.position);
      this.notice({ kind: 'parked', position: row.position, reason });
    } catch (error) {
      this.databaseTrouble(error as Error);
    }
  }

  private async settleInFlight(): Promise<void> {
    const giveUpAt = performance.now() + STOP_DEADLINE_MS;
    while (this.unconfirmed > 0 && this.options.publisher.state === 'open' && performance.now() < giveUpAt) await delay(10);
    await this.marking;
    if (this.toMark.length > 0) await this.markAll();
  }

  private databaseTrouble(error: Error): number {
    this.pause(`the database answers: ${error.message}`);
    this.holdUntil = Math.max(this.holdUntil, performance.now() + RETRY_MS);
    return 0;
  }

  private pause(reason: string): void {
    if (this.pausedFor === reason) return;
    this.pausedFor = reason;
    this.notice({ kind: 'paused', reason });
  }

  private resume(): void {
    if (this.pausedFor) this.notice({ kind: 'resumed' });
    this.pausedFor = undefined;
    this.stir();
  }

  private notice(notice: RelayNotice): void {
    this.options.onNotice?.(notice);
  }

  private stir(): void {
    this.progress.resolve();
    this.progress = Promise.withResolvers();
    this.send();
  }

  private stirred(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      void this.progress.promise.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private async sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
