import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { findTestStack, startChildApp, type ChildApp } from '#libs/testing';
import { INBOX_ROWS } from './world.sql.ts';
import { SOURCE, type World } from './world.ts';

const TYPES =
  '*.credit-analysis.completed.#,*.credit-analysis.answered.#,*.credit-limit.#,*.delivery.refused.v1,*.delivery.parked.v1';

/** A result as the ERP finds it in its own table. */
export interface InboxResult {
  id: string;
  type: string;
  subject: string;
  company: string;
  payload: Record<string, unknown>;
  actor: string | null;
}

/** The app that tells the ERP of a world what came of it, with a login that may do nothing else there. */
export class InboxWriter {
  private readonly world: World;
  private readonly login: string;
  readonly app: ChildApp;

  private constructor(world: World, login: string, app: ChildApp) {
    this.world = world;
    this.login = login;
    this.app = app;
  }

  /** @param world with its sandbox started, which installs the ERP's table; whoever opened it closes it, after this */
  static async start(world: World, more: Record<string, string> = {}): Promise<InboxWriter> {
    const login = `ponte_world_inbox_${randomUUID().slice(0, 8)}`;
    await asAdmin(`create role ${login} login password '${login}' in role ponte_inbox`);
    const { AMQP_MANAGEMENT_URL, AMQP_URL } = world.settingsOf('audit');
    const url = Object.assign(new URL(world.erpAdminUrl), { username: login, password: login }).href;
    const broker = { AMQP_URL: AMQP_URL!, AMQP_MANAGEMENT_URL: AMQP_MANAGEMENT_URL! };
    const env = {
      ...broker,
      LOG_LEVEL: 'info',
      ERP_DATABASE_URL: url,
      ERP_SOURCE: SOURCE,
      INBOX_TYPES: TYPES,
      ...more,
    };
    try {
      return new InboxWriter(world, login, await startChildApp({ app: 'erp-inbox-writer', env }));
    } catch (error) {
      await asAdmin(`drop role ${login}`);
      throw error;
    }
  }

  /** What the ERP has been told, in its order. */
  async results(): Promise<InboxResult[]> {
    const erp = new Client({ connectionString: this.world.erpAdminUrl });
    await erp.connect();
    try {
      return (await erp.query<InboxResult>(INBOX_ROWS)).rows;
    } finally {
      await erp.end();
    }
  }

  async close(): Promise<void> {
    await this.app.stop().catch(() => undefined);
    await asAdmin(`drop role ${this.login}`);
  }
}

async function asAdmin(sql: string): Promise<void> {
  const admin = new Client({ connectionString: findTestStack().adminDatabaseUrl });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}
