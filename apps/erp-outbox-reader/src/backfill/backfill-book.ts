import type { Pool, QueryResultRow } from 'pg';
import { SKIPPED_KEYS_MAX } from '#libs/contracts';
import { sqlStateOf } from '#libs/runtime';
import type { Backfill, BackfillWish, SkippedRow, StartedBackfill } from './backfill.js';
import * as sql from './backfill.sql.js';

/** `again`: it had failed and begins anew. `joined`: another one is open and answers for it. */
export type RequestAnswer = { kind: 'new' | 'known' | 'again' | 'joined'; backfill: Backfill };

/** What a chunk brought, once the broker has confirmed it. */
export interface Progress {
  lastId: string;
  snapshots: number;
  skipped: readonly SkippedRow[];
  at: Date;
}

export interface BackfillCounts {
  requested: number;
  running: number;
  failed: number;
  /** Seconds since the epoch. */
  lastFinished: number | null;
}

const UNIQUE_VIOLATION = '23505';
const REQUEST_TRIES = 5;

/** The backfills of one ERP, in the reader's own schema: what is stored here survives whoever walks. */
export class BackfillBook {
  constructor(
    private readonly pool: Pool,
    readonly source: string,
  ) {}

  /** The same id is the same backfill, however often it is asked for; one that failed then begins anew. */
  async request(wish: BackfillWish): Promise<RequestAnswer> {
    for (let tries = 1; tries <= REQUEST_TRIES; tries += 1) {
      const answer = (await this.requestNew(wish)) ?? (await this.requestKnown(wish)) ?? (await this.join(wish));
      if (answer) return answer;
    }
    throw new Error(`backfills of ${wish.aggregate} of company ${wish.company} come and go too fast to ask for one`);
  }

  one(id: string): Promise<Backfill | undefined> {
    return this.row(sql.READ_ONE, [id, this.source]);
  }

  /** What is to be walked now: what has begun before what waits. */
  next(): Promise<Backfill | undefined> {
    return this.row(sql.READ_NEXT, [this.source]);
  }

  /** Newest first; without companies those of all. */
  async list(limit: number, after?: { requestedAt: string; id: string }, companies?: string[]): Promise<Backfill[]> {
    const values = [this.source, companies ?? null, after?.requestedAt ?? null, after?.id ?? null, limit];
    return (await this.pool.query<Row>(sql.LIST, values)).rows.map(toBackfill);
  }

  async start(id: string, at: Date): Promise<StartedBackfill | undefined> {
    return (await this.row(sql.START, [id, at])) as StartedBackfill | undefined;
  }

  /** @returns undefined when it was canceled, or somebody else walks it */
  async advance(walk: StartedBackfill, progress: Progress): Promise<StartedBackfill | undefined> {
    const { at, lastId, skipped, snapshots } = progress;
    const kept = skipped.slice(0, Math.max(0, SKIPPED_KEYS_MAX - walk.skipped));
    const values = [walk.id, walk.startedAt, walk.lastId, lastId, snapshots, skipped.length, at];
    const lists = [kept.map(({ id }) => id), kept.map(({ reason }) => reason)];
    return (await this.row(sql.ADVANCE, [...values, ...lists])) as StartedBackfill | undefined;
  }

  /** Every row is through: from here on the finished event says the same, however often it is sent. */
  async close(walk: StartedBackfill, at: Date): Promise<StartedBackfill | undefined> {
    const values = [walk.id, walk.startedAt, walk.lastId, at];
    return (await this.row(sql.CLOSE, values)) as StartedBackfill | undefined;
  }

  finish(walk: StartedBackfill): Promise<Backfill | undefined> {
    return this.row(sql.FINISH, [walk.id, walk.startedAt]);
  }

  fail(id: string, reason: string): Promise<Backfill | undefined> {
    return this.row(sql.FAIL, [id, reason]);
  }

  /** @returns undefined when it is over already */
  cancel(id: string, by: string): Promise<Backfill | undefined> {
    return this.row(sql.CANCEL, [id, `canceled by ${by}`]);
  }

  /** What a running one waits for just now; without a reason, that it goes on. */
  async note(id: string, reason?: string): Promise<void> {
    await this.pool.query(sql.NOTE, [id, reason ?? null]);
  }

  async skippedRows(id: string): Promise<SkippedRow[]> {
    return (await this.pool.query<{ id: string; reason: string }>(sql.READ_SKIPPED, [id, SKIPPED_KEYS_MAX])).rows;
  }

  async counts(): Promise<BackfillCounts> {
    return (await this.pool.query<BackfillCounts & QueryResultRow>(sql.COUNT_BACKFILLS, [this.source])).rows[0]!;
  }

  private async requestNew({ id, company, aggregate, requestedBy }: BackfillWish): Promise<RequestAnswer | undefined> {
    const backfill = await this.row(sql.REQUEST, [id, this.source, company, aggregate, requestedBy]);
    return backfill && { kind: 'new', backfill };
  }

  private async requestKnown({ id }: BackfillWish): Promise<RequestAnswer | undefined> {
    const again = await this.requestAgain(id);
    if (again) return { kind: 'again', backfill: again };
    const known = await this.one(id);
    if (known && known.state !== 'failed') return { kind: 'known', backfill: known };
    return undefined;
  }

  /** @returns undefined also when another one of its kind is open: it joins that one */
  private async requestAgain(id: string): Promise<Backfill | undefined> {
    try {
      const again = await this.row(sql.REQUEST_AGAIN, [id]);
      if (again) await this.pool.query(sql.FORGET_SKIPPED, [id]);
      return again;
    } catch (error) {
      if (sqlStateOf(error) === UNIQUE_VIOLATION) return undefined;
      throw error;
    }
  }

  /** @returns undefined when the open one has ended meanwhile */
  private async join({ id, company, aggregate, requestedBy }: BackfillWish): Promise<RequestAnswer | undefined> {
    const open = await this.row(sql.READ_OPEN, [this.source, company, aggregate]);
    if (!open) return undefined;
    const joined = await this.row(sql.JOIN, [id, this.source, company, aggregate, requestedBy, open.id]);
    return joined && { kind: 'joined', backfill: joined };
  }

  private async row(statement: string, values: unknown[]): Promise<Backfill | undefined> {
    const row = (await this.pool.query<Row>(statement, values)).rows[0];
    return row && toBackfill(row);
  }
}

type Row = Record<keyof Backfill, unknown>;

function toBackfill(row: Row): Backfill {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as Backfill;
}
