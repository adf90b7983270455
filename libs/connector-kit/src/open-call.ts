import { unknown, type Outcome } from '#libs/contracts';
import {
  PartnerUnavailable,
  readCommon,
  type MaskedExchange,
  type PartnerAnswer,
  type PartnerEndpoint,
} from '#libs/partner';
import type { LoggedInCall } from './login-calls.js';

/** A call while it is made, and what its requests have proved so far. */
export interface OpenCall extends LoggedInCall {
  endpointId: string;
  endpoint: PartnerEndpoint;
  exchanges: MaskedExchange[];
  probe: boolean;
  /** A request that may change something there may have left. */
  mayHaveLeft?: boolean;
  /** Such a request was answered with yes. */
  taken?: true;
  /** Of such a request there was no answer, or one that proves nothing; in words. */
  doubt?: string;
}

export function nothingYet(): Pick<OpenCall, 'exchanges' | 'tokens'> {
  return { exchanges: [], tokens: [] };
}

/** 401, 403 and 429 say that nothing was done; a 5xx or a page that is no answer of an API may come after it was. */
export function noteAnswer(about: OpenCall, answer: PartnerAnswer): void {
  const common = readCommon(answer);
  about.mayHaveLeft = true;
  if (!common && answer.status < 300) about.taken = true;
  if (common && !common.pause) about.doubt ??= common.reason;
}

export function noteFailure(about: OpenCall, error: unknown): void {
  if (error instanceof PartnerUnavailable && error.sent === 'never') return;
  about.mayHaveLeft = true;
  about.doubt ??= error instanceof Error ? error.message : String(error);
}

/** Of a paid or irreversible call: "it did not take it" is believed only where no request of it is in doubt. */
export function withDoubt(outcome: Outcome, { doubt }: OpenCall): Outcome {
  return outcome.kind === 'unavailable' && doubt !== undefined ? unknown(doubt) : outcome;
}

/** What ended the method is no word of it: "it did not leave" says nothing of a request before, which was taken. */
export function afterTaken(outcome: Outcome, about: OpenCall): Outcome {
  return outcome.kind === 'unavailable' && about.taken ? unknown(outcome.reason) : withDoubt(outcome, about);
}
