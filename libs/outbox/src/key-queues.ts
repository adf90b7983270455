import { Fifo } from './fifo.js';
import { BOTTOM } from './read-floor.js';
import { isBefore, type OutboxRow } from './outbox-row.js';

interface KeyQueue {
  key: string;
  /** By rising position; the first is next. */
  rows: Fifo<OutboxRow>;
  /** Handed out and not yet done: nothing else of the key goes before it is. */
  underWay?: OutboxRow;
  /** In the line of keys that may send. */
  lined: boolean;
}

/**
 * The rows in memory, a queue per ordering key, at most one row per key under way: a refused row followed by an accepted
 * one of its key would be inverted for good.
 */
export class KeyQueues {
  private readonly queues = new Map<string, KeyQueue>();
  private readonly line = new Fifo<KeyQueue>();
  /** Positions read and not yet let go: waiting, under way, or confirmed and not yet marked. */
  private readonly known = new Set<string>();
  private held = 0;

  /** Rows known, the confirmed and unmarked ones included. */
  get size(): number {
    return this.known.size;
  }

  /** Of the payloads in memory. */
  get bytes(): number {
    return this.held;
  }

  /** Keys that have a row to send. */
  get sendable(): number {
    return this.line.length;
  }

  knownAbove(position: string): string[] {
    if (position === BOTTOM) return [...this.known];
    const above: string[] = [];
    for (const known of this.known) if (isBefore(position, known)) above.push(known);
    return above;
  }

  add(row: OutboxRow): void {
    if (this.known.has(row.position)) return;
    this.known.add(row.position);
    this.held += sizeOf(row);
    this.enqueue(row);
  }

  /** The next row of a key with nothing under way; it counts as under way from here on. */
  next(): OutboxRow | undefined {
    for (let queue = this.line.shift(); queue; queue = this.line.shift()) {
      queue.lined = false;
      queue.underWay = queue.rows.shift();
      if (queue.underWay) return queue.underWay;
    }
    return undefined;
  }

  /** The row is out of the relay's hands: its key may go on. The position stays known until `forget`. */
  done(row: OutboxRow): void {
    const queue = this.queues.get(row.key);
    if (queue?.underWay !== row) return;
    queue.underWay = undefined;
    this.held -= sizeOf(row);
    if (queue.rows.length === 0) this.queues.delete(queue.key);
    else this.lineUp(queue);
  }

  /** The row goes back to the head of its key, to be sent again. */
  putBack(row: OutboxRow): void {
    const queue = this.queues.get(row.key);
    if (queue?.underWay !== row) return;
    queue.underWay = undefined;
    this.enqueue(row);
  }

  /** As if the row had never been read: whoever reads next finds it again if it is still open. */
  letGo(row: OutboxRow): void {
    if (this.queues.get(row.key)?.underWay !== row) return;
    this.done(row);
    this.forget([row.position]);
  }

  /** Lets go of the row and of what waits behind it. @returns the positions behind the row */
  dropKey(row: OutboxRow): string[] {
    const queue = this.queues.get(row.key);
    if (queue?.underWay !== row) return [];
    const behind = this.dropRows(queue);
    this.letGo(row);
    return behind;
  }

  forget(positions: readonly string[]): void {
    for (const position of positions) this.known.delete(position);
  }

  /** Lets go of everything not under way: another reader leads now. */
  dropWaiting(): void {
    for (const queue of this.queues.values()) {
      this.dropRows(queue);
      if (!queue.underWay) this.queues.delete(queue.key);
    }
  }

  private enqueue(row: OutboxRow): void {
    const { key } = row;
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = { key, rows: new Fifo(), lined: false }));
    queue.rows.insert(row, (one, other) => isBefore(one.position, other.position));
    this.lineUp(queue);
  }

  private lineUp(queue: KeyQueue): void {
    if (queue.lined || queue.underWay || queue.rows.length === 0) return;
    queue.lined = true;
    this.line.push(queue);
  }

  private dropRows(queue: KeyQueue): string[] {
    const rows = queue.rows.drain();
    for (const row of rows) this.held -= sizeOf(row);
    const positions = rows.map(({ position }) => position);
    this.forget(positions);
    return positions;
  }
}

function sizeOf(row: OutboxRow): number {
  return row.payload === null ? 0 : row.payload_bytes;
}
