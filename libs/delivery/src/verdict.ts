import type { Outcome } from '#libs/contracts';
import type { ClaimedDelivery, DeliveryLimits } from './courier.js';
import { waitAfter } from './retry.js';

/** What an attempt means for its delivery. `counted`: it spent one of the attempts. */
export type Verdict =
  | { kind: 'final'; state: 'delivered' | 'refused'; reason?: string; reference?: string; counted: boolean }
  | { kind: 'kept'; state: 'pending'; reason: string; waitMs: number | null; counted: boolean }
  | { kind: 'kept'; state: 'parked'; reason: string; waitMs: null; counted: boolean; awaits?: string }
  /** Of a paid or irreversible call: verified after the wait; without one it waits for a person. */
  | { kind: 'kept'; state: 'unknown'; reason: string; waitMs: number | null; counted: boolean };

type Parked = Extract<Verdict, { state: 'parked' }>;

export interface Circumstances {
  limits: DeliveryLimits;
  /** A pause stands on the endpoint, or this was the probe: a failure tells of the endpoint and spends no attempt. */
  paused: boolean;
  continuesAfterRefusal: boolean;
  now: Date;
}

/** One table, read aloud in the engine's page: delivered is final, refused waits for a person, the rest is tried again. */
export function judge(outcome: Outcome, delivery: Pick<ClaimedDelivery, 'attempts'>, about: Circumstances): Verdict {
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'final', state: 'delivered', reference: outcome.reference, reason: outcome.note, counted: true };
    case 'refused':
      if (about.continuesAfterRefusal)
        return { kind: 'final', state: 'refused', reason: outcome.reason, counted: true };
      return { ...park(outcome.reason), ...(outcome.awaits !== undefined && { awaits: outcome.awaits }) };
    case 'unavailable':
    case 'unknown':
      if (about.paused) return { kind: 'kept', state: 'pending', reason: outcome.reason, waitMs: null, counted: false };
      return again(outcome, delivery, about);
  }
}

export function parkAsOurBug(error: unknown): Parked {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return park(`a mistake of ours: ${words}`);
}

/** The lease that had to run out was wait enough. */
export function withoutWait(verdict: Verdict): Verdict {
  return verdict.kind === 'kept' && verdict.state === 'pending' ? { ...verdict, waitMs: null } : verdict;
}

function again(
  outcome: Extract<Outcome, { kind: 'unavailable' | 'unknown' }>,
  delivery: Pick<ClaimedDelivery, 'attempts'>,
  { limits, now }: Circumstances,
): Verdict {
  const { reason } = outcome;
  const attempts = delivery.attempts + 1;
  if (attempts >= limits.attempts) return park(`given up after ${attempts} attempts: ${reason}`);
  const retryAt = outcome.kind === 'unavailable' ? outcome.retryAt : undefined;
  const asked = retryAt ? retryAt.getTime() - now.getTime() : 0;
  const waitMs = Math.max(waitAfter(attempts, limits.waitsMs), asked);
  return { kind: 'kept', state: 'pending', reason, waitMs, counted: true };
}

function park(reason: string): Parked {
  return { kind: 'kept', state: 'parked', reason, waitMs: null, counted: true };
}
