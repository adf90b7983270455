import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { World } from '../../world/world.ts';
import * as sql from './erp-steps.sql.ts';
import { COMPANY, move } from './movements.ts';

/** A transaction of the ERP's own, open as long as a scenario likes. Each step makes a title due a day later. */
export class ErpTransaction {
  private readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  static async begin(world: World): Promise<ErpTransaction> {
    const client = await openClient(world.erpAdminUrl);
    await client.query('begin');
    return new ErpTransaction(client);
  }

  async step(title: string): Promise<void> {
    await this.client.query(sql.LOCK_TITLE, [COMPANY, title]);
    await this.client.query(sql.MOVE_DUE_DATE, [COMPANY, title]);
  }

  async drawPositions(count: number): Promise<void> {
    await this.client.query(sql.DRAW_POSITIONS, [count]);
  }

  commit(): Promise<void> {
    return this.end('commit');
  }

  rollback(): Promise<void> {
    return this.end('rollback');
  }

  /** Connections that fail were lost with what they had not committed. */
  private async end(how: 'commit' | 'rollback'): Promise<void> {
    try {
      await this.client.query(how);
    } finally {
      await this.client.end().catch(() => undefined);
    }
  }
}

/** Opens so many titles, and gives their ids. */
export async function openTitles(world: World, titles: number, seed = 7): Promise<string[]> {
  await move(world, { titles, perTitle: 1, seed });
  return (await world.titles(COMPANY)).map(({ receivableId }) => receivableId);
}

export interface Stepping {
  titles: readonly string[];
  perTitle: number;
  /** Transactions at a time; 3 unless told. Two never lock each other out for ever: each takes one title. */
  writers?: number;
  /** Steps a second, all writers together; 150 unless told. */
  ratePerSecond?: number;
}

/** Steps of every title in turn, a transaction each; a writer whose database goes away comes back and goes on. */
export async function step(world: World, stepping: Stepping): Promise<void> {
  const { titles, perTitle, writers = 3, ratePerSecond = 150 } = stepping;
  const wanted = Array.from({ length: perTitle }, () => titles).flat();
  const startedAt = performance.now();
  let next = 0;
  const write = async () => {
    const writer = new Writer(world.erpAdminUrl);
    for (let at = next++; at < wanted.length; at = next++) {
      await delay(Math.max(0, startedAt + (at * 1_000) / ratePerSecond - performance.now()));
      await writer.step(wanted[at]!);
    }
    await writer.close();
  };
  await Promise.all(Array.from({ length: writers }, write));
}

/** One connection, opened again when it was lost. What a lost one has committed or not is the outbox's to say. */
class Writer {
  private client?: Client;
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async step(title: string): Promise<void> {
    try {
      this.client ??= await openClient(this.url);
      await this.client.query('begin');
      await this.client.query(sql.LOCK_TITLE, [COMPANY, title]);
      await this.client.query(sql.MOVE_DUE_DATE, [COMPANY, title]);
      await this.client.query('commit');
    } catch {
      await this.close();
      await delay(200);
    }
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }
}

async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // told by the statement that follows
  await client.connect();
  return client;
}

/** Rows of titles the reader has marked as published. */
export async function markedReceivables(world: World): Promise<number> {
  const { rows } = await askErp<{ rows: number }>(world, sql.COUNT_MARKED);
  return rows[0]!.rows;
}

/** One statement in the ERP's own database, behind everybody's back. */
export async function askErp<Row extends object>(world: World, statement: string, values: unknown[] = []) {
  return askDatabase<Row>(world.erpAdminUrl, statement, values);
}

export async function askDatabase<Row extends object>(url: string, statement: string, values: unknown[] = []) {
  const client = await openClient(url);
  try {
    return await client.query<Row>(statement, values);
  } finally {
    await client.end();
  }
}
