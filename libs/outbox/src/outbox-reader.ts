import type { Pool, PoolClient } from 'pg';
import { keyOf, PAYLOAD_MAX_BYTES, type OutboxRow } from './outbox-row.js';
import type { OutboxTable } from './outbox-table.js';
import { BEGIN, COMMIT, outboxStatements, ROLLBACK, SNAPSHOT, type OutboxStatements } from './outbox.sql.js';
import type { ParkedKey } from './parked-keys.js';
import type { Snapshot } from './read-floor.js';

/** A row that cannot travel, and how many of its key wait behind it. */
export interface ParkedRow {
  position: string;
  subject: string;
  type: string;
  company: string;
  partitionkey: string | null;
  branch: string | null;
  occurred_at: string;
  reason: string;
  behind: number;
}

export interface Backlog {
  /** Rows waiting, counted up to a hundred thousand. */
  waiting: number;
  /** Seconds since the first of them was written, by the database's clock; 0 when nothing waits. */
  oldestAgeSeconds: number;
  /** Rows parked, those behind a head included. */
  parked: number;
}

/** The row with the highest position. */
export interface LastWritten {
  position: string;
  /** As the ERP has it: an infinity, or an hour that is yet to come, is possible. */
  occurredAtMs: number;
}

export interface ReadWish {
  /** Look at open rows above this position … */
  above: string;
  /** … but for these. */
  known: readonly string[];
  rows: number;
  /** No further row is given once the payloads given have this many bytes. */
  bytes: number;
}

export interface OpenRows {
  rows: OutboxRow[];
  /** Whether there may be more than was asked for. */
  isCut: boolean;
}

/** Whose parked rows are asked for; branches are written `company|branch`. */
export interface ParkedFilter {
  companies: string[];
  branches: string[];
}

export type Release = { kind: 'released'; rows: number } | { kind: 'behind'; head: string } | { kind: 'not-parked' };

/** A row is stamped in a table that others read too, and removed from a table of our own. */
export type Marking = 'stamp' | 'remove';

const COUNT_UP_TO = 100_000;
const BEHIND = /^behind (\d+)$/;

/** The relay's conversation with one outbox table. */
export class OutboxReader {
  private readonly sql: OutboxStatements;

  /** @throws RangeError for a table or column name that is not plain */
  constructor(
    private readonly pool: Pool,
    table: OutboxTable,
    private readonly marking: Marking,
  ) {
    this.sql = outboxStatements(table);
  }

  async readOpen({ above, known, rows, bytes }: ReadWish): Promise<OpenRows> {
    const values = [above, arrayOf(known), rows, PAYLOAD_MAX_BYTES, bytes];
    const found = (await this.pool.query<OutboxRow>(this.sql.readOpen, values)).rows;
    let given = 0;
    for (const row of found) {
      row.key = keyOf(row);
      given += Math.min(row.payload_bytes, PAYLOAD_MAX_BYTES);
    }
    return { rows: found, isCut: found.length >= rows || given >= bytes };
  }

  async snapshot(): Promise<Snapshot> {
    const { xmin, xmax } = (await this.pool.query<{ xmin: string; xmax: string }>(SNAPSHOT)).rows[0]!;
    return { xmin: BigInt(xmin), xmax: BigInt(xmax) };
  }

  async mark(positions: readonly string[]): Promise<void> {
    await this.pool.query(this.marking === 'stamp' ? this.sql.stamp : this.sql.remove, [arrayOf(positions)]);
  }

  /** @returns false when the row was not open any more */
  async park(row: OutboxRow, reason: string): Promise<boolean> {
    return (await this.pool.query(this.sql.park, [row.position, reason])).rowCount === 1;
  }

  /** Rows of a key whose head is parked. @returns false when the head was released meanwhile, and nothing happened */
  async parkBehind(positions: readonly string[], head: string): Promise<boolean> {
    if (positions.length === 0) return true;
    return ((await this.pool.query(this.sql.parkBehind, [arrayOf(positions), head])).rowCount ?? 0) > 0;
  }

