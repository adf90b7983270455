import CircuitBreaker from 'opossum';
import type { PartnerAnswer } from './partner-answer.js';
import { PartnerUnavailable } from './partner-unavailable.js';
import type { Stage } from './stage.js';
import { tell } from './tell.js';

export interface BreakerOptions {
  /** How far back calls are counted. */
  windowMs: number;
  /** Fewer calls in the window prove nothing. */
  minimumCalls: number;
  /** Opens above this share; below 50, so that an endpoint failing every other call opens it. */
  failurePercent: number;
  /** Opens after so many in a row, however slowly they come: calls timing out one a minute never fill a window. */
  failuresInARow: number;
}

export const DEFAULT_BREAKER: BreakerOptions = {
  windowMs: 60_000,
  minimumCalls: 10,
  failurePercent: 40,
  failuresInARow: 10,
};

/**
 * A sensor, not an authority. It says when an endpoint fails too often and from then on lets only probes through;
 * when to try again is decided by whoever keeps the endpoint's pauses, for all replicas, and told by `close()`.
 *
 * opossum counts, and is thrown away the moment it opens: no timer of its own can half-open it (`resetTimeout` beyond
 * 2^31 fires after 1 ms), and a closed breaker starts with an empty memory instead of the outage's last minute.
 */
export class Breaker {
  private circuit?: CircuitBreaker<[() => Promise<PartnerAnswer>], PartnerAnswer>;
  private failedInARow = 0;
  private opened = false;
  private readonly listeners = new Set<() => void>();
  private readonly options: BreakerOptions;

  constructor(options: Partial<BreakerOptions> = {}) {
    this.options = { ...DEFAULT_BREAKER, ...options };
  }

  get state(): 'closed' | 'open' {
    return this.opened ? 'open' : 'closed';
  }

  readonly stage: Stage = (next) => (call) => (call.probe ? next(call) : this.run(() => next(call)));

  /** Called when it opens by itself, not by `open()`. @returns how to stop listening */
  onOpen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  open(): void {
    this.opened = true;
    this.forget();
  }

  close(): void {
    this.opened = false;
  }

  /** Stops opossum's timer. */
  forget(): void {
    this.circuit?.shutdown();
    this.circuit = undefined;
    this.failedInARow = 0;
  }

  private async run(call: () => Promise<PartnerAnswer>): Promise<PartnerAnswer> {
    if (this.opened) throw new PartnerUnavailable('breaker-open', { sent: 'never' });
    const circuit = (this.circuit ??= this.newCircuit());
    try {
      const answer = await circuit.fire(call);
      this.failedInARow = 0;
      return answer;
    } catch (error) {
      if (CircuitBreaker.isOurError(error as Error)) throw new PartnerUnavailable('breaker-open', { sent: 'never' });
      if (circuit === this.circuit && countsAsFailure(error)) this.noteFailure(circuit);
      if (error instanceof FailedAnswer) return error.answer;
      throw error;
    }
  }

  private noteFailure(circuit: CircuitBreaker<[() => Promise<PartnerAnswer>], PartnerAnswer>): void {
    this.failedInARow += 1;
    if (!circuit.opened && this.failedInARow < this.options.failuresInARow) return;
    this.open();
    for (const listener of this.listeners) tell(listener);
  }

  private newCircuit() {
    return new CircuitBreaker(throwFailures, {
      timeout: false,
      rollingCountTimeout: this.options.windowMs,
      volumeThreshold: this.options.minimumCalls,
      errorThresholdPercentage: this.options.failurePercent,
      resetTimeout: 2 ** 31 - 1,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      errorFilter: (error) => !countsAsFailure(error),
    });
  }
}

/** A failure that has an answer, on its way through opossum, which counts only what is thrown. */
class FailedAnswer extends Error {
  constructor(readonly answer: PartnerAnswer) {
    super(`HTTP ${answer.status}`);
  }
}

async function throwFailures(call: () => Promise<PartnerAnswer>): Promise<PartnerAnswer> {
  const answer = await call();
  if (isFailedAnswer(answer)) throw new FailedAnswer(answer);
  return answer;
}

/** The partner is in trouble. Not: 429 (it works, we are too fast), 401/403 (our credential), any other 4xx (our data). */
export function isFailedAnswer({ status, problem }: PartnerAnswer): boolean {
  return status >= 500 || status === 408 || status === 425 || problem !== undefined;
}

function countsAsFailure(error: unknown): boolean {
  return error instanceof FailedAnswer || (error instanceof PartnerUnavailable && error.code !== 'cancelled');
}
