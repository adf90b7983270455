/**
 * What the world answered to one attempt. `partner` reads answers as outcomes, `delivery` acts on them, and neither
 * knows the other: this word is all they share. An exception is never an outcome: it is our bug.
 */
export type Outcome =
  /** The partner has it. `reference` is the partner's own name for it. */
  | { kind: 'delivered'; reference?: string; note?: string }
  /**
   * The partner will never take it as it is: a person decides. Where only something else is missing there, `awaits` names
   * the lane that brings it: once that was delivered, this is tried again.
   */
  | { kind: 'refused'; reason: string; detail?: unknown; awaits?: string }
  /** The partner did not take it and may take it later. */
  | { kind: 'unavailable'; reason: string; retryAt?: Date; pause?: PauseWish }
  /** The request may or may not have had its effect. */
  | { kind: 'unknown'; reason: string };

/** Asks for the whole endpoint to be paused, because the next call would meet the same answer. */
export type PauseWish = { reason: 'rate-limit' | 'credential' | 'maintenance'; until?: Date; detail: string };

export type OutcomeKind = Outcome['kind'];

export function delivered(reference?: string, note?: string): Outcome {
  return { kind: 'delivered', ...(reference !== undefined && { reference }), ...(note !== undefined && { note }) };
}

export function refused(reason: string, detail?: unknown): Outcome {
  return { kind: 'refused', reason, ...(detail !== undefined && { detail }) };
}

/** Refused, and tried again once something was delivered on `lane`. */
export function refusedUntil(lane: string, reason: string): Outcome {
  return { kind: 'refused', reason, awaits: lane };
}

export function unavailable(reason: string, more: { retryAt?: Date; pause?: PauseWish } = {}): Outcome {
  return { kind: 'unavailable', reason, ...more };
}

export function unknown(reason: string): Outcome {
  return { kind: 'unknown', reason };
}
