import { delivered, type Outcome, type Verification } from '#libs/contracts';
import { faultPoint, type Clock } from '#libs/runtime';
import type { CallGate } from './call-gate.js';
import type { LaneClaim } from './claim.js';
import { isOfContent } from './content-failure.js';
import { NeverLeft, NotNow, type ClaimedDelivery, type Courier, type PaidCourier } from './courier.js';
import type { Intents } from './intents.js';
import { judgeCall, judgeVerification, lostCall, unknownCall, type Judged, type LastIntent } from './paid-verdict.js';
import type { EndedAttempt } from './settle.js';
import type { Settler } from './settler.js';
import { parkAsOurBug } from './verdict.js';

export interface PaidRunnerOptions {
  clock: Clock;
  courier: Courier;
  paid: PaidCourier;
  gate: CallGate;
  intents: Intents;
  settler: Settler;
  onTrouble: (error: Error) => void;
}

const NOT_MADE_WAIT_MS = 1_000;

/**
 * One paid or irreversible delivery: written down, called, settled; and where nobody knows what became of its call,
 * verified before anything else.
 */
export class PaidRunner {
  constructor(private readonly options: PaidRunnerOptions) {}

  async run(claim: LaneClaim): Promise<void> {
    const [delivery] = claim.deliveries;
    const attempt = delivery && (await this.attempt(claim, delivery));
    await this.options.settler.settle({ claim, attempt, keep: false });
  }

  /** @returns nothing when the lane goes back as it came */
  private async attempt(claim: LaneClaim, delivery: ClaimedDelivery): Promise<EndedAttempt | undefined> {
    const { gate } = this.options;
    if (claim.paid === 'verify') return this.settleUnknown(claim, delivery);
    faultPoint('after-claim-before-call');
    return gate.mayCall(claim) ? this.call(claim, delivery) : undefined;
  }

  private async call(claim: LaneClaim, delivery: ClaimedDelivery): Promise<EndedAttempt | undefined> {
    const { intents, clock, gate, onTrouble } = this.options;
    const startedAt = clock.now();
    const of = { delivery, startedAt };
    try {
      const written = await intents.write(claim, delivery);
      if (written === 'not-now') return undefined;
      if (written === 'unasked') return { ...of, ...unasked(delivery) };
      faultPoint('after-intent-before-call');
    } catch (error) {
      // Whether or not it is written: no call was made.
      onTrouble(error as Error);
      const reason = `it could not be written down: ${(error as Error).message}`;
      const ended = notMade(delivery, reason);
      return { ...of, ...ended, ...(isOfContent(error) && { verdict: parkAsOurBug(new Error(reason)) }) };
    }
    // The last look of all; what it allows holds up to this moment and no longer.
    const endsAtMs = clock.monotonicMs() + claim.limits.deadlineMs;
    if (!gate.mayCall(claim)) return { ...of, ...notMade(delivery, 'stopped, paused, or the lease is over') };
    const attempt = { ...of, ...(await this.ask(claim, delivery, Math.min(endsAtMs, claim.leaseEndsAt))) };
    faultPoint('after-call-before-settle');
    return attempt;
  }

  private async ask(claim: LaneClaim, delivery: ClaimedDelivery, endsAtMs: number): Promise<Ended> {
    const number = delivery.tries + 1;
    const { courier, gate, clock } = this.options;
    try {
      const call = { deadlineMs: claim.limits.deadlineMs, probe: false, endsAtMs };
      const { outcome, exchange } = await courier.deliver(delivery, call);
      const paused = await gate.tellEndpoint(claim, outcome);
      const judged = judgeCall(outcome, number, delivery, {
        limits: claim.limits,
        paused,
        continuesAfterRefusal: courier.continuesAfterRefusal(delivery.operation),
        now: clock.now(),
      });
      return { ...judged, ...wordsOf(outcome), exchange };
    } catch (error) {
      if (error instanceof NotNow) return notMade(delivery, error.message);
      const verdict = parkAsOurBug(error instanceof NeverLeft ? error.cause : error);
      const of = { outcome: 'exception', reason: verdict.reason };
      if (error instanceof NeverLeft) return { ...of, verdict, intent: { number, state: 'not-made', unanswered: 0 } };
      return { ...of, ...unknownCall(`${verdict.reason}; it may have left`, number) };
    }
  }

