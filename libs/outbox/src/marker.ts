import { setTimeout as delay } from 'node:timers/promises';
import type { OutboxReader } from './outbox-reader.js';

const MARK_ROWS = 5_000;
const RETRY_MS = 1_000;

export interface MarkerEvents {
  /** The broker has confirmed, and nothing is marked yet. */
  marking(): void;
  marked(positions: string[]): void;
  /** Tried again after a second. */
  failed(error: Error): void;
}

/** Marks what the broker has confirmed, as many rows at once as were confirmed while the last ones were marked. */
export class Marker {
  private waiting: string[] = [];
  private marking?: Promise<void>;

  constructor(
    private readonly reader: OutboxReader,
    private readonly stopping: AbortSignal,
    private readonly events: MarkerEvents,
  ) {}

  add(position: string): void {
    this.waiting.push(position);
    this.marking ??= this.markAll().finally(() => (this.marking = undefined));
  }

  /** Marks what is confirmed so far; once stopping, a failure is left for the next leader, who publishes again. */
  async flush(): Promise<void> {
    await this.marking;
    if (this.waiting.length > 0) await this.markAll();
  }

  private async markAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const positions = this.waiting.slice(0, MARK_ROWS);
      try {
        this.events.marking();
        await this.reader.mark(positions);
      } catch (error) {
        this.events.failed(error as Error);
        if (this.stopping.aborted) return;
        await delay(RETRY_MS, undefined, { signal: this.stopping }).catch(() => undefined);
        continue;
      }
      this.waiting.splice(0, positions.length);
      this.events.marked(positions);
    }
  }
}
