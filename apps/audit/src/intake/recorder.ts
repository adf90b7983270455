import { Injectable } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import { Clock, inTransaction } from '#libs/runtime';
import type { AuditRecord } from './audit-record.js';
import { EntryMonths } from './entry-months.js';
import { EntryWriter, type Appended } from './entry-writer.js';
import { Writers } from './writers.js';

/** The one way into the record, each time one transaction under a writer's row. */
@Injectable()
export class Recorder {
  private readonly months: EntryMonths;

  constructor(
    private readonly pool: Pool,
    private readonly writers: Writers,
    private readonly entries: EntryWriter,
    private readonly clock: Clock,
  ) {
    this.months = new EntryMonths(pool);
  }

  /** What a queue brought. @returns what was new @throws EpochLost when another process has taken the queue over */
  async recordBatch(queue: string, epoch: string, records: readonly AuditRecord[]): Promise<AuditRecord[]> {
    return (await this.append((client) => this.writers.lockQueue(client, queue, epoch), records)).records;
  }

  /** What somebody did over HTTP, together with `work`: neither happens without the other. */
  recordRequest<T>(work: Work<T>): Promise<T> {
    return this.inTurn((client) => this.writers.lockRequests(client), work);
  }

  /** The same while nothing else is recorded anywhere. */
  recordAlone<T>(work: Work<T>): Promise<T> {
    return this.inTurn((client) => this.writers.lockAll(client), work);
  }

  private async append(lock: Lock, records: readonly AuditRecord[]): Promise<Appended> {
    const appended = await this.inTurn(lock, (_client, append) => append(records));
    appended.confirm();
    return appended;
  }

  private async inTurn<T>(lock: Lock, work: Work<T>): Promise<T> {
    const receivedAt = this.clock.now();
    await this.months.prepare(receivedAt);
    return inTransaction(this.pool, async (client) => {
      await lock(client);
      return work(client, (records) => this.entries.append(client, records, receivedAt));
    });
  }
}

type Lock = (client: PoolClient) => Promise<void>;
/** `append` records in the same transaction. */
type Work<T> = (client: PoolClient, append: (records: readonly AuditRecord[]) => Promise<Appended>) => Promise<T>;
