import type { PartnerAnswer } from './partner-answer.js';
import type { HttpMethod } from './partner-request.js';

/** One call on its way through the stages: ready to be sent, and never changed on the way. */
export interface PartnerCall {
  method: HttpMethod;
  /** The path as written in the code, `/clients/{id}`: all that errors and metrics may say of it. */
  template: string;
  /** Path and query as they are sent. */
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
  expects: 'json' | 'anything';
  deadlineMs: number;
  /** On the monotonic clock: nothing of this call may happen later, waits of our own included. */
  endsAtMs: number;
  probe: boolean;
  signal?: AbortSignal;
}

/** @throws PartnerUnavailable when there is no answer */
export type Call = (call: PartnerCall) => Promise<PartnerAnswer>;

export type Stage = (next: Call) => Call;

/** The first stage of the list is the outermost. */
export function throughStages(stages: Stage[], last: Call): Call {
  return stages.reduceRight((next, stage) => stage(next), last);
}