  /** Before anything else the partner is asked whether it has it. A lost call is on record before that. */
  private async settleUnknown(claim: LaneClaim, delivery: ClaimedDelivery): Promise<EndedAttempt | undefined> {
    const { intents, clock, settler } = this.options;
    let intent = await intents.last(delivery.position);
    if (!intent) return undefined;
    if (intent.state !== 'open') return this.verify(claim, delivery, intent);
    const judged = lostCall(intent.number);
    const lost = { delivery, startedAt: clock.now(), outcome: 'unknown', reason: judged.verdict.reason, ...judged };
    const { goesOn, leaseEndsAt } = await settler.settle({ claim, attempt: lost, keep: true });
    claim.leaseEndsAt = leaseEndsAt;
    intent = await intents.last(delivery.position);
    if (!goesOn || !intent) return undefined;
    const { attempts, tries } = delivery;
    return this.verify(claim, { ...delivery, attempts: attempts + 1, tries: tries + 1 }, intent);
  }

  private async verify(
    claim: LaneClaim,
    delivery: ClaimedDelivery,
    intent: LastIntent,
  ): Promise<EndedAttempt | undefined> {
    const { gate, clock, paid } = this.options;
    if (!gate.mayCall(claim)) return undefined;
    const startedAt = clock.now();
    const { verification, exchange } = await this.askWhether(claim, delivery);
    faultPoint('after-verify-before-settle');
    const outcome = verification.kind === 'unavailable' ? verification : delivered();
    await gate.tellEndpoint(claim, outcome);
    const { limits } = claim;
    const rules = { ...paid.rulesOf(delivery.operation), ...limits, now: clock.now() };
    const judged = judgeVerification(verification, intent, rules);
    const { reason } = judged.verdict;
    const said = { outcome: `verified ${verification.kind}`, reason, note: reason };
    return { delivery, startedAt, ...said, exchange, ...judged };
  }

  private async askWhether(
    claim: LaneClaim,
    delivery: ClaimedDelivery,
  ): Promise<{ verification: Verification; exchange?: unknown }> {
    const { clock, paid } = this.options;
    const { deadlineMs } = claim.limits;
    const endsAtMs = Math.min(clock.monotonicMs() + deadlineMs, claim.leaseEndsAt);
    try {
      return await paid.verify(delivery, { deadlineMs, probe: claim.probe !== undefined, endsAtMs });
    } catch (error) {
      return { verification: { kind: 'ambiguous', reason: parkAsOurBug(error).reason } };
    }
  }
}

type Ended = Omit<EndedAttempt, 'delivery' | 'startedAt'>;

function wordsOf(outcome: Outcome): Pick<EndedAttempt, 'outcome' | 'reason' | 'note'> {
  if (outcome.kind === 'delivered') return { outcome: outcome.kind, note: outcome.note };
  return { outcome: outcome.kind, reason: outcome.reason };
}

/** Nothing left this process: no attempt is spent, and what was reserved is given back. */
function notMade({ tries }: ClaimedDelivery, reason: string): Ended & Judged {
  const verdict = { kind: 'kept', state: 'pending', reason, waitMs: NOT_MADE_WAIT_MS, counted: false } as const;
  return { verdict, outcome: 'unavailable', reason, intent: { number: tries + 1, state: 'not-made', unanswered: 0 } };
}

function unasked({ operation }: ClaimedDelivery): Ended {
  const verdict = parkAsOurBug(new TypeError(`${operation} was planned without an operationKey`));
  return { verdict, outcome: 'exception', reason: verdict.reason };
}
