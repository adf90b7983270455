/**
 * Why nothing is sent. `broker-away`, `broker-blocked`: as the publisher says. `unroutable`: no queue is bound for a row.
 * `queue-full`: a queue refuses. `unanswered`: the broker confirms nothing. `reading`, `marking`: the database fails.
 * Others are the app's own.
 */
export type PauseCause = string;

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
