import { STATUS_CODES } from 'node:http';
import type { PartnerAnswer } from '../partner.js';

export type FieldErrors = Record<string, string[]>;

/** Their words for each refusal; the proposed contract, since the public page has none. */
export const NOT_FOUND: PartnerAnswer = { status: 404, body: { error: 'Not found' } };
export const INVALID_TOKEN: PartnerAnswer = { status: 401, body: { error: 'Invalid token' } };
export const INVALID_CREDENTIAL: PartnerAnswer = { status: 401, body: { error: 'Invalid credential or key' } };
export const LICENCE_ENDED: PartnerAnswer = { status: 403, body: { error: 'License expired' } };
export const INVALID_JSON: PartnerAnswer = { status: 400, body: { error: 'Invalid JSON' } };
export const TOO_MANY_REQUESTS: PartnerAnswer = { status: 429, body: { error: 'Rate limit exceeded' } };
export const TAKEN = 'has already been taken';
export const BLANK = "can't be blank";

export function unprocessable(errors: FieldErrors): PartnerAnswer {
  return { status: 422, body: { message: 'Validation failed', errors } };
}

/** A status asked for by a fault, worded as CustomerX words it. */
export function wordsFor(status: number, nowS: number): PartnerAnswer {
  if (status === 401) return INVALID_TOKEN;
  if (status === 403) return LICENCE_ENDED;
  if (status === 404) return NOT_FOUND;
  if (status === 422) return unprocessable({ base: ['is invalid'] });
  if (status === 429)
    return { ...TOO_MANY_REQUESTS, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(nowS + 60) } };
  if (status < 300) return { status, body: {} };
  return { status, body: { error: STATUS_CODES[status] ?? 'Error' } };
}
