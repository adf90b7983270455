import type { IncomingMessage } from 'node:http';
import type { Middleware } from './http-headers.js';
import { invalidRequest } from './problem.js';

const DEEPEST = 32;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Refuses, once for every route, what no table keeps and no honest caller sends: the character U+0000, half of a
 * surrogate pair, a field named `__proto__`, nesting without end. Without this each of them is a 500 somewhere below.
 */
export const refuseUnstorable: Middleware = (request: IncomingMessage & { body?: unknown }, _response, next) => {
  if (/%00/.test(request.url ?? '')) return next(invalidRequest([{ pointer: '?', detail: 'holds U+0000' }]));
  const mistake = mistakeIn(request.body);
  next(mistake && invalidRequest([mistake]));
};

interface Mistake {
  pointer: string;
  detail: string;
}

/** A list of what is still to be looked at rather than recursion, which is what deep nesting is sent for. */
function mistakeIn(body: unknown): Mistake | undefined {
  const waiting: { value: unknown; pointer: string; depth: number }[] = [{ value: body, pointer: '', depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, pointer, depth } = next;
    const detail = depth > DEEPEST ? `is nested deeper than ${DEEPEST} levels` : problemOf(value);
    if (detail) return { pointer, detail };
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, field] of Object.entries(value)) {
      if (name === '__proto__' || problemOf(name)) return { pointer, detail: 'has a field of an impossible name' };
      waiting.push({
        value: field,
        pointer: `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        depth: depth + 1,
      });
    }
  }
  return undefined;
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value.includes('\0')) return 'holds the character U+0000';
  return LONE_SURROGATE.test(value) ? 'holds half of a surrogate pair' : undefined;
}
