import { Logger } from '@nestjs/common';
import { maskWords, type Clock } from '#libs/runtime';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * What keeps results from being written just now, and how long to wait before they are tried again: 1, 2, 4 … 30 s.
 * Said once per reason, however often it is met.
 */
export class InboxTrouble {
  private readonly log = new Logger('Inbox');
  private readonly stopping = new AbortController();
  private waitMs = FIRST_WAIT_MS;
  private standing?: string;

  constructor(private readonly clock: Clock) {}

  /** In words; undefined while results are written. */
  get reason(): string | undefined {
    return this.standing;
  }

  /** Resolves when it is time to try again, or at once when the app is to end. */
  async wait(error: unknown): Promise<void> {
    const reason = maskWords(error instanceof Error ? error.message || error.name : String(error));
    if (reason !== this.standing) this.log.warn({ event: 'inbox.waiting', reason });
    this.standing = reason;
    await this.clock.sleep(this.waitMs, this.stopping.signal);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  over(): void {
    if (this.standing === undefined) return;
    this.log.log({ event: 'inbox.going-on', after: this.standing });
    this.standing = undefined;
    this.waitMs = FIRST_WAIT_MS;
  }

  stop(): void {
    this.stopping.abort();
  }
}
