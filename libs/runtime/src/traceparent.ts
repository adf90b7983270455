import { randomBytes } from 'node:crypto';

/** W3C Trace Context, version 00. `traceId` is what a person quotes; it stays the same along the whole way. */
export interface TraceContext {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

const SHAPE = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Undefined for anything the specification calls invalid: the receiver then starts a trace of its own. */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  if (typeof text !== 'string') return undefined;
  const parts = SHAPE.exec(text);
  if (!parts || (text.startsWith('00') && text.length !== 55)) return undefined;
  return { traceId: parts[1]!, spanId: parts[2]!, sampled: (parseInt(parts[3]!, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

export function newTraceparent(sampled = true): string {
  return formatTraceparent({ traceId: randomHex(16), spanId: randomHex(8), sampled });
}

/** The same trace one step further; a new trace where the parent is missing or invalid. */
export function childTraceparent(parent: string | undefined): string {
  const context = parseTraceparent(parent);
  return context ? formatTraceparent({ ...context, spanId: randomHex(8) }) : newTraceparent();
}

export function traceIdOf(traceparent: string | undefined): string | undefined {
  return parseTraceparent(traceparent)?.traceId;
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
