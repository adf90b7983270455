import type { Clock } from '#libs/runtime';
import type { Agent, Dispatcher } from 'undici';
import { AddressNotAllowed } from './address-guard.js';
import type { RawAnswer } from './partner-answer.js';
import { PartnerUnavailable, type Sent, type UnavailableCode } from './partner-unavailable.js';
import type { PartnerCall } from './stage.js';
import { readTransportFailure, systemCodeOf } from './transport-failure.js';

export interface ExchangeOptions {
  agent: Agent;
  origin: string;
  maxBodyBytes: number;
  clock: Clock;
}

/**
 * One request, one answer, over a socket of its own for as long as it lasts.
 *
 * Written on `dispatch`, which is `undici.request` without its stream, because `request` keeps two things from us:
 * whether the request was ever written (`sent`), and an abort before the connection stands, which it only reports
 * once it does.
 *
 * @throws PartnerUnavailable; any other error is a request no server could be sent (a line break in a header)
 */
export function exchange(options: ExchangeOptions, call: PartnerCall): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = call;
    const isLate = () => options.clock.monotonicMs() >= call.endsAtMs;
    const answer = new AnswerCollector(options.maxBodyBytes, isLate, resolve, reject);
    if (call.signal?.aborted) return answer.fail(readAbort(call.signal));
    const abort = () => answer.fail(readAbort(call.signal!));
    call.signal?.addEventListener('abort', abort, { once: true });
    answer.whenOver = () => call.signal?.removeEventListener('abort', abort);
    options.agent.dispatch({ origin: options.origin, method, path, headers, body: body ?? null }, answer);
  });
}

/** The deadline stage aborts with `deadline`; any other reason is our caller's. */
function readAbort(signal: AbortSignal): UnavailableCode {
  return signal.reason === 'deadline' ? 'deadline' : 'cancelled';
}

class AnswerCollector implements Dispatcher.DispatchHandler {
  whenOver: () => void = () => undefined;
  private over?: Error | 'answered';
  private controller?: Dispatcher.DispatchController;
  private sent: Sent = 'never';
  private status?: number;
  private headers: Record<string, string> = {};
  private chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly maxBodyBytes: number,
    private readonly isLate: () => boolean,
    private readonly resolve: (answer: RawAnswer) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** Ends the call now. What was written cannot be taken back, so its socket is destroyed with it. */
  fail(code: UnavailableCode, systemCode?: string): void {
    this.end(new PartnerUnavailable(code, { sent: this.sent, status: this.status, systemCode }));
  }

  /**
   * The last moment before the first byte is written. Throwing drops a call whose time is over and keeps the socket.
   * The clock is read again: a process that was stopped wakes up here before its timers do.
   */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isLate()) this.fail('deadline');
    if (this.over instanceof Error) throw this.over;
    this.controller = controller;
    this.sent = 'maybe';
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return; // 100, 103: the answer is still to come
    this.status = status;
    this.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value ?? ''].flat().join(', ')]),
    );
    if (!/^(|identity)$/i.test(this.headers['content-encoding'] ?? '')) this.fail('answer-encoded');
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > this.maxBodyBytes) return this.fail('answer-too-large');
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.over = 'answered';
    this.whenOver();
    this.resolve({ status: this.status!, headers: this.headers, bytes: Buffer.concat(this.chunks) });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (error instanceof AddressNotAllowed) return this.fail('address-not-allowed');
    const systemCode = systemCodeOf(error);
    if (systemCode === 'UND_ERR_INVALID_ARG') return this.end(error);
    this.fail(readTransportFailure(systemCode), systemCode);
  }

  private end(error: Error): void {
    if (this.over) return;
    this.over = error;
    this.chunks = [];
    this.whenOver();
    this.reject(error);
    this.controller?.abort(error);
  }
}
