import type { Pool } from 'pg';
import { LANES_TO_SWEEP } from './lanes.sql.js';
import { recomputeLanes } from './settle.js';

const LANES_AT_ONCE = 500;

/**
 * Walks slowly over the lanes with something open and says anew what each waits for, by the same function and under
 * the same lock as everybody else. It should find nothing but dependents whose waker died: more than that is a mistake
 * of ours, and is alarmed.
 */
export class Sweeper {
  private cursor = '0';

  constructor(private readonly pool: Pool) {}

  /** One step of the walk. @returns the lanes of which something else had been said; `done` at the end of a round */
  async step(): Promise<{ mended: string[]; done: boolean }> {
    const { rows } = await this.pool.query<{ id: string }>(LANES_TO_SWEEP, [this.cursor, LANES_AT_ONCE]);
    const ids = rows.map((row) => row.id);
    const done = ids.length < LANES_AT_ONCE;
    this.cursor = done ? '0' : ids.at(-1)!;
    return { mended: ids.length > 0 ? await recomputeLanes(this.pool, ids) : [], done };
  }
}
