import type { Outcome } from '#libs/contracts';
import { faultPoint, type Clock } from '#libs/runtime';
import type { Batches, HeldBatch } from './batches.js';
import type { CallGate } from './call-gate.js';
import type { LaneClaim } from './claim.js';
import { NotNow, type BatchAnswer, type BatchCourier, type Courier } from './courier.js';
import type { EndedAttempt, LaneResult } from './settle.js';
import type { Settler } from './settler.js';
import { judge, parkAsOurBug, withoutWait, type Verdict } from './verdict.js';

export interface BatchRunnerOptions {
  clock: Clock;
  courier: Courier;
  batches: BatchCourier;
  book: Batches;
  gate: CallGate;
  settler: Settler;
  onTrouble: (error: Error) => void;
}

/** What one call said of every delivery in it, or of all of them at once. */
type Said = Pick<EndedAttempt, 'verdict' | 'outcome' | 'reason' | 'note' | 'exchange' | 'batch'>;

/**
 * The first deliveries of many lanes in one call. An answer tells of each of them; where there is none they stay together,
 * and the same call is made again.
 */
export class BatchRunner {
  constructor(private readonly options: BatchRunnerOptions) {}

  async run(claims: readonly LaneClaim[]): Promise<void> {
    const batch = await this.hold(claims);
    if (!batch) return this.letGo(claims);
    const ready = batch.claims[0]!.lost ? await this.recordLoss(batch) : batch;
    if (!ready) return;
    faultPoint('after-claim-before-call');
    if (!this.options.gate.mayCall(ready.claims[0]!)) return this.handBack(ready);
    const startedAt = this.options.clock.now();
    const said = await this.call(ready);
    if (!said) return this.handBack(ready);
    faultPoint('after-call-before-settle');
    await this.settle(ready, startedAt, (at) => said[at]!, false);
  }

  private async hold(claims: readonly LaneClaim[]): Promise<HeldBatch | undefined> {
    const { book, onTrouble } = this.options;
    const [first] = claims;
    const before = first!.deliveries[0]!;
    const held = before.batchId === null ? book.begin(claims) : book.resume(first!);
    return held.catch((error: Error) => void onTrouble(error));
  }

  /** @returns what was said of each, in order; nothing when no call could be made, through nobody's fault */
  private async call({ id, claims }: HeldBatch): Promise<Said[] | undefined> {
    const { batches, gate, onTrouble } = this.options;
    const [first] = claims;
    const deliveries = claims.map((claim) => claim.deliveries[0]!);
    try {
      const call = { deadlineMs: first!.limits.deadlineMs, probe: first!.probe !== undefined, batchId: id };
      const answer = await batches.deliver(deliveries, call);
      if ('outcome' in answer) {
        const paused = await gate.tellEndpoint(first!, answer.outcome);
        return this.saidOfAll(claims, answer, paused);
      }
      await gate.tellEndpoint(first!, { kind: 'delivered' });
      return this.saidOfEach(claims, answer);
    } catch (error) {
      await gate.putOffProbe(first!);
      if (error instanceof NotNow) return void onTrouble(error);
      const verdict = parkAsOurBug(error);
      return claims.map(() => ({ verdict, outcome: 'exception', reason: verdict.reason, batch: 'answered' }));
    }
  }

  /** One verdict for all of them, by what the freshest has left: they stay together, or a person has them all. */
  private saidOfAll(
    claims: readonly LaneClaim[],
    { outcome, exchange }: Extract<BatchAnswer, { outcome: unknown }>,
    paused: boolean,
  ): Said[] {
    const { clock } = this.options;
    const [first] = claims;
    const attempts = Math.min(...claims.map(({ deliveries }) => deliveries[0]!.attempts));
    const about = { limits: first!.limits, paused, continuesAfterRefusal: false, now: clock.now() };
    const verdict = judge(outcome, { attempts }, about);
    const batch = outcome.kind === 'unknown' || outcome.kind === 'unavailable' ? 'open' : 'answered';
    const said = { verdict, outcome: outcome.kind, ...wordsOf(outcome), batch } as const;
    return claims.map((_, at) => ({ ...said, exchange: recordOf(at, claims, exchange) }));
  }

