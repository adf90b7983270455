import { setTimeout as delay } from 'node:timers/promises';
import { Doze } from './doze.js';
import type { EventPublisher } from './event-publisher.js';
import { KeyQueues } from './key-queues.js';
import type { Lease } from './lease.js';
import { Marker } from './marker.js';
import type { Backlog, OutboxReader } from './outbox-reader.js';
import { Pauses, type PauseCause } from './pauses.js';
import { ReadAhead } from './read-ahead.js';
import { requireSource } from './row-to-event.js';
import { Sender } from './sender.js';

export interface RelayOptions {
  reader: OutboxReader;
  lease: Lease;
  publisher: EventPublisher;
  exchange: string;
  /** The CloudEvents source of every row, e.g. `/erp/main`. */
  source: string;
  /** Told what goes wrong and what is well again, in words, once per change. */
  onNotice?: (notice: RelayNotice) => void;
  /** Rows held in memory, at the most, give or take one read. */
  bufferRows?: number;
  /** Of payloads held in memory, at the most, give or take one read. */
  bufferBytes?: number;
  /** Rows unconfirmed at the broker, at the most. */
  unconfirmedMax?: number;
  /** The first wait before a row nobody took is tried again; it doubles up to half a minute. */
  untakenRetryMs?: number;
  /** A broker that answers nothing for this long is told of. */
  unansweredMs?: number;
  /** Called at the places it names; tests end or halt the process there. */
  faultPoint?: (name: 'after-read-before-publish' | 'after-confirm-before-mark') => void;
}

export type RelayNotice =
  | { kind: 'leading'; epoch: string }
  | { kind: 'standby' }
  | { kind: 'paused'; cause: PauseCause; reason: string }
  | { kind: 'resumed'; cause: PauseCause }
  | { kind: 'parked'; position: string; reason: string };

export interface RelayReport {
  leading: boolean;
  epoch?: string;
  /** Every standing reason, by its cause; empty while rows flow. */
  paused: Record<string, string>;
  /** Since the process started. */
  published: number;
  inMemory: number;
  inMemoryBytes: number;
  unconfirmed: number;
}

const BUFFER_ROWS = 20_000;
const BUFFER_BYTES = 64_000_000;
const UNCONFIRMED_MAX = 2_000;
const UNTAKEN_RETRY_MS = 1_000;
const UNANSWERED_MS = 30_000;
const BUSY_MS = 25;
const IDLE_MS = 250;
/** Between looks that were asked for by what was heard: with many commits a second one look finds several. */
const HEARD_GAP_MS = 10;
const RETRY_MS = 1_000;
const STOP_DEADLINE_MS = 10_000;

/**
 * Carries committed rows to the broker, in order per key, each at least once, from one leader at a time.
 * Three things run at once: the next rows are read, the ones before are being confirmed, and the ones before those
 * are marked. The lease fences reading and sending; marking needs no fence, since a row is marked only by who holds
 * the broker's confirm for it.
 */
export class Relay {
  private readonly queues = new KeyQueues();
  private readonly pauses = new Pauses((cause, reason) => this.tellPause(cause, reason));
  private readonly readAhead: ReadAhead;
  private readonly sender: Sender;
  private readonly marker: Marker;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly doze = new Doze();
  private idleMs = BUSY_MS;
  private lookedAt = -Infinity;
  /** Since the last look. */
  private heard = false;
  private published = 0;
  private epoch?: string;

  /** @throws RangeError for a source no reader of events would accept */
  constructor(private readonly options: RelayOptions) {
    const { exchange, publisher, reader, source } = options;
    requireSource(source);
    this.readAhead = new ReadAhead(reader, this.queues);
    this.marker = this.createMarker();
    this.sender = new Sender({
      queues: this.queues,
      publisher,
      pauses: this.pauses,
      exchange,
      source,
      unconfirmedMax: options.unconfirmedMax ?? UNCONFIRMED_MAX,
      untakenRetryMs: options.untakenRetryMs ?? UNTAKEN_RETRY_MS,
      unansweredMs: options.unansweredMs ?? UNANSWERED_MS,
      isLeading: () => this.isLeading(),
      epoch: () => this.epoch,
      onConfirmed: (row) => {
        this.published += 1;
        this.marker.add(row.position);
      },
      onPoison: () => this.wake(),
    });
    publisher.on('paused', (reason) => this.brokerPaused(reason));
    publisher.on('ready', () => this.brokerReady());
  }

  start(): void {
    if (this.options.publisher.state !== 'open') this.brokerPaused('the broker is away: not connected yet');
    this.running = Promise.all([this.lead(), this.pump()]).then(() => undefined);
  }

  /** Sends nothing more, waits for the confirms under way, marks them, and gives up the lease. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.sender.stop(STOP_DEADLINE_MS);
    await this.running;
    await this.marker.flush();
    await this.options.lease.giveUp().catch(() => undefined);
  }

  /** Looks for rows at once: whoever has just committed some need not wait for the next poll. */
  wake(): void {
    this.idleMs = BUSY_MS;
    this.doze.wake();
  }

