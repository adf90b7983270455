import type { Pool } from 'pg';
import { createMonth } from './entries.sql.js';

/** The partitions of `entry`: one per month received, made before the first entry of it and one month ahead. */
export class EntryMonths {
  private readonly made = new Set<string>();

  constructor(private readonly pool: Pool) {}

  async prepare(receivedAt: Date): Promise<void> {
    const year = receivedAt.getUTCFullYear();
    const month = receivedAt.getUTCMonth();
    for (const ahead of [0, 1])
      await this.make(new Date(Date.UTC(year, month + ahead)), new Date(Date.UTC(year, month + ahead + 1)));
  }

  private async make(from: Date, to: Date): Promise<void> {
    const name = from.toISOString().slice(0, 7);
    if (this.made.has(name)) return;
    await this.pool.query(createMonth(from, to));
    this.made.add(name);
  }
}
