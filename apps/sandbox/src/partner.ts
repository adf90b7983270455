import type { IncomingHttpHeaders } from 'node:http';
import type { Effect, ItemEffect } from './call-log.js';

/** A call as a partner gets it; the path is without the partner's own prefix. */
export interface PartnerRequest {
  verb: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** As it came. */
  text: string;
}

export interface PartnerAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON; absent sends nothing. */
  body?: unknown;
  effect?: Effect;
  /** Of a call that carries many things: each of them, in order. */
  effects?: readonly ItemEffect[];
  /** What the call was about, for the log. */
  resource?: string;
  externalId?: string;
}

/** A simulated partner: real state, its own refusals. Everything that is the same for all of them is the door's. */
export interface Partner {
  /** Its first path segment. */
  readonly name: string;
  /** Whose credentials the call carries; undefined when nobody's. */
  accountOf(request: PartnerRequest): string | undefined;
  /** Acts and answers in one go, so the order of the log is the order of the effects. */
  answer(request: PartnerRequest): PartnerAnswer;
  /** How this partner words a status that was asked for from outside. */
  wordsFor(status: number): PartnerAnswer;
  /** What it holds, for checkers. */
  state(account?: string): unknown;
  /** Back to the first day. */
  reset(): void;
}
