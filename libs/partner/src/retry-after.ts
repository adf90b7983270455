/**
 * The longest wait believed. Whoever still limits us after it answers 429 again, which costs one call an hour;
 * a wrong year in a header would silence an integration for good.
 */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * `Retry-After` (RFC 9110 10.2.3: seconds or an HTTP date), on our clock.
 * @returns undefined when absent or unreadable; `now` when it lies in the past; at most an hour after `now`
 */
export function readRetryAfter(headers: Record<string, string>, now: Date): Date | undefined {
  const value = headers['retry-after']?.trim();
  if (!value) return undefined;
  const atMs = /^\d+(\.\d+)?$/.test(value) ? now.getTime() + Number(value) * 1000 : parseHttpDate(value);
  return Number.isNaN(atMs) ? undefined : believable(atMs, now);
}

/** `Date.parse` also reads `-5` and `120 sec` as dates: only what begins with a day of the week is one here. */
function parseHttpDate(value: string): number {
  return /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(value) ? Date.parse(value) : NaN;
}

export interface RateLimitWindow {
  remaining?: number;
  /** The partner's clock: compare with care. */
  resetAt?: Date;
}

/** `X-RateLimit-Remaining` (calls) and `X-RateLimit-Reset` (epoch seconds); what is absent or unreadable is left out. */
export function readRateLimit(headers: Record<string, string>): RateLimitWindow {
  const remaining = readNumber(headers['x-ratelimit-remaining']);
  const resetSeconds = readNumber(headers['x-ratelimit-reset']);
  const resetAt = new Date((resetSeconds ?? NaN) * 1000);
  return {
    ...(remaining !== undefined && { remaining }),
    ...(!Number.isNaN(resetAt.getTime()) && { resetAt }),
  };
}

/** When to come back after a 429: `Retry-After`, else the end of the exhausted window, else unknown. */
export function readComeBackAt(headers: Record<string, string>, now: Date): Date | undefined {
  const asked = readRetryAfter(headers, now);
  if (asked) return asked;
  const { resetAt } = readRateLimit(headers);
  return resetAt && believable(resetAt.getTime(), now);
}

/** Until when an answer that was still taken says that no further call will be; undefined while calls are left. */
export function readExhaustedUntil(headers: Record<string, string>, now: Date): Date | undefined {
  const { remaining, resetAt } = readRateLimit(headers);
  if (remaining !== 0 || !resetAt || resetAt <= now) return undefined;
  return believable(resetAt.getTime(), now);
}

function believable(atMs: number, now: Date): Date {
  return new Date(Math.min(Math.max(atMs, now.getTime()), now.getTime() + LONGEST_RETRY_AFTER_MS));
}

function readNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*\d+\s*$/.test(value) ? Number(value) : undefined;
}