  private saidOfEach(
    claims: readonly LaneClaim[],
    { items, exchange }: Extract<BatchAnswer, { items: unknown }>,
  ): Said[] {
    const { clock, courier } = this.options;
    if (items.length !== claims.length)
      throw new TypeError(`a batch of ${claims.length} was answered with ${items.length} outcomes`);
    return items.map((outcome, at) => {
      const { limits, deliveries } = claims[at]!;
      const [delivery] = deliveries;
      const continuesAfterRefusal = courier.continuesAfterRefusal(delivery!.operation);
      const verdict = judge(outcome, delivery!, { limits, paused: false, continuesAfterRefusal, now: clock.now() });
      const said = { verdict, outcome: outcome.kind, ...wordsOf(outcome), batch: 'answered' } as const;
      return { ...said, exchange: recordOf(at, claims, exchange) };
    });
  }

  /** @returns the batch to go on with; nothing when it was given up, or is not ours any more */
  private async recordLoss(batch: HeldBatch): Promise<HeldBatch | undefined> {
    const { clock } = this.options;
    const outcome = { kind: 'unknown', reason: 'the process that held this batch ended without a result' } as const;
    const [said] = this.saidOfAll(batch.claims, { outcome }, false);
    const lost = { ...said!, verdict: withoutWait(said!.verdict) };
    const goesOn = isAgain(lost.verdict);
    const still = await this.settle(batch, clock.now(), () => lost, goesOn);
    if (!goesOn || !still) return undefined;
    return { ...batch, claims: batch.claims.map(afterLoss) };
  }

  /** @returns whether all of it is still ours */
  private async settle(
    { claims }: HeldBatch,
    startedAt: Date,
    saidOf: (at: number) => Said,
    keep: boolean,
  ): Promise<boolean> {
    const results = claims.map((claim, at): LaneResult => {
      const attempt = { delivery: claim.deliveries[0]!, startedAt, ...saidOf(at) };
      return { claim, attempt, keep };
    });
    const settled = await this.options.settler.settleTogether(results);
    claims.forEach((claim, at) => (claim.leaseEndsAt = settled[at]!.leaseEndsAt));
    return settled.every(({ goesOn }) => goesOn === keep);
  }

  /** Nothing left: what was never sent before need not stay together. */
  private async handBack(batch: HeldBatch): Promise<void> {
    const { book, onTrouble } = this.options;
    const wasSent = batch.claims.some(({ deliveries }) => deliveries[0]!.tries > 0);
    if (!wasSent) await book.dissolve(batch).catch(onTrouble);
    await this.letGo(batch.claims);
  }

  private async letGo(claims: readonly LaneClaim[]): Promise<void> {
    await this.options.settler.settleTogether(claims.map((claim) => ({ claim, keep: false })));
  }
}

/** Those of batched operations in calls of their size; what went together before goes together again. */
export function toBatches(claims: readonly LaneClaim[]): { alone: LaneClaim[]; together: LaneClaim[][] } {
  const isBatched = ({ together, deliveries }: LaneClaim) => together !== undefined && deliveries.length > 0;
  const batched = Map.groupBy(claims.filter(isBatched), ({ deliveries: [first] }) =>
    first!.batchId === null ? first!.operation : first!.batchId,
  );
  const together = [...batched.values()].flatMap((some) => chunksOf(some, some[0]!.together!));
  return { alone: claims.filter((claim) => !isBatched(claim)), together };
}

function chunksOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

function wordsOf(outcome: Outcome): Pick<EndedAttempt, 'note' | 'reason'> {
  return outcome.kind === 'delivered' ? { note: outcome.note } : { reason: outcome.reason };
}

function isAgain(verdict: Verdict): boolean {
  return verdict.kind === 'kept' && verdict.state === 'pending';
}

function afterLoss(claim: LaneClaim): LaneClaim {
  const [delivery] = claim.deliveries;
  const { attempts, tries } = delivery!;
  return { ...claim, deliveries: [{ ...delivery!, attempts: attempts + 1, tries: tries + 1 }] };
}

/** The exchange is kept with the first; the others say with whom they went. */
function recordOf(at: number, claims: readonly LaneClaim[], exchange: unknown): unknown {
  return at === 0 || exchange === undefined ? exchange : { wentWith: claims[0]!.deliveries[0]!.position };
}
