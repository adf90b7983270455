import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from './clock.js';
import type { HttpEnvironment } from './http-environment.js';
import type { Middleware } from './http-headers.js';
import { Problem } from './problem.js';

const CALLERS_KEPT = 10_000;

/**
 * So many requests a second of each caller, and a burst after a silence. A caller is a token that was accepted here
 * before; everybody else, forged tokens included, is their address. So nobody spends another's share, and inventing
 * tokens buys nothing.
 */
export function rateLimit(limits: HttpEnvironment, clock: Clock, onRefused: () => void): Middleware {
  const buckets = new TokenBuckets(limits.HTTP_REQUESTS_PER_SECOND, limits.HTTP_REQUEST_BURST, clock);
  return (request: IncomingMessage & { ip?: string }, response, next) => {
    const token = tokenKeyOf(request);
    const key = token !== undefined && buckets.has(token) ? token : (request.ip ?? 'nobody');
    const waitMs = buckets.take(key);
    if (waitMs > 0) {
      onRefused();
      response.setHeader('retry-after', Math.ceil(waitMs / 1_000));
      return next(tooMany());
    }
    if (token !== undefined) {
      response.once('finish', () => {
        if (response.statusCode === 401) buckets.forget(token);
        else if (response.statusCode < 300) buckets.open(token);
      });
    }
    next();
  };
}

function tooMany(): Problem {
  const detail = 'More requests than one caller may make; come back after the seconds of Retry-After.';
  return new Problem({ type: 'too-many-requests', status: 429, detail });
}

/** Never the token itself: what is kept in memory must open nothing. */
function tokenKeyOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  return authorization && createHash('sha256').update(authorization).digest('base64');
}

/** The caller unseen for longest is forgotten first, which gives that one a full bucket again. */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly clock: Clock,
  ) {}

  /** @returns 0, or the milliseconds until there is something to take */
  take(key: string): number {
    const atMs = this.clock.monotonicMs();
    const kept = this.buckets.get(key) ?? { tokens: this.burst, atMs };
    const tokens = Math.min(this.burst, kept.tokens + ((atMs - kept.atMs) * this.perSecond) / 1_000);
    const left = tokens < 1 ? tokens : tokens - 1;
    this.buckets.delete(key);
    this.buckets.set(key, { tokens: left, atMs });
    if (this.buckets.size > CALLERS_KEPT) this.forget(this.buckets.keys().next().value!);
    return tokens < 1 ? Math.ceil(((1 - tokens) / this.perSecond) * 1_000) : 0;
  }

  has(key: string): boolean {
    return this.buckets.has(key);
  }

  open(key: string): void {
    if (!this.buckets.has(key)) this.buckets.set(key, { tokens: this.burst, atMs: this.clock.monotonicMs() });
  }

  forget(key: string): void {
    this.buckets.delete(key);
  }
}
