import { maskEchoes, maskWords } from '#libs/runtime';
import type { EndedAttempt, LaneResult } from './settle.js';
import type { Verdict } from './verdict.js';

/**
 * What is about to be kept and told of an attempt: a partner's words, or those of an exception, often repeat the person
 * the delivery is about, and reasons stand in plain columns, lists, events and the audit.
 */
export function maskedResult(result: LaneResult): LaneResult {
  return result.attempt ? { ...result, attempt: maskedAttempt(result.attempt) } : result;
}

function maskedAttempt(attempt: EndedAttempt): EndedAttempt {
  const { body } = attempt.delivery;
  return {
    ...attempt,
    verdict: maskedVerdict(attempt.verdict, body),
    ...(attempt.reason !== undefined && { reason: maskWords(attempt.reason, body) }),
    ...(attempt.note !== undefined && { note: maskWords(attempt.note, body) }),
  };
}

/** No name and no document is shorter; and of each delivery that went well nothing more is looked at. */
const SHORT_NUMBER = /^\d{1,10}$/;

/** A reference stays what the partner calls it, unless that is the person: it may be asked for by it again. */
function maskedVerdict(verdict: Verdict, body: unknown): Verdict {
  if (verdict.reason !== undefined) verdict = { ...verdict, reason: maskWords(verdict.reason, body) } as Verdict;
  if (verdict.kind !== 'final' || verdict.reference === undefined || SHORT_NUMBER.test(verdict.reference))
    return verdict;
  return { ...verdict, reference: maskEchoes(verdict.reference, body) };
}
