import { keyOf, type OutboxRow } from './outbox-row.js';

interface KeyQueue {
  key: string;
  /** By rising position; the first is next. */
  rows: OutboxRow[];
  inFlight?: OutboxRow;
  /** In the line of keys that may send. */
  lined: boolean;
}

/**
 * The rows in memory, a queue per ordering key, at most one unconfirmed row per key: a refused row followed by an
 * accepted one of its key would be inverted for good.
 */
export class KeyQueues {
  private readonly queues = new Map<string, KeyQueue>();
  private line: KeyQueue[] = [];
  /** Positions read and not yet let go: waiting, in flight, or confirmed and not yet marked. */
  private readonly known = new Set<string>();

  /** Rows held in memory, the confirmed and unmarked ones included. */
  get size(): number {
    return this.known.size;
  }

  knows(position: string): boolean {
    return this.known.has(position);
  }

  add(row: OutboxRow): void {
    if (this.known.has(row.position)) return;
    this.known.add(row.position);
    const queue = this.queueOf(keyOf(row));
    insertByPosition(queue.rows, row);
    this.lineUp(queue);
  }

  /** The next row of a key with nothing in flight; it counts as in flight from here on. */
  next(): OutboxRow | undefined {
    const queue = this.line.shift();
    if (!queue) return undefined;
    queue.lined = false;
    queue.inFlight = queue.rows.shift();
    return queue.inFlight;
  }

  /** The row is out of the relay's hands: its key may go on. The position stays known until `forget`. */
  done(row: OutboxRow): void {
    const queue = this.queues.get(keyOf(row));
    if (!queue) return;
    queue.inFlight = undefined;
    if (queue.rows.length === 0) this.queues.delete(queue.key);
    else this.lineUp(queue);
  }

  /** The row goes back to the head of its key, to be sent again. */
  putBack(row: OutboxRow): void {
    const queue = this.queueOf(keyOf(row));
    queue.inFlight = undefined;
    insertByPosition(queue.rows, row);
    this.lineUp(queue);
  }

  /** Takes out what waits on the row's key, the row itself included. @returns the positions behind the row */
  dropKey(row: OutboxRow): string[] {
    const queue = this.queueOf(keyOf(row));
    this.queues.delete(queue.key);
    if (queue.lined) this.line = this.line.filter((other) => other !== queue);
    const behind = queue.rows.map((other) => other.position);
    this.forget([row.position, ...behind]);
    return behind;
  }

  forget(positions: readonly string[]): void {
    for (const position of positions) this.known.delete(position);
  }

  /** Lets go of everything not in flight: another reader leads now. */
  dropWaiting(): void {
    for (const queue of this.queues.values()) {
      this.forget(queue.rows.map((row) => row.position));
      queue.rows = [];
      queue.lined = false;
      if (!queue.inFlight) this.queues.delete(queue.key);
    }
    this.line = [];
  }

  private queueOf(key: string): KeyQueue {
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = { key, rows: [], lined: false }));
    return queue;
  }

  private lineUp(queue: KeyQueue): void {
    if (queue.lined || queue.inFlight || queue.rows.length === 0) return;
    queue.lined = true;
    this.line.push(queue);
  }
}

function insertByPosition(rows: OutboxRow[], row: OutboxRow): void {
  let at = rows.length;
  while (at > 0 && isBefore(row, rows[at - 1]!)) at -= 1;
  rows.splice(at, 0, row);
}

function isBefore(one: OutboxRow, other: OutboxRow): boolean {
  return BigInt(one.position) < BigInt(other.position);
}
