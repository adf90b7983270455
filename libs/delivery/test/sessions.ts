import type { Pool, PoolClient } from 'pg';

const IS_WAITING = `select wait_event_type = 'Lock' as waiting from pg_stat_activity where pid = $1`;

/** Sessions side by side, for tests that lay two transactions across each other. */
export class Sessions {
  private readonly clients: PoolClient[] = [];

  constructor(private readonly pool: Pool) {}

  async open(): Promise<PoolClient> {
    const client = await this.pool.connect();
    this.clients.push(client);
    return client;
  }

  /** Whether the session stands at a lock another one holds. */
  async waits(client: PoolClient): Promise<boolean> {
    const { processID } = client as unknown as { processID: number };
    return (await this.pool.query<{ waiting: boolean }>(IS_WAITING, [processID])).rows[0]?.waiting ?? false;
  }

  /** Whatever they hold is given up. */
  close(): void {
    for (const client of this.clients.splice(0)) client.release(true);
  }
}
