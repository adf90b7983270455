import type { KeyQueues } from './key-queues.js';
import type { OutboxReader } from './outbox-reader.js';
import type { OutboxRow } from './outbox-row.js';
import { ParkedKeys } from './parked-keys.js';
import { BOTTOM, ReadFloor } from './read-floor.js';

const READ_ROWS = 2_000;
const READ_BYTES = 8_000_000;
const SWEEP_EVERY_MS = 5_000;
const PARKED_EVERY_MS = 1_000;
/** A second for ten thousand parked keys, ten for a hundred thousand: looking at them must not become the work. */
const PARKED_MS_PER_KEY = 0.1;
const ORPHANS_EVERY_MS = 60_000;

/**
 * Brings open rows into memory, those of parked keys left out. Everything the relay does to parked rows happens in the
 * same single file as its reading, so that no read falls between a head that is parked and its followers that are not yet.
 */
export class ReadAhead {
  private readonly floor = new ReadFloor();
  private readonly parked = new ParkedKeys();
  private dueAt = { sweep: 0, parked: 0, orphans: 0 };

  constructor(
    private readonly reader: OutboxReader,
    private readonly queues: KeyQueues,
  ) {}

  get parkedKeys(): number {
    return this.parked.size;
  }

  /** A new leader knows nothing of what was read before. */
  reset(): void {
    this.floor.reset();
    this.parked.clear();
    this.dueAt = { sweep: 0, parked: 0, orphans: 0 };
  }

  /**
   * @param mayKeep asked after the last wait: false throws what was read away, and begins from the bottom again
   * @returns how many rows were found, and whether there are more
   */
  async read(mayKeep: () => boolean): Promise<{ found: number; isCut: boolean }> {
    await this.refreshParked();
    if (this.floor.awaitsSnapshot) this.floor.beforeRead(await this.reader.snapshot());
    const isSweep = performance.now() >= this.dueAt.sweep;
    const above = isSweep ? BOTTOM : this.floor.position;
    const known = this.queues.knownAbove(above);
    const { rows, isCut } = await this.reader.readOpen({ above, known, rows: READ_ROWS, bytes: READ_BYTES });
    const free = await this.leaveOutParked(rows);
    if (!mayKeep()) {
      this.reset();
      return { found: 0, isCut: false };
    }
    for (const row of free) this.queues.add(row);
    this.floor.afterRead(rows.at(-1)?.position);
    const isSwept = !isCut || this.floor.isBelow(rows.at(-1)!.position);
    if (isSweep && isSwept) this.dueAt.sweep = performance.now() + SWEEP_EVERY_MS;
    return { found: rows.length, isCut };
  }

  /** Parks a row that is under way, and what waits behind it in memory; what is not in memory follows when it is read. */
  async park(row: OutboxRow, reason: string): Promise<boolean> {
    const isParked = await this.reader.park(row, reason);
    const behind = this.queues.dropKey(row);
    if (isParked) this.parked.hold(row);
    if (!isParked || !(await this.reader.parkBehind(behind, row.position))) this.lookAgain();
    return isParked;
  }

  /** Somebody else changed what is parked: look at all of it, and at every open row. */
  lookAgain(): void {
    this.dueAt.parked = 0;
    this.dueAt.sweep = 0;
  }

  /**
   * A key is let go of only together with a read from the bottom, which finds its released rows before any later one.
   * Followers of a head that somebody deleted are freed in between.
   */
  private async refreshParked(): Promise<void> {
    const now = performance.now();
    if (now < this.dueAt.parked) return;
    const isHeadGone = this.parked.replaceBy(await this.reader.parkedKeys());
    if (isHeadGone || now >= this.dueAt.orphans) {
      await this.reader.freeOrphans();
      this.dueAt.orphans = now + ORPHANS_EVERY_MS;
      this.dueAt.sweep = 0;
    }
    this.dueAt.parked = now + Math.max(PARKED_EVERY_MS, this.parked.size * PARKED_MS_PER_KEY);
  }

  private async leaveOutParked(rows: OutboxRow[]): Promise<OutboxRow[]> {
    const behind = new Map<string, string[]>();
    const free: OutboxRow[] = [];
    for (const row of rows) {
      const head = this.parked.size === 0 ? undefined : this.parked.headOf(row);
      if (head === undefined) free.push(row);
      else behind.set(head, [...(behind.get(head) ?? []), row.position]);
    }
    for (const [head, positions] of behind) {
      if (!(await this.reader.parkBehind(positions, head))) this.lookAgain();
    }
    return free;
  }
}
