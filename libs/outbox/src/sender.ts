import { setTimeout as delay } from 'node:timers/promises';
import type { EventPublisher, OutgoingEvent, PublishAnswer } from './event-publisher.js';
import type { KeyQueues } from './key-queues.js';
import type { OutboxRow } from './outbox-row.js';
import type { Pauses } from './pauses.js';
import { rowToEvent } from './row-to-event.js';
import { UntakenRow } from './untaken-row.js';

export interface SenderOptions {
  queues: KeyQueues;
  publisher: EventPublisher;
  pauses: Pauses;
  exchange: string;
  source: string;
  /** Rows unconfirmed at the broker, at the most. */
  unconfirmedMax: number;
  untakenRetryMs: number;
  unansweredMs: number;
  /** Whether the lease holds at this instant; asked before each row. */
  isLeading(): boolean;
  /** The epoch that what is in memory belongs to. */
  epoch(): string | undefined;
  onConfirmed(row: OutboxRow): void;
  onPoison(): void;
}

export interface PoisonedRow {
  row: OutboxRow;
  reason: string;
}

const UNCONFIRMED_MAX_BYTES = 16_000_000;
/**
 * Full, the window is refilled in one go when a quarter of it is free: a write to the socket then carries hundreds of
 * rows and not a few, which spares both sides more than any other step.
 */
const REFILL_BELOW = 0.75;

/** Sends one row per key at a time, and does with the broker's answer what order demands. */
export class Sender {
  private readonly untaken: UntakenRow;
  private readonly stopping = new AbortController();
  private bytesOut = 0;
  private answeredAt = 0;
  private out = 0;
  /** Rows that can never travel; they stay under way, so that nothing of their key is sent before they are parked. */
  readonly poisoned: PoisonedRow[] = [];

  constructor(private readonly options: SenderOptions) {
    this.untaken = new UntakenRow(options.pauses, options.untakenRetryMs);
  }

  /** Rows at the broker that it has not answered for. */
  get unconfirmed(): number {
    return this.out;
  }

  /** As many rows as may go now. */
  send(): void {
    while (this.maySend()) {
      const row = this.options.queues.next();
      if (!row) return;
      this.sendRow(row);
    }
  }

  /** What time brings: the row nobody took is tried again, and a broker that answers nothing is told of. */
  tick(): void {
    this.tellUnanswered();
    const { pauses, publisher } = this.options;
    if (publisher.state !== 'open' || !this.options.isLeading() || pauses.anyBut(this.untaken.cause)) return;
    const row = this.stopping.signal.aborted ? undefined : this.untaken.due(performance.now());
    if (row) this.sendRow(row);
  }

  /** Nothing that waited belongs to us any more. What is at the broker is still awaited, and marked when confirmed. */
  forgetWaiting(): void {
    const { queues } = this.options;
    for (const { row } of this.poisoned.splice(0)) queues.letGo(row);
    const untaken = this.untaken.end();
    if (untaken) queues.letGo(untaken);
    queues.dropWaiting();
  }

  /** Sends nothing more and waits for the answers under way while the broker is there, `withinMs` at the most. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort();
    const giveUpAt = performance.now() + withinMs;
    while (this.out > 0 && this.options.publisher.state === 'open' && performance.now() < giveUpAt) await delay(5);
  }

  private maySend(): boolean {
    const { pauses, publisher, unconfirmedMax } = this.options;
    return (
      this.out < unconfirmedMax &&
      this.bytesOut < UNCONFIRMED_MAX_BYTES &&
      !this.stopping.signal.aborted &&
      !pauses.any &&
      publisher.state === 'open' &&
      this.options.isLeading()
    );
  }

  private sendRow(row: OutboxRow): void {
    const reading = rowToEvent(row, this.options.exchange, this.options.source);
    if (reading.kind === 'poison') this.poison(row, reading.reason);
    else this.sendEvent(row, reading.event);
  }

  private sendEvent(row: OutboxRow, event: OutgoingEvent): void {
    const epoch = this.options.epoch();
    const bytes = event.content.length;
    if (this.out === 0) this.answeredAt = performance.now();
    this.count(1, bytes);
    try {
      this.options.publisher.send(event, (answer) => {
        this.count(-1, -bytes);
        this.settle(row, answer, epoch);
      });
    } catch (error) {
      this.count(-1, -bytes);
      this.poison(row, `no broker can carry it: ${(error as Error).message}`);
    }
  }

  private count(rows: number, bytes: number): void {
    this.out += rows;
    this.bytesOut += bytes;
  }

  private settle(row: OutboxRow, answer: PublishAnswer, epoch: string | undefined): void {
    this.answeredAt = performance.now();
    this.options.pauses.lift('unanswered');
    if (answer === 'confirmed') this.confirmed(row);
    else if (epoch !== this.options.epoch()) this.options.queues.letGo(row);
    else if (answer instanceof Error) this.unknown(row);
    else this.nobodyTook(row, answer);
    if (this.out <= this.options.unconfirmedMax * REFILL_BELOW) this.send();
  }

  private confirmed(row: OutboxRow): void {
    this.options.queues.done(row);
    this.options.onConfirmed(row);
    if (this.untaken.is(row)) this.untaken.end();
  }

  /** The broker may have it or not: it goes again, first of its key and with the same id. */
  private unknown(row: OutboxRow): void {
    if (this.untaken.is(row)) this.untaken.again();
    else this.options.queues.putBack(row);
  }

  private nobodyTook(row: OutboxRow, answer: 'returned' | 'refused'): void {
    if (!this.untaken.take(row, answer, performance.now())) this.options.queues.putBack(row);
  }

  private poison(row: OutboxRow, reason: string): void {
    this.poisoned.push({ row, reason });
    this.options.onPoison();
  }

  /** A queue that has lost its majority takes messages and confirms none: nothing is lost, and somebody must know. */
  private tellUnanswered(): void {
    const { pauses, publisher, unansweredMs } = this.options;
    if (this.out === 0 || performance.now() - this.answeredAt < unansweredMs || publisher.state !== 'open') return;
    const seconds = Math.round(unansweredMs / 1_000);
    pauses.set('unanswered', `the broker has confirmed none of ${this.out} messages for ${seconds} s`);
  }
}
