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
  | Unavailable
  /** The request may or may not have had its effect. */
  | { kind: 'unknown'; reason: string };

export type Unavailable = { kind: 'unavailable'; reason: string; retryAt?: Date; pause?: PauseWish };

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

export function unavailable(reason: string, more: { retryAt?: Date; pause?: PauseWish } = {}): Unavailable {
  return { kind: 'unavailable', reason, ...more };
}

export function unknown(reason: string): Outcome {
  return { kind: 'unknown', reason };
}

/** What the partner says of a paid or irreversible call of which we never learnt what became. */
export type Verification =
  /** It has exactly ours. `reference` is the partner's own name for it. */
  | { kind: 'present'; reference: string; note?: string }
  /** It does not have it. Believed only after the time the operation needs to show there. */
  | { kind: 'absent' }
  /** It has something that could be ours or somebody else's: a person decides. */
  | { kind: 'ambiguous'; reason: string }
  /** It cannot say just now. */
  | Unavailable;

export function present(reference: string, note?: string): Verification {
  return { kind: 'present', reference, ...(note !== undefined && { note }) };
}

export function absent(): Verification {
  return { kind: 'absent' };
}

export function ambiguous(reason: string): Verification {
  return { kind: 'ambiguous', reason };
}