  async parkedKeys(): Promise<ParkedKey[]> {
    const { rows } = await this.pool.query<Omit<OutboxRow, 'key'>>(this.sql.parkedKeys);
    return rows.map((row) => ({ position: row.position, key: keyOf(row) }));
  }

  async freeOrphans(): Promise<void> {
    await this.pool.query(this.sql.freeOrphans);
  }

  /** Heads above a position, in rising order; without a filter those of all companies. */
  async listParked(above: string, limit: number, filter?: ParkedFilter): Promise<ParkedRow[]> {
    const values = [above, filter?.companies ?? null, filter?.branches ?? null, limit];
    const heads = (await this.pool.query<Omit<ParkedRow, 'behind'>>(this.sql.listParked, values)).rows;
    const marks = heads.map(({ position }) => `behind ${position}`);
    const counted = await this.pool.query<{ mark: string; rows: number }>(this.sql.countBehind, [marks]);
    const behind = new Map(counted.rows.map(({ mark, rows }) => [mark, rows]));
    return heads.map((head, i) => ({ ...head, behind: behind.get(marks[i]!) ?? 0 }));
  }

  /** Whose a parked row is; undefined when it is not parked. */
  async parkedRow(position: string): Promise<{ company: string; branch: string | null } | undefined> {
    return (await this.pool.query<{ company: string; branch: string | null }>(this.sql.parkedRow, [position])).rows[0];
  }

  /** Lets a parked head go together with what waits behind it, as `erp_outbox_release` of the SQL kit does. */
  async release(position: string): Promise<Release> {
    const client = await this.pool.connect();
    try {
      await client.query(BEGIN);
      const release = await this.releaseIn(client, position);
      await client.query(COMMIT);
      client.release();
      return release;
    } catch (error) {
      await client.query(ROLLBACK).then(
        () => client.release(),
        () => client.release(true),
      );
      throw error;
    }
  }

  /** Of the rows that have committed. */
  async lastPosition(): Promise<string> {
    return (await this.pool.query<{ position: string }>(this.sql.lastPosition)).rows[0]!.position;
  }

  /** Whether everything up to this position was published, or waits for a person. */
  async isThrough(position: string): Promise<boolean> {
    return !(await this.pool.query<{ waits: boolean }>(this.sql.waitsUpTo, [position])).rows[0]!.waits;
  }

  async backlog(): Promise<Backlog> {
    const [waiting, parked] = await Promise.all([
      this.pool.query<{ waiting: number; oldest_age: number | null }>(this.sql.backlog, [COUNT_UP_TO]),
      this.pool.query<{ parked: number }>(this.sql.parkedCount),
    ]);
    const { waiting: count, oldest_age: age } = waiting.rows[0]!;
    return { waiting: count, oldestAgeSeconds: Math.max(0, age ?? 0), parked: parked.rows[0]!.parked };
  }

  /** Whatever became of it; undefined while the table is empty. */
  async lastWritten(): Promise<LastWritten | undefined> {
    return (await this.pool.query<LastWritten>(this.sql.lastWritten)).rows[0];
  }

  /** The head first: who parks a row behind it holds it meanwhile, so the second statement sees every such row. */
  private async releaseIn(client: PoolClient, position: string): Promise<Release> {
    const head = await client.query(this.sql.releaseHead, [position]);
    if (head.rowCount === 1) {
      const behind = await client.query(this.sql.releaseBehind, [`behind ${position}`]);
      return { kind: 'released', rows: 1 + (behind.rowCount ?? 0) };
    }
    const { rows } = await client.query<{ reason: string }>(this.sql.parkedRow, [position]);
    const holder = BEHIND.exec(rows[0]?.reason ?? '')?.[1];
    return holder ? { kind: 'behind', head: holder } : { kind: 'not-parked' };
  }
}

/** An array of numbers as PostgreSQL writes it; the driver would look at each of thousands for characters to escape. */
function arrayOf(positions: readonly string[]): string {
  return `{${positions.join(',')}}`;
}
