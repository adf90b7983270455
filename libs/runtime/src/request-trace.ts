import type { IncomingMessage } from 'node:http';
import { newTraceparent, parseTraceparent, traceIdOf } from './traceparent.js';

const TRACE_ID = Symbol('trace id');

/** The caller's trace id when it sent a `traceparent`, else one made for this request; the same on every call. */
export function traceIdOfRequest(request: IncomingMessage & { [TRACE_ID]?: string }): string {
  request[TRACE_ID] ??= parseTraceparent(request.headers.traceparent)?.traceId ?? traceIdOf(newTraceparent())!;
  return request[TRACE_ID];
}
