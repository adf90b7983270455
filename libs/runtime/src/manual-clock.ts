import { Clock } from './clock.js';

/** A clock that moves only when told to; `advance` wakes those who slept long enough, in order. */
export class ManualClock extends Clock {
  private elapsedMs = 0;
  private sleepers: { wakesAtMs: number; wake: () => void }[] = [];

  constructor(private readonly start: Date = new Date('2026-07-01T12:00:00Z')) {
    super();
  }

  now(): Date {
    return new Date(this.start.getTime() + this.elapsedMs);
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted || ms <= 0) return resolve();
      const sleeper = { wakesAtMs: this.elapsedMs + ms, wake: resolve };
      this.sleepers.push(sleeper);
      signal?.addEventListener('abort', () => this.wake([sleeper]), { once: true });
    });
  }

  /** How many wait for this clock: a test asks it before it advances. */
  get sleeping(): number {
    return this.sleepers.length;
  }

  advance(ms: number): void {
    this.elapsedMs += ms;
    const due = this.sleepers.filter((sleeper) => sleeper.wakesAtMs <= this.elapsedMs);
    this.wake(due.sort((a, b) => a.wakesAtMs - b.wakesAtMs));
  }

  private wake(woken: typeof this.sleepers): void {
    this.sleepers = this.sleepers.filter((sleeper) => !woken.includes(sleeper));
    for (const sleeper of woken) sleeper.wake();
  }
}
