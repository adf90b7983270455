import type { Outcome } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import type { LaneClaim } from './claim.js';
import type { ClaimedDelivery, Courier, CourierAnswer, DeliveryLimits } from './courier.js';
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
    const { settler, courier } = this.options;
    const limits = await courier.limitsOf(claim.integrationId);
    const deliveries = claim.lost ? await this.recordLoss(claim, limits) : claim.deliveries;
    for (const [at, delivery] of deliveries.entries()) {
      if (!this.mayCall(claim, limits)) break;
      const attempt = await this.attempt(claim, delivery, limits);
      const keep = attempt.verdict.kind === 'final' && at + 1 < deliveries.length;
      const settled = await settler.settle({ claim, attempt, keep });
      if (!keep || !settled.ours) return;
      claim.leaseEndsAt = settled.leaseEndsAt;
    }
    await settler.settle({ claim, keep: false });
  }

  /** The last look before a request leaves: not stopping, not paused, and the lease outlasts the call. */
  private mayCall(claim: LaneClaim, limits: DeliveryLimits): boolean {
    const { stopped, endpoints, clock } = this.options;
    if (stopped()) return false;
    if (endpoints.isPaused(claim.endpointId) && !claim.probe) return false;
    return clock.monotonicMs() + limits.deadlineMs <= claim.leaseEndsAt;
  }

  private async attempt(claim: LaneClaim, delivery: ClaimedDelivery, limits: DeliveryLimits): Promise<EndedAttempt> {
    const { clock, courier, onTrouble } = this.options;
    const startedAt = clock.now();
    try {
      const answer = await courier.deliver(delivery, { deadlineMs: limits.deadlineMs, probe: claim.probe });
      await this.tellEndpoint(claim, answer.outcome).catch(onTrouble);
      return { delivery, startedAt, ...this.readAnswer(claim, delivery, answer, limits) };
    } catch (error) {
      const verdict = parkAsOurBug(error);
      return { delivery, startedAt, verdict, outcome: 'exception', reason: verdict.reason };
    }
  }

  private readAnswer(
    claim: LaneClaim,
    delivery: ClaimedDelivery,
    { outcome, exchange }: CourierAnswer,
    limits: DeliveryLimits,
  ) {
    const { clock, courier, endpoints } = this.options;
    const verdict = judge(outcome, delivery, {
      limits,
      paused: claim.probe || endpoints.isPaused(claim.endpointId),
      continuesAfterRefusal: courier.continuesAfterRefusal(delivery.operation),
      now: clock.now(),
    });
    const note = outcome.kind === 'delivered' ? outcome.note : undefined;
    return { verdict, outcome: outcome.kind, reason: reasonOf(outcome), note, exchange };
  }

  /** A pause the answer asks for, and the end of the breaker's when the probe met a partner that answers. */
  private async tellEndpoint(claim: LaneClaim, outcome: Outcome): Promise<void> {
    const { endpoints, courier } = this.options;
    if (outcome.kind === 'unavailable' && outcome.pause) {
      await endpoints.pause(claim.endpointId, { ...outcome.pause, setBy: 'partner' });
    }
    if (claim.probe && (outcome.kind === 'delivered' || outcome.kind === 'refused')) {
      await endpoints.resume(claim.endpointId, 'breaker', 'probe');
      courier.resumed(claim.endpointId);
    }
  }

  /** The holder before us never settled its call: that try is on record as unknown and counts, so that a delivery that kills its process is parked in the end. */
  private async recordLoss(claim: LaneClaim, limits: DeliveryLimits): Promise<ClaimedDelivery[]> {
    const [head, ...rest] = claim.deliveries;
    if (!head) return [];
    const outcome: Outcome = { kind: 'unknown', reason: 'the process that held this delivery ended without a result' };
    const judged = judge(outcome, head, {
      limits,
      paused: false,
      continuesAfterRefusal: false,
      now: this.options.clock.now(),
    });
    const verdict: Verdict =
      judged.kind === 'kept' && judged.state === 'pending' ? { ...judged, waitMs: null } : judged;
    const attempt: EndedAttempt = {
      delivery: head,
      verdict,
      outcome: 'unknown',
      reason: outcome.reason,
      startedAt: this.options.clock.now(),
    };
    const goesOn = verdict.kind === 'kept' && verdict.state === 'pending';
    const settled = await this.options.settler.settle({ claim, attempt, keep: goesOn });
    if (!goesOn || !settled.ours) return [];
    claim.leaseEndsAt = settled.leaseEndsAt;
    return [{ ...head, attempts: head.attempts + 1, tries: head.tries + 1 }, ...rest];
  }
}

function reasonOf(outcome: Outcome): string | undefined {
  return outcome.kind === 'delivered' ? undefined : outcome.reason;
}
