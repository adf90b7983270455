import { Injectable } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import * as sql from './writers.sql.js';

/** Another process has taken this queue over: what this one still holds is that one's to record. */
export class EpochLost extends Error {
  override readonly name = 'EpochLost';
}

/** Name of the writer that records what is done over HTTP. */
export const REQUESTS = 'requests';

interface Turn {
  life: number;
  epoch: string;
}

/**
 * Whoever appends holds its writer's row until it commits. So a queue has one recorder at a time, by its epoch; and
 * whoever takes every row knows that nothing with a lower id is still on its way.
 */
@Injectable()
export class Writers {
  private readonly turns = new Map<string, Turn>();

  constructor(private readonly pool: Pool) {}

  /** The epoch of this life of the queue's channel; a new life takes a new one. */
  async epochOf(queue: string, life: number): Promise<string> {
    const turn = this.turns.get(queue);
    if (turn?.life === life) return turn.epoch;
    const { rows } = await this.pool.query<{ epoch: string }>(sql.TAKE_EPOCH, [queue]);
    this.turns.set(queue, { life, epoch: rows[0]!.epoch });
    return rows[0]!.epoch;
  }

  /** First statement of a batch's transaction. @throws EpochLost */
  async lockQueue(client: PoolClient, queue: string, epoch: string): Promise<void> {
    const { rows } = await client.query<{ epoch: string }>(sql.LOCK_WRITER, [queue]);
    if (rows[0]?.epoch !== epoch) throw new EpochLost(`the queue "${queue}" is recorded by another process`);
  }

  async lockRequests(client: PoolClient): Promise<void> {
    await client.query(sql.LOCK_WRITER, [REQUESTS]);
  }

  /** Waits for every append under way and holds new ones off until the caller's transaction ends. */
  async lockAll(client: PoolClient): Promise<void> {
    await client.query(sql.LOCK_WRITERS);
  }
}
