import type { Clock } from '#libs/runtime';
import { PartnerUnavailable } from './partner-unavailable.js';
import type { Stage } from './stage.js';

/**
 * Calls wait their turn, first come first served, for at most half of their deadline: a call let through with no time
 * left would end as one whose effect nobody knows. Who would wait longer is told at once when to come back.
 *
 * Of this process alone: with n replicas the settings give each its n-th part, and the partner's own 429 pauses all.
 */
export function withRateLimit(requestsPerMinute: number, clock: Clock): Stage {
  const bucket = new TokenBucket(requestsPerMinute);
  return (next) => async (call) => {
    const { taken, waitMs } = bucket.take(clock.monotonicMs(), call.deadlineMs / 2);
    if (!taken) {
      const retryAt = new Date(clock.now().getTime() + waitMs);
      throw new PartnerUnavailable('own-rate-limit', { sent: 'never', retryAt });
    }
    if (waitMs > 0) await clock.sleep(waitMs, call.signal);
    return next(call);
  };
}

/**
 * Never more than `perMinute` in any 60 s, wherever a partner lets its minute begin: a tenth may go in a burst, the
 * rest comes evenly spaced.
 *   perMinute  burst  then one every
 *          60      6        1.09 s
 *           5      1       12    s
 * Our own, because it is one subtraction on the monotonic clock; a limiter that counts fixed windows lets twice the
 * limit through around the boundary of two.
 */
export class TokenBucket {
  private readonly spacingMs: number;
  private readonly burstMs: number;
  /** When the bucket will be full again; each token taken moves it one spacing on. */
  private fullAtMs = -Infinity;

  constructor(perMinute: number) {
    const burst = Math.max(1, Math.floor(perMinute / 10));
    this.spacingMs = 60_000 / (perMinute - burst + 1);
    this.burstMs = (burst - 1) * this.spacingMs;
  }

  /** @returns how long to wait; nothing is taken when that is longer than `patienceMs` */
  take(nowMs: number, patienceMs: number): { taken: boolean; waitMs: number } {
    const fullAtMs = Math.max(this.fullAtMs, nowMs);
    const waitMs = Math.max(fullAtMs - this.burstMs - nowMs, 0);
    const taken = waitMs <= patienceMs;
    if (taken) this.fullAtMs = fullAtMs + this.spacingMs;
    return { taken, waitMs };
  }
}
