import type { OutboxRow } from './outbox-row.js';
import type { Pauses } from './pauses.js';

const RETRY_MAX_MS = 30_000;

/**
 * The row nobody took, and the pause it means. It stays first of its key and everything waits: a return means that the
 * topology is broken, not the row, since the audit takes every type; parking each key would only turn one repair into
 * thousands. It goes alone after 1, 2, 4 … 30 seconds, until somebody takes it.
 */
export class UntakenRow {
  private row?: OutboxRow;
  private tries = 0;
  private dueAt = Infinity;
  cause: 'unroutable' | 'queue-full' = 'unroutable';

  constructor(
    private readonly pauses: Pauses,
    private readonly firstRetryMs: number,
  ) {}

  is(row: OutboxRow): boolean {
    return this.row === row;
  }

  /** @returns false when another row goes already; this one then waits like the rest */
  take(row: OutboxRow, answer: 'returned' | 'refused', now: number): boolean {
    if (this.row !== undefined && this.row !== row) return false;
    this.row = row;
    this.dueAt = now + Math.min(this.firstRetryMs * 2 ** this.tries, RETRY_MAX_MS);
    this.tries += 1;
    const former = this.cause;
    this.cause = answer === 'returned' ? 'unroutable' : 'queue-full';
    this.pauses.set(this.cause, this.explain(row));
    if (former !== this.cause) this.pauses.lift(former);
    return true;
  }

  /** The row, once its wait is over; it is at the broker from then on. */
  due(now: number): OutboxRow | undefined {
    if (now < this.dueAt) return undefined;
    this.dueAt = Infinity;
    return this.row;
  }

  /** Its answer was lost: it is due at once. */
  again(): void {
    this.dueAt = 0;
  }

  /** Taken, or no longer ours. @returns the row, unless it is at the broker just now */
  end(): OutboxRow | undefined {
    const waiting = this.dueAt === Infinity ? undefined : this.row;
    this.row = undefined;
    this.tries = 0;
    this.dueAt = Infinity;
    this.pauses.lift(this.cause);
    return waiting;
  }

  private explain({ type }: OutboxRow): string {
    if (this.cause === 'unroutable') return `no queue is bound for ${type}: start the audit, or bind one`;
    return `a queue that takes ${type} is full and refuses`;
  }
}
