import type { Outcome } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import type { LaneClaim } from './claim.js';
import type { ClaimedDelivery, Courier, CourierAnswer } from './courier.js';
import type { Endpoints } from './endpoints.js';
import type { EndedAttempt } from './settle.js';
import type { Settler } from './settler.js';
import { judge, parkAsOurBug, type Verdict } from './verdict.js';

export interface LaneRunnerOptions {
  clock: Clock;
  courier: Courier;
  endpoints: Endpoints;
  settler: Settler;
  stopped: () => boolean;
  onTrouble: (error: Error) => void;
}

/** Makes a claimed lane's deliveries, one after the other, each settled before the next is called. */
export class LaneRunner {
  constructor(private readonly options: LaneRunnerOptions) {}

  async run(claim: LaneClaim): Promise<void> {
    const deliveries = claim.lost ? await this.recordLoss(claim) : claim.deliveries;
    if (!deliveries) return;
    for (const [at, delivery] of deliveries.entries()) {
      if (!this.mayCall(claim)) break;
      const attempt = await this.attempt(claim, delivery);
      const keep = attempt.verdict.kind === 'final' && at + 1 < deliveries.length;
      const goesOn = await this.settle(claim, attempt, keep);
      if (!goesOn) return;
    }
    await this.options.settler.settle({ claim, keep: false });
  }

  /** @returns whether the lane is still ours for its next delivery */
  private async settle(claim: LaneClaim, attempt: EndedAttempt, keep: boolean): Promise<boolean> {
    const { goesOn, leaseEndsAt } = await this.options.settler.settle({ claim, attempt, keep });
    claim.leaseEndsAt = leaseEndsAt;
    return goesOn;
  }

  /** The last look before a request leaves: not stopping, not paused, and the lease outlasts the call. */
  private mayCall(claim: LaneClaim): boolean {
    const { stopped, endpoints, clock } = this.options;
    if (stopped()) return false;
    const standing = endpoints.copy.reasons(claim.endpointId);
    if (standing.some((reason) => reason !== 'breaker' || claim.probe === undefined)) return false;
    return clock.monotonicMs() + claim.limits.deadlineMs <= claim.leaseEndsAt;
  }

  private async attempt(claim: LaneClaim, delivery: ClaimedDelivery): Promise<EndedAttempt> {
    const { clock, courier } = this.options;
    const startedAt = clock.now();
    const call = { deadlineMs: claim.limits.deadlineMs, probe: claim.probe !== undefined };
    try {
      const answer = await courier.deliver(delivery, call);
      const judged = this.judgeAnswer(claim, delivery, answer, await this.tellEndpoint(claim, answer.outcome));
      return { delivery, startedAt, ...judged };
    } catch (error) {
      await this.putOffProbe(claim);
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
   * A pause the answer asks for, and what the probe's answer says of the breaker.
   * @returns whether the endpoint is to blame for a failure; not when the pause it asked for could not be set, or it
   * would be called again at once, and again
   */
  private async tellEndpoint(claim: LaneClaim, outcome: Outcome): Promise<boolean> {
    const { endpoints, onTrouble } = this.options;
    try {
      if (outcome.kind === 'unavailable' && outcome.pause)
        await endpoints.pause(claim.endpointId, { ...outcome.pause, setBy: 'partner' });
      if (outcome.kind === 'delivered' || outcome.kind === 'refused') await this.endProbe(claim);
      else await this.putOffProbe(claim);
      return claim.probe !== undefined || endpoints.isPaused(claim.endpointId);
    } catch (error) {
      onTrouble(error as Error);
      return false;
    }
  }

  /** The probe met a partner that answers: the breaker's pause is over for all. */
  private async endProbe({ probe, endpointId }: LaneClaim): Promise<void> {
    if (probe === undefined) return;
    await this.options.endpoints.resume(endpointId, 'breaker', 'probe');
    this.options.courier.resumed(endpointId);
  }

  private async putOffProbe({ probe, endpointId }: LaneClaim): Promise<void> {
    if (probe === undefined) return;
    await this.options.endpoints.putOffProbe(endpointId, probe).catch(this.options.onTrouble);
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

/** The lease that had to run out was wait enough. */
function withoutWait(verdict: Verdict): Verdict {
  return verdict.kind === 'kept' && verdict.state === 'pending' ? { ...verdict, waitMs: null } : verdict;
}
