import type { Pool, PoolClient } from 'pg';
import { LOCK_ALL_EPOCHS, LOCK_EPOCH, TAKE_EPOCH } from './intake.sql.js';

/** Another process owns the queue now: nothing of this one's open transaction may commit. */
export class EpochLost extends Error {
  override readonly name = 'EpochLost';
}

/**
 * Who owns a queue: each new life of a channel raises the queue's epoch, and what an older one still has open can no
 * longer commit. A life that failed once is over: its buffer may hold what another owner has passed by.
 */
export class QueueEpoch {
  private life?: number;
  private epoch?: string;

  constructor(
    private readonly pool: Pool,
    private readonly queue: string,
  ) {}

  /** Runs `work` as the owner, in that life of the channel. @throws EpochLost when the life is over, and what `work` throws */
  async asOwner<T>(life: number, work: () => Promise<T>): Promise<T> {
    if (this.life !== life) await this.take(life);
    if (this.epoch === undefined)
      throw new EpochLost(`the queue "${this.queue}" was given up in this life of its channel`);
    try {
      return await work();
    } catch (error) {
      if (this.life === life) this.epoch = undefined;
      throw error;
    }
  }

  /** First in each transaction. @throws EpochLost */
  async lock(client: PoolClient): Promise<void> {
    const { rows } = await client.query<{ queue: string; epoch: string }>(LOCK_EPOCH, [this.queue]);
    this.require(rows);
  }

  /** First in a transaction that changes what intake would plan. @throws EpochLost */
  async lockAll(client: PoolClient): Promise<void> {
    const { rows } = await client.query<{ queue: string; epoch: string }>(LOCK_ALL_EPOCHS);
    this.require(rows);
  }

  private require(rows: readonly { queue: string; epoch: string }[]): void {
    const epoch = rows.find((row) => row.queue === this.queue)?.epoch;
    if (epoch === undefined || epoch !== this.epoch) throw new EpochLost(`the queue "${this.queue}" has another owner`);
  }

  private async take(life: number): Promise<void> {
    this.life = life;
    this.epoch = undefined;
    const { rows } = await this.pool.query<{ epoch: string }>(TAKE_EPOCH, [this.queue]);
    this.epoch = rows[0]!.epoch;
  }
}
