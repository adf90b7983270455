import type { Clock } from '#libs/runtime';

const SLICES_PER_SECOND = 20;
const SLICE_ROWS_MAX = 100;

/** Lets so many rows through a second and no more, however long it stood still in between. */
export class WalkPace {
  private freeAt = -Infinity;

  /** @param rowsPerSecond asked before each slice: it falls while others are in need */
  constructor(
    private readonly clock: Clock,
    private readonly rowsPerSecond: () => number,
  ) {}

  /** Rows to send at once: few enough that what comes in between waits for a twentieth of a second at the most. */
  get sliceRows(): number {
    return Math.max(1, Math.min(SLICE_ROWS_MAX, Math.ceil(this.rowsPerSecond() / SLICES_PER_SECOND)));
  }

  /** Resolves when these rows may go, or when the signal aborts. */
  async let(rows: number, signal: AbortSignal): Promise<void> {
    const now = this.clock.monotonicMs();
    const startsAt = Math.max(now, this.freeAt);
    this.freeAt = startsAt + (rows / this.rowsPerSecond()) * 1_000;
    if (startsAt > now) await this.clock.sleep(startsAt - now, signal);
  }
}
