import { randomBytes } from 'node:crypto';
import type { Clock } from '#libs/runtime';

interface Token {
  account: string;
  issuedAtMs: number;
  livesMs: number;
}

/** Access tokens that were given out. A login ends none of those before it: each lives to its own end. */
export class Tokens {
  private readonly tokens = new Map<string, Token>();

  constructor(private readonly clock: Clock) {}

  issue(account: string, livesS: number): string {
    const token = randomBytes(32).toString('base64url');
    this.tokens.set(token, { account, issuedAtMs: this.clock.monotonicMs(), livesMs: livesS * 1000 });
    return token;
  }

  /** Whose it is, or was. */
  accountOf(token: string): string | undefined {
    return this.tokens.get(token)?.account;
  }

  /** @param atMostS ends it earlier than its login said. */
  isLiving(token: string, atMostS = Infinity): boolean {
    const known = this.tokens.get(token);
    if (!known) return false;
    return this.clock.monotonicMs() - known.issuedAtMs < Math.min(known.livesMs, atMostS * 1000);
  }

  clear(): void {
    this.tokens.clear();
  }
}
