export type PauseReason = 'breaker' | 'rate-limit' | 'credential' | 'spend-cap' | 'maintenance' | 'off' | 'operator';

export interface Pause {
  reason: PauseReason;
  /** In words, for the operator. */
  detail: string;
  /** Who or what set it: a replica, a person. */
  setBy: string;
  /** Ends by itself then; without it, a probe or a person ends it. An operator's pause never ends by itself. */
  until?: Date;
}

export interface StandingPause extends Pause {
  endpointId: string;
  integrationId: string;
  group: string;
  since: Date;
  probeAt?: Date;
}

/** A partner that asks for a pause and names no end, or one that has passed, is believed this much. */
const RATE_LIMIT_MS = 60_000;
const SHORTEST_MS = 1_000;

/**
 * How long a pause lasts, from now; undefined without an end. A length and not an instant, so that a clock that is off
 * neither ends it at once nor stretches it: the database adds it to its own time.
 */
export function pauseMs({ reason, until }: Pick<Pause, 'reason' | 'until'>, now: Date): number | undefined {
  if (reason === 'operator' || reason === 'breaker') return undefined;
  if (until) return Math.max(until.getTime() - now.getTime(), SHORTEST_MS);
  return reason === 'rate-limit' ? RATE_LIMIT_MS : undefined;
}

/**
 * Waits before the first probe of an open breaker; each failed probe doubles the wait.
 *   probe  1     2     3     4     5 and on
 *   after  5 s  10 s  20 s  40 s  60 s
 */
export const FIRST_PROBE_MS = 5_000;
const PROBE_MAX_MS = 60_000;

/** @param failed probes that failed so far; jitter only lengthens, by up to a quarter, so that replicas do not knock together */
export function waitForProbe(failed: number, firstMs = FIRST_PROBE_MS, random: () => number = Math.random): number {
  return Math.min(firstMs * 2 ** failed, PROBE_MAX_MS) * (1 + random() / 4);
}
