import { unavailable, unknown, type Outcome, type Unavailable } from '#libs/contracts';
import { isFailedAnswer } from './breaker.js';
import type { AnswerProblem, PartnerAnswer } from './partner-answer.js';
import { PartnerUnavailable, type UnavailableCode } from './partner-unavailable.js';
import { readComeBackAt } from './retry-after.js';

/** After a 429 that does not say for how long. */
const UNSAID_PAUSE_MS = 30_000;
/** After a 429 that says "now" or a moment already past: never a tight loop. */
const SHORTEST_PAUSE_MS = 1_000;

const PROBLEM_WORDS: Record<AnswerProblem, string> = {
  'unexpected redirect': 'redirecionamento inesperado / unexpected redirect',
  'unexpected content type': 'tipo de conteúdo inesperado / unexpected content type',
  'invalid JSON': 'JSON inválido / invalid JSON',
};

/** Nothing but a change of settings, or a green connection test, helps. */
const SETTINGS_MISTAKES: ReadonlySet<UnavailableCode> = new Set<UnavailableCode>([
  'certificate-not-trusted',
  'certificate-wrong-name',
  'ca-unreadable',
  'address-invalid',
  'address-not-allowed',
  'plain-http-refused',
]);

/**
 * What every partner means by the same answer, so that a connector's `readAnswer` begins with
 * `const common = readCommon(answer); if (common) return common;` and reads only what is its partner's own.
 *
 *   401, 403              unavailable, pauses the endpoint until settings are saved or tested
 *   429                   unavailable, pauses the endpoint until the moment asked for
 *   408, 425, 5xx         unavailable; counted by the breaker
 *   3xx, or a 2xx that is no answer of an API (a login page, a cut document)   the same
 *   the rest              undefined: yours to read
 *
 * A 5xx proves nothing about a paid operation: it may have been applied before the answer broke.
 */
export function readCommon(answer: PartnerAnswer): Unavailable | undefined {
  const { status, problem, retryAfter } = answer;
  if (status === 401 || status === 403) return credentialRefused(status);
  if (status === 429) return rateLimited(answer);
  if (!isFailedAnswer(answer)) return undefined;
  const reason = problem ? `HTTP ${status}: ${PROBLEM_WORDS[problem]}` : `HTTP ${status}`;
  return unavailable(reason, retryAfter && { retryAt: retryAfter });
}

/**
 * @returns `unavailable` when the request cannot have reached the partner, `unknown` when it may have;
 *   undefined for any other error: our bug
 */
export function readUnavailable(error: unknown): Outcome | undefined {
  if (!(error instanceof PartnerUnavailable)) return undefined;
  const reason = `${error.code}: ${error.message}`;
  if (error.sent === 'maybe') return unknown(reason);
  return unavailable(reason, {
    ...(error.retryAt && { retryAt: error.retryAt }),
    ...(SETTINGS_MISTAKES.has(error.code) && { pause: { reason: 'credential', detail: reason } }),
  });
}

function credentialRefused(status: number): Unavailable {
  const reason = `HTTP ${status}: credencial recusada / credential refused`;
  return unavailable(reason, { pause: { reason: 'credential', detail: reason } });
}

function rateLimited({ headers, answeredAt }: PartnerAnswer): Unavailable {
  const asked = readComeBackAt(headers, answeredAt)?.getTime() ?? answeredAt.getTime() + UNSAID_PAUSE_MS;
  const until = new Date(Math.max(asked, answeredAt.getTime() + SHORTEST_PAUSE_MS));
  const reason = 'HTTP 429: limite de requisições do parceiro / rate limited by the partner';
  return unavailable(reason, { retryAt: until, pause: { reason: 'rate-limit', until, detail: reason } });
}
