import type { Clock } from '#libs/runtime';

/** Lets `ratePerSecond` movements pass, counted from the start, so a slow batch is caught up. No rate: as fast as it goes. */
export class Pace {
  private readonly startedMs: number;
  private passed = 0;

  constructor(
    private readonly clock: Clock,
    private readonly ratePerSecond: number | undefined,
  ) {
    this.startedMs = clock.monotonicMs();
  }

  /** How many go into one transaction: a paced run moves at least ten times a second. */
  get batchSize(): number {
    return Math.min(MAX_BATCH, Math.max(1, Math.floor((this.ratePerSecond ?? Infinity) / 10)));
  }

  async after(movements: number): Promise<void> {
    this.passed += movements;
    if (this.ratePerSecond === undefined) return;
    const dueMs = (this.passed / this.ratePerSecond) * 1000;
    const aheadMs = dueMs - (this.clock.monotonicMs() - this.startedMs);
    if (aheadMs > 0) await this.clock.sleep(aheadMs);
  }

  /** What was done, and how fast. */
  report(): BulkReport {
    const tookMs = Math.max(1, Math.round(this.clock.monotonicMs() - this.startedMs));
    return { events: this.passed, tookMs, perSecond: Math.round((this.passed / tookMs) * 1000) };
  }
}

export interface BulkReport {
  events: number;
  tookMs: number;
  perSecond: number;
}

/** Bounded, so a bulk run never holds more locks, or more memory, than this many titles. */
const MAX_BATCH = 500;
