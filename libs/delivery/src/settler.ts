import { CommitUnknown, faultPoint, type Clock } from '#libs/runtime';
import { anyWaiters, releaseAwaiting } from './awaiting.js';
import type { LaneClaim } from './claim.js';
import { columnsOf } from './columns.js';
import { isOfContent } from './content-failure.js';
import { wakeDependentsOf } from './lane-locks.js';
import { ATTEMPTS_ON_RECORD } from './ledger.sql.js';
import { settleLanes, type LaneResult, type SettleOptions } from './settle.js';
import { everLess } from './unstorable.js';

export interface SettlerOptions extends SettleOptions {
  clock: Clock;
  onTrouble: (error: Error) => void;
}

export interface SettledLane {
  /** Whether the lane is still ours for its next delivery. */
  goesOn: boolean;
  /** Monotonic end of its lease. */
  leaseEndsAt: number;
}

/** Settled in one transaction, or each by itself where the database refuses what one of them says. */
interface Waiting {
  results: readonly LaneResult[];
  done: (settled: SettledLane[]) => void;
}

/** Transactions at once: while one waits for the disk, the next is written. Their lanes differ, so they never meet. */
const WORKERS = 2;
const TOGETHER_MAX = 200;
const RETRY_MS = 500;

/**
 * Gathers what has ended while the last settlement was being written, and settles it together. A lane's next call
 * waits for its own settlement: what reached the partner is on record before the next thing does.
 */
export class Settler {
  private readonly waiting: Waiting[] = [];
  private readonly workers = new Set<Promise<void>>();

  constructor(private readonly options: SettlerOptions) {}

  /** Resolves once it is durable; a database that is away is waited for. */
  async settle(result: LaneResult): Promise<SettledLane> {
    return (await this.settleTogether([result]))[0]!;
  }

  /** As `settle`, and all of them at once: a crash leaves all of them as they were, or none. */
  settleTogether(results: readonly LaneResult[]): Promise<SettledLane[]> {
    return new Promise((done) => {
      this.waiting.push({ results, done });
      if (this.workers.size < WORKERS) this.startWorker();
    });
  }

  async idle(): Promise<void> {
    while (this.workers.size > 0) await Promise.all(this.workers);
  }

  private startWorker(): void {
    const worker = this.work().finally(() => this.workers.delete(worker));
    this.workers.add(worker);
  }

  private async work(): Promise<void> {
    // What ends in the same turn of the event loop is settled together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const together = this.takeSome();
      const results = together.flatMap((one) => one.results);
      const settled = (await this.settleUnlessOfContent(results)) ?? (await this.settleOneByOne(results));
      let at = 0;
      for (const one of together) one.done(settled.slice(at, (at += one.results.length)));
    }
  }

  private takeSome(): Waiting[] {
    let results = 0;
    const isMore = this.waiting.findIndex((one) => (results += one.results.length) >= TOGETHER_MAX);
    return this.waiting.splice(0, isMore === -1 ? this.waiting.length : isMore + 1);
  }

  private async settleOneByOne(results: readonly LaneResult[]): Promise<SettledLane[]> {
    const settled: SettledLane[] = [];
    for (const result of results) settled.push(await this.settleWhatCanBeStored(result));
    return settled;
  }

  private async settleWhatCanBeStored(result: LaneResult): Promise<SettledLane> {
    for (;;) {
      for (const wish of everLess(result)) {
        const settled = await this.settleUnlessOfContent([wish]);
        if (settled) return settled[0]!;
      }
      // Not the content, then: a partition or a column is missing, which is waited for like a database that is away.
      await this.options.clock.sleep(RETRY_MS);
    }
  }

  /** Tries until it is durable. @returns nothing when the database refuses the content */
  private async settleUnlessOfContent(results: readonly LaneResult[]): Promise<SettledLane[] | undefined> {
    let inDoubt = false;
    for (;;) {
      try {
        const settled = inDoubt ? await this.readCommitted(results) : undefined;
        inDoubt = false;
        return settled ?? (await this.settleAtOnce(results));
      } catch (error) {
        this.options.onTrouble(error as Error);
        if (isOfContent(error)) return undefined;
        inDoubt ||= error instanceof CommitUnknown;
        await this.options.clock.sleep(RETRY_MS);
      }
    }
  }

  private async settleAtOnce(results: readonly LaneResult[]): Promise<SettledLane[]> {
    const startedAt = this.options.clock.monotonicMs();
    const given = results.map((result) => ({ ...result, renew: result.keep && runsOut(result.claim, startedAt) }));
    const ours = await settleLanes(this.options, given);
    if (results.some(({ attempt }) => attempt)) faultPoint('after-settle-before-outcome');
    await this.wakeDependents(results);
    return given.map(({ claim, keep, renew }, at) => ({
      goesOn: ours[at]! && keep,
      leaseEndsAt: renew ? startedAt + claim.leaseMs : claim.leaseEndsAt,
    }));
  }

  /**
   * A commit was sent and no answer came. It was one transaction, so one attempt on record says that all of it is.
   * @returns nothing when it is not, and has to be settled again
   */
  private async readCommitted(results: readonly LaneResult[]): Promise<SettledLane[] | undefined> {
    const keys = results.flatMap(({ claim, attempt }) => (attempt ? [[attempt.delivery.position, claim.epoch]] : []));
    type Row = { position: string; number: number; epoch: string; late: boolean };
    const { rows } = await this.options.pool.query<Row>(ATTEMPTS_ON_RECORD, columnsOf(keys, 2));
    const lateness = new Map(rows.map((row) => [`${row.position} ${row.number} ${row.epoch}`, row.late]));
    if (!results.some((result) => lateness.has(recordOf(result)))) return undefined;
    await this.wakeDependents(results);
    return results.map((result) => ({
      goesOn: result.keep && lateness.get(recordOf(result)) === false,
      leaseEndsAt: result.claim.leaseEndsAt,
    }));
  }

  /** In a transaction of its own, after the commit; the sweeper covers a crash in between. */
  private async wakeDependents(results: readonly LaneResult[]): Promise<void> {
    const lanes = results.filter(({ attempt }) => attempt?.verdict.kind === 'final').map(({ claim }) => claim.laneId);
    if (lanes.length === 0) return;
    try {
      const { depending, awaiting } = await anyWaiters(this.options.pool);
      if (depending) await wakeDependentsOf(this.options.pool, lanes);
      if (awaiting) await releaseAwaiting(this.options.pool, results.flatMap(toDelivered));
    } catch (error) {
      this.options.onTrouble(error as Error);
    }
  }
}

/** Half of what a lease has beyond one call's deadline is gone: renewed for each call, it would be written as often as calls are made. */
function runsOut({ leaseEndsAt, leaseMs, limits: { deadlineMs } }: LaneClaim, now: number): boolean {
  return leaseEndsAt - now < deadlineMs + (leaseMs - deadlineMs) / 2;
}

function toDelivered({ claim: { laneId }, attempt }: LaneResult): { laneId: string; position: string }[] {
  return attempt?.verdict.state === 'delivered' ? [{ laneId, position: attempt.delivery.position }] : [];
}

function recordOf({ claim, attempt }: LaneResult): string {
  return attempt ? `${attempt.delivery.position} ${attempt.delivery.tries + 1} ${claim.epoch}` : '';
}
