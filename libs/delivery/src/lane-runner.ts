import type { Pool } from 'pg';
import type { Outcome } from '#libs/contracts';
import { faultPoint, type Clock } from '#libs/runtime';
import { BatchRunner } from './batch-runner.js';
import { Batches } from './batches.js';
import { CallGate } from './call-gate.js';
import type { LaneClaim } from './claim.js';
import { NotNow, type ClaimedDelivery, type Courier, type CourierAnswer, type EndpointOfGroup } from './courier.js';
import type { Endpoints } from './endpoints.js';
import { Intents } from './intents.js';
import type { OutcomeWriter } from './outcome-events.js';
import { PaidRunner } from './paid-runner.js';
import type { EndedAttempt } from './settle.js';
import type { Settler } from './settler.js';
import { judge, parkAsOurBug, withoutWait } from './verdict.js';

export interface LaneRunnerOptions {
  pool: Pool;
  replica: string;
  outcomes: OutcomeWriter;
  clock: Clock;
  courier: Courier;
  endpoints: Endpoints;
  settler: Settler;
  stopped: () => boolean;
  onTrouble: (error: Error) => void;
}

/** Makes a claimed lane's deliveries, one after the other, each settled before the next is called. */
export class LaneRunner {
  private readonly gate: CallGate;
  private readonly paid?: PaidRunner;
  private readonly batches?: BatchRunner;

  constructor(private readonly options: LaneRunnerOptions) {
    const gate = (this.gate = new CallGate(options));
    const { paid, batches } = options.courier;
    if (batches) this.batches = new BatchRunner({ ...options, gate, batches, book: new Batches(options.pool) });
    if (paid) this.paid = new PaidRunner({ ...options, gate, paid, intents: new Intents({ ...options, paid }) });
  }

  async run(claim: LaneClaim): Promise<void> {
    if (claim.paid) return this.paid!.run(claim);
    const deliveries = claim.lost ? await this.recordLoss(claim) : claim.deliveries;
    if (!deliveries) return;
    for (const [at, delivery] of deliveries.entries()) {
      faultPoint('after-claim-before-call');
      if (!this.gate.mayCall(claim)) break;
      const attempt = await this.attempt(claim, delivery);
      if (!attempt) break;
      faultPoint('after-call-before-settle');
      const keep = attempt.verdict.kind === 'final' && at + 1 < deliveries.length;
      const goesOn = await this.settle(claim, attempt, keep);
      if (!goesOn) return;
    }
    await this.options.settler.settle({ claim, keep: false });
  }

  /** The first deliveries of these lanes, of one operation, in one call. */
  runTogether(claims: readonly LaneClaim[]): Promise<void> {
    return this.batches!.run(claims);
  }

  /** Through an open breaker, where nothing waits but calls that are paid or cannot be taken back. */
  async probeByTest(endpoint: EndpointOfGroup, probe: number): Promise<void> {
    const { courier, onTrouble } = this.options;
    const answers = await courier.paid!.check(endpoint).catch((error: Error) => void onTrouble(error));
    if (answers) await this.gate.endProbe({ ...endpoint, probe });
    else await this.gate.putOffProbe({ ...endpoint, probe });
  }

  /** @returns whether the lane is still ours for its next delivery */
  private async settle(claim: LaneClaim, attempt: EndedAttempt, keep: boolean): Promise<boolean> {
    const { goesOn, leaseEndsAt } = await this.options.settler.settle({ claim, attempt, keep });
    claim.leaseEndsAt = leaseEndsAt;
    return goesOn;
  }

  /** @returns nothing when no call could be made, through nobody's fault: the lane goes back as it came */
  private async attempt(claim: LaneClaim, delivery: ClaimedDelivery): Promise<EndedAttempt | undefined> {
    const { clock, courier, onTrouble } = this.options;
    const startedAt = clock.now();
    const call = { deadlineMs: claim.limits.deadlineMs, probe: claim.probe !== undefined };
    try {
      const answer = await courier.deliver(delivery, call);
      const judged = this.judgeAnswer(claim, delivery, answer, await this.gate.tellEndpoint(claim, answer.outcome));
      return { delivery, startedAt, ...judged };
    } catch (error) {
      await this.gate.putOffProbe(claim);
      if (error instanceof NotNow) return void onTrouble(error);
      const verdict = parkAsOurBug(error);
      return { delivery, startedAt, verdict, outcome: 'exception', reason: verdict.reason };
    }
  }

  private judgeAnswer(
    claim: LaneClaim,
    delivery: ClaimedDelivery,
    { outcome, exchange }: CourierAnswer,
    paused: boolean,
  ): Omit<EndedAttempt, 'delivery' | 'startedAt'> {
    const { clock, courier } = this.options;
    const verdict = judge(outcome, delivery, {
      limits: claim.limits,
      paused,
      continuesAfterRefusal: courier.continuesAfterRefusal(delivery.operation),
      now: clock.now(),
    });
    if (outcome.kind === 'delivered') return { verdict, outcome: outcome.kind, note: outcome.note, exchange };
    return { verdict, outcome: outcome.kind, reason: outcome.reason, exchange };
  }

  /**
   * The holder before us never settled its call: that try is on record as unknown and counts, so that a delivery that
   * kills its process is parked in the end.
   * @returns what to go on with; nothing when the lane is not ours any more
   */
  private async recordLoss(claim: LaneClaim): Promise<ClaimedDelivery[] | undefined> {
    const [head, ...rest] = claim.deliveries;
    if (!head) return [];
    const { clock } = this.options;
    const outcome: Outcome = { kind: 'unknown', reason: 'the process that held this delivery ended without a result' };
    const about = { limits: claim.limits, paused: false, continuesAfterRefusal: false, now: clock.now() };
    const verdict = withoutWait(judge(outcome, head, about));
    const attempt = { delivery: head, verdict, outcome: 'unknown', reason: outcome.reason, startedAt: clock.now() };
    const goesOn = await this.settle(claim, attempt, verdict.kind === 'kept' && verdict.state === 'pending');
    return goesOn ? [{ ...head, attempts: head.attempts + 1, tries: head.tries + 1 }, ...rest] : undefined;
  }
}
