import { readConnection, type ConnectionVerdict } from '#libs/connector-kit';
import type { PartnerAnswer } from '#libs/partner';
import { isLicenceEnded } from './customerx.answers.js';

/** Whose turn it is when a connection test fails: token and tracker are told apart by who asks. */
export function readCheck(answer: PartnerAnswer, credential: { pt: string; en: string }): ConnectionVerdict {
  if (isLicenceEnded(answer.status, answer.body))
    return {
      ok: false,
      problem: 'licence-ended',
      detail: {
        pt: 'A licença do CustomerX terminou: fale com o CustomerX.',
        en: 'The CustomerX licence has ended: call CustomerX.',
      },
    };
  return readConnection(answer, {
    pt: `O CustomerX recusou ${credential.pt}.`,
    en: `CustomerX refused ${credential.en}.`,
  });
}
