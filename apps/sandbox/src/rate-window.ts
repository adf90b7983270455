import { Clock } from '#libs/runtime';

export interface RateState {
  allowed: boolean;
  remaining: number;
  /** Epoch second at which the window begins anew. */
  resetS: number;
}

const WINDOW_MS = 60_000;

/** A minute that begins with the first call in it; partners that limit at all mostly count like this. */
export class RateWindow {
  private startedMs = Number.NEGATIVE_INFINITY;
  private used = 0;

  constructor(private readonly clock: Clock) {}

  take(perMinute: number): RateState {
    const nowMs = this.clock.now().getTime();
    if (nowMs - this.startedMs >= WINDOW_MS) {
      this.startedMs = nowMs;
      this.used = 0;
    }
    const allowed = this.used < perMinute;
    if (allowed) this.used++;
    return {
      allowed,
      remaining: Math.max(0, perMinute - this.used),
      resetS: Math.ceil((this.startedMs + WINDOW_MS) / 1000),
    };
  }
}