  /** Rows were committed elsewhere: the next look is at once, or soon after one that has just been made; not while paused. */
  hear(): void {
    if (this.heard || this.pauses.any || !this.isLeading()) return;
    this.heard = true;
    this.wake();
  }

  /** Nothing is sent before `resume` with the same cause: for reasons the relay cannot see itself. */
  pause(cause: PauseCause, reason: string): void {
    this.pauses.set(cause, reason);
  }

  resume(cause: PauseCause): void {
    this.pauses.lift(cause);
    this.wake();
  }

  report(): RelayReport {
    const leading = this.isLeading();
    return {
      leading,
      epoch: leading ? this.epoch : undefined,
      paused: Object.fromEntries(this.pauses.reasons),
      published: this.published,
      inMemory: this.queues.size,
      inMemoryBytes: this.queues.bytes,
      unconfirmed: this.sender.unconfirmed,
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
      await delay(lease.renewEveryMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** A new epoch starts from nothing: somebody else may have led in between. */
  private noticeLeadership(epoch: string | undefined): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.sender.forgetWaiting();
    this.readAhead.reset();
    this.options.onNotice?.(epoch ? { kind: 'leading', epoch } : { kind: 'standby' });
    this.wake();
  }

  /** False as soon as the lease has run out by our own clock, whether anybody has noticed or not. */
  private isLeading(): boolean {
    return this.epoch !== undefined && this.options.lease.epoch === this.epoch;
  }

  private async pump(): Promise<void> {
    while (!this.stopped) {
      const waitMs = await this.turn();
      if (waitMs > 0 && !this.stopped) await this.doze.wait(waitMs);
      const earlyMs = this.lookedAt + HEARD_GAP_MS - performance.now();
      if (this.heard && earlyMs > 0 && !this.stopped) await this.doze.wait(Math.ceil(earlyMs));
      this.heard = false;
    }
  }

  /** @returns how long to wait for the next turn, unless woken */
  private async turn(): Promise<number> {
    this.sender.tick();
    if (!this.isLeading()) return IDLE_MS;
    const { epoch } = this;
    try {
      await this.parkPoisoned();
      this.lookedAt = performance.now();
      if (!this.mayRead()) return BUSY_MS;
      const { found, isCut } = await this.readAhead.read(() => this.isLeading() && this.epoch === epoch);
      this.pauses.lift('reading');
      if (found > 0) this.options.faultPoint?.('after-read-before-publish');
      this.sender.send();
      return this.pace(found, isCut);
    } catch (error) {
      this.readAhead.reset();
      this.pauses.set('reading', `the outbox cannot be read: ${(error as Error).message}`);
      return RETRY_MS;
    }
  }

  private pace(found: number, isCut: boolean): number {
    if (isCut) return 0;
    this.idleMs = found > 0 || this.queues.size > 0 ? BUSY_MS : Math.min(this.idleMs * 2, IDLE_MS);
    return this.idleMs;
  }

  /** Not while something else than reading fails, not beyond the buffer, and not while there is plenty to send. */
  private mayRead(): boolean {
    const { bufferRows = BUFFER_ROWS, bufferBytes = BUFFER_BYTES, unconfirmedMax = UNCONFIRMED_MAX } = this.options;
    if (this.pauses.anyBut('reading')) return false;
    const { bytes, sendable, size } = this.queues;
    return size < bufferRows && bytes < bufferBytes && sendable < 2 * unconfirmedMax;
  }

  private async parkPoisoned(): Promise<void> {
    const { poisoned } = this.sender;
    for (let next = poisoned[0]; next; next = poisoned[0]) {
      const isParked = await this.readAhead.park(next.row, next.reason);
      if (poisoned[0] === next) poisoned.shift();
      if (isParked) this.options.onNotice?.({ kind: 'parked', position: next.row.position, reason: next.reason });
    }
  }

  private createMarker(): Marker {
    return new Marker(this.options.reader, this.stopping.signal, {
      marking: () => this.options.faultPoint?.('after-confirm-before-mark'),
      marked: (positions) => {
        this.pauses.lift('marking');
        this.queues.forget(positions);
      },
      failed: (error) => this.pauses.set('marking', `published rows cannot be marked: ${error.message}`),
    });
  }

  private brokerPaused(reason: string): void {
    const isBlocked = this.options.publisher.state === 'blocked';
    this.pauses.lift(isBlocked ? 'broker-away' : 'broker-blocked');
    this.pauses.set(isBlocked ? 'broker-blocked' : 'broker-away', reason);
  }

  private brokerReady(): void {
    if (this.options.publisher.state !== 'open') return;
    this.pauses.lift('broker-away');
    this.pauses.lift('broker-blocked');
    this.wake();
    this.sender.send();
  }

  private tellPause(cause: PauseCause, reason: string | undefined): void {
    this.options.onNotice?.(reason === undefined ? { kind: 'resumed', cause } : { kind: 'paused', cause, reason });
  }
}
