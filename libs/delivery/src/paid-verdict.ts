import type { Outcome, Verification } from '#libs/contracts';
import type { ClaimedDelivery, PaidRules } from './courier.js';
import { waitAfter } from './retry.js';
import { judge, type Circumstances, type Verdict } from './verdict.js';

/** What became of a call that was written down before it was made. */
export type IntentState =
  'open' | 'unknown' | 'lost' | 'confirmed' | 'refused' | 'not-made' | 'absent' | 'denied' | 'given-up';

/** What a settlement writes of the intent. */
export interface IntentEnd {
  number: number;
  /** Null: as it is. */
  state: IntentState | null;
  /** Verifications in a row that got no answer. */
  unanswered: number;
}

/** The last intent of a delivery of which nobody knows what became. */
export interface LastIntent {
  number: number;
  state: IntentState;
  unanswered: number;
  /** Since its call ended, or since it was taken over from a process that was never heard of again. */
  endedMs: number;
  /** Since the idempotency key was first sent. */
  keyUsedMs: number;
}

export interface Judged {
  verdict: Verdict;
  intent: IntentEnd;
}

type Unknown = Extract<Verdict, { state: 'unknown' }>;

/** An answer to a paid or irreversible call: `unavailable` is one that was not made, and nothing else is. */
export function judgeCall(outcome: Outcome, number: number, delivery: ClaimedDelivery, about: Circumstances): Judged {
  if (outcome.kind === 'unknown') return unknownCall(outcome.reason, number);
  const states = { delivered: 'confirmed', refused: 'refused', unavailable: 'not-made' } as const;
  const intent = { number, state: states[outcome.kind], unanswered: 0 };
  return { verdict: judge(outcome, delivery, about), intent };
}

/** Verified at once: "present" can be believed from the first moment. */
export function unknownCall(reason: string, number: number): Judged {
  const verdict: Unknown = { kind: 'kept', state: 'unknown', reason, waitMs: 0, counted: true };
  return { verdict, intent: { number, state: 'unknown', unanswered: 0 } };
}

/** The holder before us wrote its intent and was never heard of again: it may still wake up and send. */
export function lostCall(number: number): Judged {
  const { verdict } = unknownCall('the process that made this call ended without a result', number);
  return { verdict, intent: { number, state: 'lost', unanswered: 0 } };
}

export interface VerificationRules extends PaidRules {
  deadlineMs: number;
  /** After so many verifications in a row without an answer a person is asked. */
  attempts: number;
  waitsMs?: readonly number[];
  now: Date;
}

/**
 *   present                                    delivered
 *   absent, before the partner must show it    verified again
 *   absent, after, the call ended by itself    sent again under the same key while the partner honours it, else a person
 *   absent, after, the caller never heard of   a person: it may still wake up and send
 *   ambiguous                                  a person
 *   unavailable                                verified again, a few times; then a person
 */
export function judgeVerification(verification: Verification, intent: LastIntent, rules: VerificationRules): Judged {
  const still = { number: intent.number, state: null, unanswered: 0 };
  switch (verification.kind) {
    case 'present': {
      const { reference, note } = verification;
      const reason = note === undefined ? 'verified' : `verified: ${note}`;
      const verdict: Verdict = { kind: 'final', state: 'delivered', reference, reason, counted: false };
      return { verdict, intent: { ...still, state: 'confirmed' } };
    }
    case 'absent':
      return judgeAbsent(intent, rules);
    case 'ambiguous':
      return { verdict: person(`${AMBIGUOUS}: ${verification.reason}`), intent: still };
    case 'unavailable': {
      const unanswered = intent.unanswered + 1;
      return { verdict: judgeUnanswered(verification, unanswered, rules), intent: { ...still, unanswered } };
    }
  }
}

function judgeAbsent(intent: LastIntent, rules: VerificationRules): Judged {
  const still = { number: intent.number, state: null, unanswered: 0 };
  const untilBelieved = rules.settlesWithinMs - intent.endedMs;
  if (untilBelieved > 0)
    return { verdict: again(TOO_EARLY, Math.min(untilBelieved, lookAgainMs(intent))), intent: still };
  if (intent.state === 'lost') return { verdict: person(MAY_STILL_WAKE), intent: still };
  if (!keyHolds(intent.keyUsedMs, rules)) return { verdict: person(keyLacks(rules)), intent: still };
  const verdict: Verdict = { kind: 'kept', state: 'pending', reason: SENT_AGAIN, waitMs: null, counted: false };
  return { verdict, intent: { ...still, state: 'absent' } };
}

function judgeUnanswered(
  { reason, retryAt }: Extract<Verification, { kind: 'unavailable' }>,
  unanswered: number,
  { attempts, waitsMs, now }: VerificationRules,
): Unknown {
  if (unanswered >= attempts) return person(`${UNANSWERED} (${unanswered}): ${reason}`);
  const asked = retryAt ? retryAt.getTime() - now.getTime() : 0;
  return again(reason, Math.max(waitAfter(unanswered, waitsMs), asked));
}

/** Whether a call begun now ends while the partner still takes it for the same as the first with this key. */
export function keyHolds(
  keyUsedMs: number,
  { idempotencyKeyForMs = 0, deadlineMs }: Pick<VerificationRules, 'idempotencyKeyForMs' | 'deadlineMs'>,
): boolean {
  return keyUsedMs + deadlineMs < idempotencyKeyForMs;
}

export function keyLacks({ idempotencyKeyForMs }: PaidRules): string {
  return idempotencyKeyForMs === undefined ? NO_KEY : KEY_EXPIRED;
}

/** Twice as late each time, so that what shows early is found early. */
function lookAgainMs({ endedMs }: LastIntent): number {
  return Math.max(endedMs, 1_000);
}

function again(reason: string, waitMs: number): Unknown {
  return { kind: 'kept', state: 'unknown', reason, waitMs, counted: false };
}

function person(reason: string): Unknown {
  return { kind: 'kept', state: 'unknown', reason, waitMs: null, counted: false };
}

const TOO_EARLY = 'o parceiro ainda não o mostra; cedo para crer / not there yet, and too early to believe it';
const SENT_AGAIN = 'verificado: não está lá; enviado de novo com a mesma chave / absent: sent again under the same key';
const MAY_STILL_WAKE =
  'não está lá, mas quem chamou pode ainda enviar: diga se aconteceu / absent, but whoever called may still send it: say whether it happened';
const NO_KEY =
  'não está lá, e o parceiro não aceita chave de idempotência: diga se aconteceu / absent, and the partner honours no idempotency key: say whether it happened';
const KEY_EXPIRED =
  'não está lá, e a chave de idempotência expirou: diga se aconteceu / absent, and the idempotency key has expired: say whether it happened';
const AMBIGUOUS = 'pode ser o nosso ou de outro: diga se aconteceu / it may be ours or not: say whether it happened';
const UNANSWERED = 'o parceiro não respondeu às verificações / the partner did not answer the verifications';
