import type { Outcome } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import type { LaneClaim } from './claim.js';
import type { Courier } from './courier.js';
import type { Endpoints } from './endpoints.js';
import type { PauseReason } from './pause.js';

export interface CallGateOptions {
  clock: Clock;
  courier: Courier;
  endpoints: Endpoints;
  stopped: () => boolean;
  onTrouble: (error: Error) => void;
}

/** Whether a call of a claimed lane may leave, and what its answer says of the endpoint. */
export class CallGate {
  constructor(private readonly options: CallGateOptions) {}

  /** The last look before a request leaves: not stopping, not paused, and the lease outlasts the call. */
  mayCall(claim: LaneClaim): boolean {
    const { stopped, endpoints, clock } = this.options;
    if (stopped()) return false;
    if (endpoints.copy.reasons(claim.endpointId).some((reason) => stops(reason, claim))) return false;
    return clock.monotonicMs() + claim.limits.deadlineMs <= claim.leaseEndsAt;
  }

  /**
   * A pause the answer asks for, and what the probe's answer says of the breaker.
   * @returns whether the endpoint is to blame for a failure; not when the pause it asked for could not be set, or it
   * would be called again at once, and again
   */
  async tellEndpoint(claim: LaneClaim, outcome: Outcome): Promise<boolean> {
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
  async endProbe({ probe, endpointId }: Pick<LaneClaim, 'probe' | 'endpointId'>): Promise<void> {
    if (probe === undefined) return;
    await this.options.endpoints.resume(endpointId, 'breaker', 'probe');
    this.options.courier.resumed(endpointId);
  }

  async putOffProbe({ probe, endpointId }: Pick<LaneClaim, 'probe' | 'endpointId'>): Promise<void> {
    if (probe === undefined) return;
    await this.options.endpoints.putOffProbe(endpointId, probe).catch(this.options.onTrouble);
  }
}

/** The breaker lets its probe through, and a budget that is spent whoever only asks what became of a call. */
function stops(reason: PauseReason, { probe, paid }: LaneClaim): boolean {
  if (reason === 'breaker') return probe === undefined;
  if (reason === 'spend-cap') return paid !== 'verify';
  return true;
}
