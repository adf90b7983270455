import { isBefore } from './outbox-row.js';

/** Which transactions are over: all numbered below `xmin` are, and none from `xmax` on has begun. */
export interface Snapshot {
  xmin: bigint;
  xmax: bigint;
}

/** Below every position; for the database alone, since positions are compared as the digits they are. */
export const BOTTOM = '-1';

/** More open steps than these are of no use: the last is moved instead. */
const STEPS_MAX = 8;

/**
 * How far down a read must look. Positions are drawn before they commit, so a row may show below others that were read
 * long ago; reading on from the highest one seen skips it, or takes a later row of its key first.
 *
 * The floor rises only to positions under which nothing can show any more: a row at or below `p` was written by a
 * transaction that had begun when `p` was seen, provided that it held its aggregate's lock before it drew its position
 * (the rule of the outbox), and all of those are over once `xmin` has passed the `xmax` of that moment. A read above the
 * floor then passes over the thousands that are being published, and over their dead index entries. Writers who break
 * the rule are found by a sweep from the bottom now and then.
 */
export class ReadFloor {
  private floor?: string;
  /** Positions it may rise to, rising, each with the number from which on no transaction had begun when it was seen. */
  private steps: { position: string; begunBefore?: bigint }[] = [];
  private risesTo?: string;

  /** Where a read begins. */
  get position(): string {
    return this.floor ?? BOTTOM;
  }

  isBelow(position: string): boolean {
    return this.floor === undefined || isBefore(this.floor, position);
  }

  /** Whether a snapshot before the next read would bring it on. */
  get awaitsSnapshot(): boolean {
    return this.steps.length > 0;
  }

  /** A snapshot taken before a read. The read that follows still looks down to the old floor. */
  beforeRead({ xmin, xmax }: Snapshot): void {
    for (const step of this.steps) step.begunBefore ??= xmax;
    this.risesTo = this.steps.findLast((step) => step.begunBefore! <= xmin)?.position;
  }

  /** @param highest the last position of a read that began at the floor; every open row up to it is known now */
  afterRead(highest: string | undefined): void {
    if (this.risesTo !== undefined) {
      this.floor = this.risesTo;
      this.steps = this.steps.filter(({ position }) => this.isBelow(position));
      this.risesTo = undefined;
    }
    if (highest === undefined || !this.isBelow(highest)) return;
    const last = this.steps.at(-1);
    if (last && !isBefore(last.position, highest)) return;
    if (this.steps.length === STEPS_MAX) this.steps.pop();
    this.steps.push({ position: highest });
  }

  reset(): void {
    this.floor = undefined;
    this.steps = [];
    this.risesTo = undefined;
  }
}
