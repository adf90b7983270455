import type { Pool } from 'pg';
import { keyOf, PAYLOAD_MAX_BYTES, type OutboxRow } from './outbox-row.js';
import { outboxStatements, type OutboxStatements, type OutboxTable } from './outbox.sql.js';

export interface ParkedHead {
  position: string;
  aggregatetype: string;
  aggregateid: string;
  company: string;
  partitionkey: string | null;
  reason: string;
}

export interface Backlog {
  /** Rows waiting, counted up to a hundred thousand. */
  waiting: number;
  oldest?: Date;
  parked: number;
}

/** A row is stamped in a table that others read too, and removed from a table of our own. */
export type Marking = 'stamp' | 'remove';

const COUNT_UP_TO = 100_000;
const HEADS_MAX = 10_000;

/** The relay's conversation with one outbox table. */
export class OutboxReader {
  private readonly sql: OutboxStatements;

  constructor(
    private readonly pool: Pool,
    table: OutboxTable,
    private readonly marking: Marking,
  ) {
    this.sql = outboxStatements(table);
  }

  async readAfter(position: string, limit: number): Promise<OutboxRow[]> {
    return (await this.pool.query<OutboxRow>(this.sql.readAfter, [position, limit, PAYLOAD_MAX_BYTES])).rows;
  }

  /** Rows at or below `position` that are not among the known: transactions that committed late. */
  async readLate(position: string, knows: (position: string) => boolean, limit: number): Promise<OutboxRow[]> {
    const { rows } = await this.pool.query<{ position: string }>(this.sql.openPositionsUpTo, [position, limit]);
    const late = rows.map((row) => row.position).filter((candidate) => !knows(candidate));
    if (late.length === 0) return [];
    return (await this.pool.query<OutboxRow>(this.sql.readPositions, [late, PAYLOAD_MAX_BYTES])).rows;
  }

  async mark(positions: readonly string[]): Promise<void> {
    await this.pool.query(this.marking === 'stamp' ? this.sql.stamp : this.sql.remove, [positions]);
  }

  async park(row: OutboxRow, reason: string): Promise<void> {
    await this.pool.query(this.sql.park, [row.position, reason]);
  }

  /** Rows of a key whose head is parked; nothing happens when the head was released meanwhile. */
  async parkBehind(positions: readonly string[], head: string): Promise<void> {
    if (positions.length > 0) await this.pool.query(this.sql.parkBehind, [positions, head]);
  }

  async parkedHeads(): Promise<ParkedHead[]> {
    return (await this.pool.query<ParkedHead>(this.sql.parkedHeads, [HEADS_MAX])).rows;
  }

  async freeOrphans(): Promise<void> {
    await this.pool.query(this.sql.freeOrphans);
  }

  async backlog(): Promise<Backlog> {
    const [waiting, parked] = await Promise.all([
      this.pool.query<{ waiting: number; oldest: string | null }>(this.sql.backlog, [COUNT_UP_TO]),
      this.pool.query<{ parked: number }>(this.sql.parkedCount),
    ]);
    const { waiting: count, oldest } = waiting.rows[0]!;
    return { waiting: count, oldest: oldest ? new Date(oldest) : undefined, parked: parked.rows[0]!.parked };
  }
}

/** Which keys are held, and by which head. */
export class ParkedKeys {
  private heads = new Map<string, string>();

  headOf(row: OutboxRow): string | undefined {
    return this.heads.get(keyOf(row));
  }

  hold(row: OutboxRow): void {
    this.heads.set(keyOf(row), row.position);
  }

  replaceBy(heads: readonly ParkedHead[]): void {
    this.heads = new Map(heads.map((head) => [keyOf(head), head.position]));
  }
}
