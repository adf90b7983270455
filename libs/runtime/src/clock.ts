/** Time as a dependency: a test moves it, nobody sleeps. */
export abstract class Clock {
  abstract now(): Date;

  /** Milliseconds that never jump; only differences mean anything. Leases and deadlines count on it. */
  abstract monotonicMs(): number;

  /** Resolves after `ms`, or at once when the signal aborts; it never rejects. */
  abstract sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }

  monotonicMs(): number {
    return performance.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
