import { maskEchoes } from '#libs/runtime';
import { isSecretName, MASK, maskText, maskValue } from './masking.js';
import type { PartnerAnswer } from './partner-answer.js';
import type { PartnerRequest } from './partner-request.js';
import { PartnerUnavailable } from './partner-unavailable.js';

/** What an attempt may keep of a call: enough to see what went wrong, nothing that identifies a person or opens a door. */
export interface MaskedExchange {
  method: string;
  /** Filled in and with its query, masked. */
  path: string;
  status?: number;
  /** Of a call without an answer. */
  code?: string;
  sent?: 'never' | 'maybe';
  durationMs?: number;
  /** Only those that help to talk to the partner's support. */
  answerHeaders?: Record<string, string>;
  requestBody?: string;
  answerBody?: string;
}

const KEPT_BYTES = 2048;
/** Beyond this a body is named by its size: masking costs time, and cutting before masking could cut a document in two. */
const MASKED_BYTES = 65_536;
const HELPFUL_HEADERS =
  /^(content-type|retry-after|x-ratelimit-\w+|(x-)?(request|correlation|trace)-?id|x-page|x-pages|x-total)$/;

export function maskedExchange(request: PartnerRequest, result: PartnerAnswer | PartnerUnavailable): MaskedExchange {
  const secrets = secretsOf(request);
  return {
    method: request.method,
    path: maskedPath(request, secrets),
    ...(request.body !== undefined && { requestBody: maskedBody(request.body, secrets) }),
    ...(result instanceof PartnerUnavailable ? maskedFailure(result) : maskedAnswer(result, secrets, request.body)),
  };
}

function maskedFailure({ status, code, sent }: PartnerUnavailable): Partial<MaskedExchange> {
  return { ...(status !== undefined && { status }), code, sent };
}

function maskedAnswer(answer: PartnerAnswer, secrets: string[], sent: unknown): Partial<MaskedExchange> {
  const helpful = Object.entries(answer.headers).filter(([name]) => HELPFUL_HEADERS.test(name));
  return {
    status: answer.status,
    durationMs: answer.durationMs,
    answerHeaders: Object.fromEntries(helpful.map(([name, value]) => [name, cut(maskText(value, secrets))])),
    ...(answer.text && { answerBody: maskedBody(maskEchoes(answer.text, sent), secrets) }),
  };
}

/** Header values that open a door, with and without their scheme word: a partner's error page likes to repeat them. */
function secretsOf({ headers = {}, query = {} }: PartnerRequest): string[] {
  const named = [...Object.entries(headers), ...Object.entries(query)];
  return named
    .filter(([name]) => isSecretName(name))
    .flatMap(([, value]) => [String(value), String(value).split(' ').at(-1)!])
    .filter((secret) => secret.length >= 4);
}

function maskedPath({ path, params = {}, query = {} }: PartnerRequest, secrets: string[]): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''));
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${isSecretName(name) ? MASK : String(value)}`);
  return cut(maskText(pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled, secrets));
}

function maskedBody(body: unknown, secrets: string[]): string {
  const text = Buffer.isBuffer(body) ? body.toString() : typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  return bytes > MASKED_BYTES ? `[${bytes} bytes]` : cut(maskedText(text, secrets));
}

function maskedText(text: string, secrets: string[]): string {
  try {
    return JSON.stringify(maskValue(JSON.parse(text), secrets));
  } catch {
    return maskText(text, secrets);
  }
}

function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= KEPT_BYTES) return text;
  return `${bytes
    .subarray(0, KEPT_BYTES)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
}
