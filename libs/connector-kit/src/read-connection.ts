import type { PartnerAnswer } from '#libs/partner';
import type { Words } from '#libs/settings';
import type { ConnectionVerdict } from './call.js';

/**
 * Whose turn it is when a connection test fails, by what every partner means by the same status.
 * @param refused the sentence for 401 and 403: which credential the partner refused
 */
export function readConnection({ status, problem }: PartnerAnswer, refused: Words): ConnectionVerdict {
  if (status === 401 || status === 403) return { ok: false, problem: 'credential', detail: refused };
  if (status < 300 && !problem) return { ok: true };
  const said = problem ? `HTTP ${status}: ${problem}` : `HTTP ${status}`;
  const isAway = status >= 500 || status === 429;
  return { ok: false, problem: isAway ? 'unreachable' : 'strange-answer', detail: { pt: said, en: said } };
}
