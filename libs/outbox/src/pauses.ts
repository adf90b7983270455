/** What the relay sees itself, and what it says; others are the app's own. */
export const PAUSE_CAUSES = {
  'broker-away': 'no connection to the broker',
  'broker-blocked': 'the broker takes nothing: memory or disk alarm',
  unroutable: 'no queue is bound for a row',
  'queue-full': 'a queue refuses a row',
  unanswered: 'the broker confirms nothing',
  reading: 'the outbox cannot be read',
  marking: 'published rows cannot be marked',
} as const;

export type PauseCause = keyof typeof PAUSE_CAUSES | (string & {});

/** Nothing is sent while a reason stands; each is lifted by whoever set it, and none lifts another. */
export class Pauses {
  private readonly standing = new Map<PauseCause, string>();

  /** @param tell once per change; without a reason when it was lifted */
  constructor(private readonly tell: (cause: PauseCause, reason?: string) => void) {}

  get reasons(): ReadonlyMap<PauseCause, string> {
    return this.standing;
  }

  get any(): boolean {
    return this.standing.size > 0;
  }

  /** Whether a reason other than this one stands. */
  anyBut(cause: PauseCause): boolean {
    return this.standing.size > (this.standing.has(cause) ? 1 : 0);
  }

  set(cause: PauseCause, reason: string): void {
    if (this.standing.get(cause) === reason) return;
    this.standing.set(cause, reason);
    this.tell(cause, reason);
  }

  lift(cause: PauseCause): void {
    if (this.standing.delete(cause)) this.tell(cause);
  }
}
