import type { Pool } from 'pg';
import { sqlStateOf } from '#libs/runtime';
import { DESCRIBE_HEARTBEATS, heartbeatTable, readBeats } from './heartbeats.sql.js';

/** A job of the ERP, as `erp_outbox_beat` has left it. */
export interface Beat {
  job: string;
  beatAtMs: number;
  everySeconds: number;
}

/** The jobs' beats, or the sentence that says why they are not watched. */
export type BeatsRead = { beats: Beat[]; unwatched?: undefined } | { beats: []; unwatched: string };

/** A column that is missing, or of another type. */
const WRONG_SHAPE = /^42/;

/** The table of the heartbeat kit: an ERP may have it, or not. */
export class Heartbeats {
  private readonly table: string;

  /** @param outbox the outbox's name: the heartbeats are in its schema */
  constructor(
    private readonly pool: Pool,
    outbox: string,
  ) {
    this.table = heartbeatTable(outbox);
  }

  async read(): Promise<BeatsRead> {
    const described = await this.pool.query<Description>(DESCRIBE_HEARTBEATS, [this.table]);
    const unwatched = this.explain(described.rows[0]!);
    if (unwatched !== undefined) return { beats: [], unwatched };
    try {
      return { beats: (await this.pool.query<Beat>(readBeats(this.table))).rows };
    } catch (error) {
      if (!WRONG_SHAPE.test(sqlStateOf(error) ?? '')) throw error;
      return { beats: [], unwatched: `${this.table} is not the kit's table: ${(error as Error).message}` };
    }
  }

  private explain({ isThere, mayRead, user }: Description): string | undefined {
    if (!isThere) return `there is no table ${this.table}: install erp-heartbeat.v1.sql beside the outbox`;
    return mayRead ? undefined : `${user} may not read ${this.table}: run erp-heartbeat.v1.sql again as its owner`;
  }
}

interface Description {
  isThere: boolean;
  mayRead: boolean;
  user: string;
}
