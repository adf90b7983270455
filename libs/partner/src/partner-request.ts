import type { PartnerCall } from './stage.js';

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type QueryValue = string | number | boolean;

export interface PartnerRequest {
  method: HttpMethod;
  /** Below the base URL, as a template: `/clients/{id}`. What stands in braces comes from `params`, encoded. */
  path: string;
  params?: Record<string, string | number>;
  /** `undefined` is left out, an array repeats the name. */
  query?: Record<string, QueryValue | QueryValue[] | undefined>;
  headers?: Record<string, string>;
  /** A string or a Buffer is sent as it is (give its content type); anything else as JSON. */
  body?: unknown;
  /** Milliseconds for all of it: our rate limit, connection, headers, the last byte of the body. */
  deadlineMs?: number;
  /** Goes around an open breaker and leaves no trace in it; whoever asked closes it. */
  probe?: boolean;
  /** Of our own: shutdown, a lost lease. */
  signal?: AbortSignal;
  /** What a 2xx must carry to be believed. `json` (the default) tells a login page from an answer. */
  expects?: 'json' | 'anything';
}

/** Node fires a longer timer after 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @throws TypeError for what can only be our mistake: a path with a query in it, a missing or empty parameter,
 *   a body JSON cannot write. Values are never part of the message.
 */
export function prepareCall(request: PartnerRequest, basePath: string, deadlineMs: number, nowMs: number): PartnerCall {
  const givenMs = Math.min(request.deadlineMs ?? deadlineMs, LONGEST_TIMER_MS);
  if (!(givenMs > 0)) throw new TypeError(`the deadline of ${request.method} ${request.path} must be above 0 ms`);
  return {
    method: request.method,
    template: request.path,
    path: basePath + fillPath(request) + queryString(request.query),
    ...preparePayload(request),
    expects: request.expects ?? 'json',
    deadlineMs: givenMs,
    endsAtMs: nowMs + givenMs,
    probe: request.probe ?? false,
    signal: request.signal,
  };
}

function fillPath({ path, params = {} }: PartnerRequest): string {
  if (!path.startsWith('/') || /[?#\s]/.test(path)) {
    throw new TypeError('a path starts with / and has no query; use `params` and `query`');
  }
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(params[name] ?? '');
    // An empty or a dot segment would name another resource.
    if (value === '' || value === '.' || value === '..') {
      throw new TypeError(`the parameter {${name}} of ${path} is missing or empty`);
    }
    return encodeURIComponent(value);
  });
}

function queryString(query: PartnerRequest['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const each of [value].flat()) search.append(name, String(each));
  }
  const text = search.toString();
  return text && `?${text}`;
}

function preparePayload(request: PartnerRequest): Pick<PartnerCall, 'headers' | 'body'> {
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const raw = typeof request.body === 'string' || Buffer.isBuffer(request.body);
  const asJson = request.body !== undefined && !raw;
  return {
    headers: {
      accept: 'application/json',
      'user-agent': 'ponte',
      ...(asJson && { 'content-type': 'application/json' }),
      ...Object.fromEntries(given),
      'accept-encoding': 'identity', // a few compressed bytes may unfold to gigabytes
    },
    body: asJson ? JSON.stringify(request.body) : (request.body as string | Buffer | undefined),
  };
}
