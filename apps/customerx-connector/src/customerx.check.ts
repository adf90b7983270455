import type { ConnectionVerdict } from '#libs/connector-kit';
import type { PartnerAnswer } from '#libs/partner';
import { isLicenceEnded } from './customerx.answers.js';

/** Whose turn it is when a connection test fails: token and tracker are told apart by who asks. */
export function readCheck(answer: PartnerAnswer, credential: { pt: string; en: string }): ConnectionVerdict {
  const { status, body, problem } = answer;
  if (isLicenceEnded(status, body))
    return {
      ok: false,
      problem: 'licence-ended',
      detail: {
        pt: 'A licença do CustomerX terminou: fale com o CustomerX.',
        en: 'The CustomerX licence has ended: call CustomerX.',
      },
    };
  if (status === 401 || status === 403)
    return {
      ok: false,
      problem: 'credential',
      detail: { pt: `O CustomerX recusou ${credential.pt}.`, en: `CustomerX refused ${credential.en}.` },
    };
  if (status < 300 && !problem) return { ok: true };
  const said = problem ? `HTTP ${status}: ${problem}` : `HTTP ${status}`;
  return {
    ok: false,
    problem: status >= 500 || status === 429 ? 'unreachable' : 'strange-answer',
    detail: { pt: said, en: said },
  };
}
