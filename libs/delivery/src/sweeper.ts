import type { Pool } from 'pg';
import { recomputeLanes } from './lane-locks.js';
import { BLOCKED_LANES, LANES_TO_SWEEP } from './lanes.sql.js';

const LANES_AT_ONCE = 500;

/**
 * Walks slowly over the lanes with something open and says anew what each waits for, by the same function and under
 * the same lock as everybody else. It should find nothing but dependents whose waker died, which it looks for at every
 * step: more than that is a mistake of ours, and is alarmed.
 */
export class Sweeper {
  private cursor = '0';
  private blockedCursor = '0';

  constructor(private readonly pool: Pool) {}

  /** One step of the walk. @returns the lanes of which something else had been said; `done` at the end of a round */
  async step(): Promise<{ mended: string[]; done: boolean }> {
    const blocked = await this.page(BLOCKED_LANES, this.blockedCursor);
    const open = await this.page(LANES_TO_SWEEP, this.cursor);
    this.blockedCursor = blocked.next;
    this.cursor = open.next;
    const ids = [...new Set([...blocked.ids, ...open.ids])];
    return { mended: await recomputeLanes(this.pool, ids), done: open.next === '0' };
  }

  private async page(sql: string, after: string): Promise<{ ids: string[]; next: string }> {
    const { rows } = await this.pool.query<{ id: string }>(sql, [after, LANES_AT_ONCE]);
    const ids = rows.map((row) => row.id);
    return { ids, next: ids.length < LANES_AT_ONCE ? '0' : ids.at(-1)! };
  }
}
