import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import type { EventPublisher, OutboxReader, Relay } from '#libs/outbox';
import type { Clock } from '#libs/runtime';
import type { Backfill } from './backfill.js';
import type { BackfillBook } from './backfill-book.js';
import { ConfirmedSend, WalkLeft } from './confirmed-send.js';
import { ExportView, ViewUnfit } from './export-view.js';
import { Walk } from './walk.js';
import { WalkPace } from './walk-pace.js';

export interface BackfillWalkerParts {
  book: BackfillBook;
  erp: Pool;
  outbox: OutboxReader;
  relay: Relay;
  publisher: EventPublisher;
  clock: Clock;
  rowsPerSecond: number;
}

const LOOK_EVERY_MS = 1_000;
const RETRY_MS = 1_000;
/** With more rows of the live stream in memory than these, it is behind, and walks make way. */
const LIVE_BACKLOG_ROWS = 500;
const SLOWED_BY = 20;

/** Walks what was asked for, one after the other, in the process that leads the relay and nowhere else. */
export class BackfillWalker {
  private readonly log = new Logger('Backfill');
  private readonly stopping = new AbortController();
  private readonly sending: ConfirmedSend;
  private readonly pace: WalkPace;
  private looking = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private current?: Backfill;
  private waitsFor?: string;
  private troubledBy?: string;
  /** Snapshots the broker has confirmed to this process. */
  published = 0;

  constructor(private readonly parts: BackfillWalkerParts) {
    const { clock, publisher, relay } = parts;
    this.pace = new WalkPace(clock, () => this.rowsPerSecond());
    this.sending = new ConfirmedSend({
      publisher,
      clock,
      mayLead: () => relay.report().leading,
      heldBy: () => Object.values(relay.report().paused)[0],
      onWait: (reason) => this.tellWait(reason),
    });
  }

  start(): void {
    this.running = this.live();
  }

  /** What is at the broker just now is left to whoever walks on: it repeats it under the same ids. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.looking.abort();
    await this.running;
  }

  /** Something was asked for: it need not wait for the next look. */
  wake(): void {
    this.looking.abort();
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const waitMs = await this.turn();
      this.looking = new AbortController();
      if (waitMs > 0 && !signal.aborted) await this.parts.clock.sleep(waitMs, this.looking.signal);
    }
  }

  /** @returns how long to wait before the next look; what fails here is tried again, from where it was stored */
  private async turn(): Promise<number> {
    if (!this.parts.relay.report().leading) return LOOK_EVERY_MS;
    try {
      const next = await this.parts.book.next();
      if (next) await this.walk(next);
      this.troubledBy = undefined;
      return next ? 0 : LOOK_EVERY_MS;
    } catch (error) {
      this.tellTrouble((error as Error).message);
      return RETRY_MS;
    }
  }

  private async walk(backfill: Backfill): Promise<void> {
    const { aggregate, company, id } = backfill;
    const began = backfill.startedAt ? 'resumed' : 'started';
    if (this.current?.id !== id) this.log.log({ event: `backfill.${began}`, id, aggregate, company });
    this.current = backfill;
    try {
      const { rows, skipped } = await this.walkOf(backfill).run(backfill, this.stopping.signal);
      this.log.log({ event: 'backfill.finished', id, aggregate, company, rows, skipped });
    } catch (error) {
      if (error instanceof ViewUnfit) await this.fail(backfill, error.message);
      else if (error instanceof WalkLeft) this.log.log({ event: 'backfill.left', id, reason: error.message });
      else throw error;
    }
    this.current = undefined;
    this.waitsFor = undefined;
  }

  private walkOf({ aggregate }: Backfill): Walk {
    const { book, clock, erp, outbox } = this.parts;
    const { pace, sending } = this;
    const onSnapshots = (count: number) => (this.published += count);
    return new Walk({ book, clock, outbox, pace, sending, onSnapshots, view: new ExportView(erp, aggregate) });
  }

  private async fail({ aggregate, company, id }: Backfill, reason: string): Promise<void> {
    await this.parts.book.fail(id, reason);
    this.log.warn({ event: 'backfill.failed', id, aggregate, company, reason });
  }

  private rowsPerSecond(): number {
    const { relay, rowsPerSecond } = this.parts;
    return relay.report().inMemory > LIVE_BACKLOG_ROWS ? Math.max(1, rowsPerSecond / SLOWED_BY) : rowsPerSecond;
  }

  /** Stored with the backfill, where whoever asks how far it is finds it; that it cannot be stored harms nothing. */
  private tellWait(reason?: string): void {
    if (reason === this.waitsFor || !this.current) return;
    this.waitsFor = reason;
    const { id } = this.current;
    if (reason) this.log.warn({ event: 'backfill.waits', id, reason });
    else this.log.log({ event: 'backfill.goes-on', id });
    this.parts.book.note(id, reason).catch(() => undefined);
  }

  private tellTrouble(reason: string): void {
    if (reason === this.troubledBy) return;
    this.troubledBy = reason;
    this.log.warn({ event: 'backfill.interrupted', id: this.current?.id, reason });
  }
}
