import { maskedExchange, PartnerUnavailable, readUnavailable, type MaskedExchange } from '#libs/partner';
import type { PartnerAnswer, PartnerRequest } from '#libs/partner';
import { Secret } from '#libs/runtime';
import { unavailable } from '#libs/contracts';
import type { Call } from './call.js';
import type { LoginAnswer, LoginEntry } from './login-definition.js';
import type { Token } from './login-rows.js';
import { withoutSecrets } from './without-secrets.js';

type Request = Call<unknown>['request'];
type Result = PartnerAnswer | PartnerUnavailable;

/**
 * Each request with the token. A 401 says that nothing was done, so the request is made once more, with a token that
 * came after; a second 401 is an answer like any other.
 * @param tokenAfter the token, of a later generation than this @throws NoToken
 */
export function withToken(
  request: Request,
  authorize: LoginEntry['authorize'],
  tokenAfter: (rejected: number) => Promise<Token>,
): Request {
  const send = (token: Token, wish: PartnerRequest, about: Parameters<Request>[1]) =>
    request({ ...wish, headers: { ...wish.headers, ...authorize(token.secret.reveal()) } }, about);
  return async (wish, about) => {
    const token = await tokenAfter(0);
    const answer = await send(token, wish, about);
    return answer.status === 401 ? send(await tokenAfter(token.generation), wish, about) : answer;
  };
}

/** A login has no effect a partner could charge for: where there is no clear answer, it is made again. */
export async function readLogin(login: Promise<LoginAnswer>, settings: object): Promise<LoginAnswer> {
  try {
    const answer = await login;
    return answer.kind === 'token' ? answer : withoutSecrets(answer, settings);
  } catch (error) {
    const outcome = readUnavailable(error);
    if (!outcome || outcome.kind === 'delivered') throw error;
    return outcome.kind === 'unavailable' ? outcome : unavailable(outcome.reason);
  }
}

const NOT_KEPT = '[login]';

/** Of a login nothing is kept that was sent, nor what it brought; of a refusal, what the partner said. */
export function maskedLogin(request: PartnerRequest, result: Result, settings: object): MaskedExchange {
  const secrets = Object.values(settings).filter((value) => value instanceof Secret);
  const { answerBody, ...kept } = maskedWith(secrets, request, result);
  const isRefusal = 'status' in result && result.status !== undefined && result.status >= 400;
  return {
    ...kept,
    ...(kept.requestBody !== undefined && { requestBody: NOT_KEPT }),
    ...(isRefusal && answerBody !== undefined && { answerBody }),
  };
}

/** Known by their value too, whatever name or header the partner has for them. */
export function maskedWith(secrets: readonly Secret[], request: PartnerRequest, result: Result): MaskedExchange {
  const named = Object.fromEntries(secrets.map((secret, at) => [`secret-${at}-token`, secret.reveal()]));
  return maskedExchange({ ...request, headers: { ...request.headers, ...named } }, result);
}
