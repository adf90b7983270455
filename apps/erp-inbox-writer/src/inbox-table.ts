import type { Pool } from 'pg';
import { faultPoint, inTransaction } from '#libs/runtime';
import { insertResults } from './inbox.sql.js';
import type { InboxRow } from './read-result.js';

/** The one way into the ERP's table. */
export class InboxTable {
  private readonly statement: string;

  constructor(
    private readonly erp: Pool,
    readonly name: string,
    private readonly source: string,
  ) {
    this.statement = insertResults(name);
  }

  /**
   * In one transaction, in the order given; what was written before changes nothing. Should another process still hold
   * the same results uncommitted, this waits for it, so that none is passed by.
   * @returns ids of those that were new
   */
  write(rows: readonly InboxRow[]): Promise<string[]> {
    const column = <K extends keyof InboxRow>(name: K) => rows.map((row) => row[name] ?? null);
    const parameters = [
      this.source,
      ...(['id', 'type', 'subject', 'company', 'branch', 'occurredAt'] as const).map(column),
      rows.map(({ payload }) => JSON.stringify(payload)),
      ...(['actor', 'traceparent'] as const).map(column),
    ];
    return inTransaction(this.erp, async (client) => {
      const written = await client.query<{ id: string }>(this.statement, parameters);
      faultPoint('after-insert-before-commit');
      return written.rows.map(({ id }) => id);
    });
  }
}
