import { TextDecoder } from 'node:util';

/** Why a 2xx or 3xx is not what a JSON API answers, in words that need no translation table. */
export type AnswerProblem = 'unexpected redirect' | 'unexpected content type' | 'invalid JSON';

export interface PartnerAnswer {
  status: number;
  /** Names in lower case; a repeated header is joined with `, `. */
  headers: Record<string, string>;
  /** As sent, `''` when absent. */
  contentType: string;
  text: string;
  /** Parsed when it is JSON (an object or array under any content type), otherwise undefined. */
  body: unknown;
  /** Set when this cannot be the API speaking: a login page, a redirect, a cut document. */
  problem?: AnswerProblem;
  /** When the partner asked to come back, on our clock; at most an hour away. */
  retryAfter?: Date;
  answeredAt: Date;
  /** At the partner: connection to last byte, without our own waits. */
  durationMs: number;
}

/** What came over the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  bytes: Buffer;
}

type ReadText = Pick<PartnerAnswer, 'contentType' | 'text' | 'body' | 'problem'>;

export function readContent(raw: RawAnswer, expects: 'json' | 'anything'): ReadText {
  const contentType = raw.headers['content-type'] ?? '';
  const text = decode(raw.bytes, contentType);
  const parsed = parseJson(text, contentType);
  return { contentType, text, body: parsed?.value, problem: problemOf(raw.status, text, contentType, expects, parsed) };
}

function problemOf(
  status: number,
  text: string,
  contentType: string,
  expects: 'json' | 'anything',
  parsed: { value: unknown } | undefined,
): AnswerProblem | undefined {
  if (status >= 300 && status < 400) return 'unexpected redirect';
  if (status >= 400 || text === '' || parsed || expects === 'anything') return undefined;
  return isJson(contentType) ? 'invalid JSON' : 'unexpected content type';
}

/** `text/html` around a JSON body is common (a PHP script that forgot the header) and harmless; a page never parses. */
function parseJson(text: string, contentType: string): { value: unknown } | undefined {
  if (!isJson(contentType) && !/^\s*[{[]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function isJson(contentType: string): boolean {
  return /^[\w.-]+\/([\w.-]+\+)?json\b/i.test(contentType.trim());
}

function decode(bytes: Buffer, contentType: string): string {
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  return decoderOf(charset).decode(bytes);
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}
