import type { LaneResult } from './settle.js';
import { unknownCall } from './paid-verdict.js';
import { parkAsOurBug, type Verdict } from './verdict.js';

const NO_WORDS = 'what was answered could not be stored';

/**
 * What the ledger cannot hold of an attempt must not keep its lane for ever: as it is, then the verdict without the
 * words, then parked as our bug, with nothing of it; a paid or irreversible one is unknown then.
 */
export function everLess(result: LaneResult): LaneResult[] {
  const { attempt } = result;
  if (!attempt) return [result];
  const { delivery, outcome, startedAt, intent } = attempt;
  const bare = { delivery, outcome, startedAt, intent };
  const verdict = withoutWords(attempt.verdict);
  const last = intent ? unknownCall(NO_WORDS, intent.number) : { verdict: parkAsOurBug(new Error(NO_WORDS)) };
  return [
    result,
    { ...result, attempt: { ...bare, verdict, reason: NO_WORDS } },
    { ...result, attempt: { ...bare, ...last, reason: NO_WORDS }, keep: false },
  ];
}

function withoutWords(verdict: Verdict): Verdict {
  if (verdict.kind === 'final') return { ...verdict, reason: undefined, reference: undefined };
  return { ...verdict, reason: NO_WORDS };
}
