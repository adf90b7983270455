import { Client } from 'pg';
import { eventually, freePort, startChildApp, type ChildApp } from '#libs/testing';
import { KNOWN_TITLE } from './world.sql.ts';
import { SOURCE, type World } from './world.ts';

export const APP = 'deps-connector';

/** What a title was told to be, once. */
export interface KeptMovement {
  tipoLote: string;
  loteId: string;
  movimento: string;
  dataMovimento: string;
  valorMovimento: string;
  situacao: string;
  valorAberto: string;
}

/** A title as the simulated DEPS keeps it. */
export interface KeptTitle {
  idExterno: string;
  situacao: string;
  valorAberto: string;
  movements: KeptMovement[];
}

/** An account as the simulated DEPS keeps it. */
export interface KeptAccount {
  titles: KeptTitle[];
  batches: { loteId: string; repeats: number; recebidos: number }[];
  billing: { count: number; queries: { historicoConsultaId: string; documento: string }[] };
  logins: number;
}

export interface DepsIntegrationWish {
  company: string;
  branch?: string;
  settings?: Record<string, unknown>;
}

/** The connector to DEPS in a world, and its own account there. */
export class DepsInWorld {
  private readonly world: World;
  private readonly environment: Record<string, string>;
  /** The process that runs, or ran last. */
  app: ChildApp;

  private constructor(world: World, environment: Record<string, string>, app: ChildApp) {
    this.world = world;
    this.environment = environment;
    this.app = app;
  }

  /** @param world with its sandbox started; whoever opened it closes it, after this */
  static async start(world: World, more: Record<string, string> = {}): Promise<DepsInWorld> {
    const http = await freePort();
    const ports = { HTTP_PORT: String(http), OPS_PORT: String(await freePort()) };
    const env = { ...world.settingsOf('customerx-connector'), ...ports };
    return new DepsInWorld(world, env, await startApp({ ...env, ...more }));
  }

  /** In the place of the one that is gone, at the same ports. @param more of its environment, as a fault to be armed */
  async restart(more: Record<string, string> = {}): Promise<void> {
    this.app = await startApp({ ...this.environment, ...more });
  }

  kill(): Promise<void> {
    return this.app.kill('SIGKILL');
  }

  close(): Promise<unknown> {
    return this.app.stop();
  }

  /** @throws Error with the answer when it is no success */
  async ask<T>(method: string, path: string, body?: unknown, token = this.world.token): Promise<T> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(`${this.app.httpUrl}${path}`, { method, headers, body: sent });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** One account at DEPS per company, called after it: ids of titles repeat between companies. */
  async openAccounts(accounts: readonly string[]): Promise<void> {
    const named = accounts.map((name) => ({ name, email: emailOf(name), senha: `senha-${name}` }));
    await this.world.ask('sandbox', 'PUT', '/control/deps/settings', { accounts: named });
  }

  /** Turns DEPS on for a company or one of its branches, with the company's account. */
  integrate({ company, branch, settings = {} }: DepsIntegrationWish): Promise<{ id: string }> {
    return this.ask('PUT', '/integrations', {
      source: SOURCE,
      company,
      ...(branch !== undefined && { branch }),
      displayName: `DEPS da empresa ${company}`,
      enabled: true,
      settings: {
        baseUrl: `${this.world.httpUrl('sandbox')}/deps`,
        email: emailOf(company),
        password: `senha-${company}`,
        allowPlainHttp: true,
        allowPrivateAddresses: true,
        runNowGapMinutes: 0,
        ...settings,
      },
    });
  }

  /** Until what was owed when the integration began is planned. */
  async loaded(id: string): Promise<void> {
    const isLoaded = async () => {
      const { items } = await this.ask<{ items: { state: string }[] }>('GET', `/integrations/${id}/loads`);
      if (items.length === 0 || items.some(({ state }) => state !== 'finished'))
        throw new Error('the load is not through');
    };
    await eventually(isLoaded, { withinMs: 60_000, everyMs: 100 });
  }

  /** Until the connector has heard of the title. */
  async knows(company: string, receivableId: string): Promise<void> {
    const client = new Client({ connectionString: this.world.databaseUrl('customerx-connector') });
    await client.connect();
    const isKnown = async () => {
      const { rowCount } = await client.query(KNOWN_TITLE, [company, receivableId]);
      if (rowCount === 0) throw new Error(`the connector has not heard of ${receivableId}`);
    };
    await eventually(isKnown, { withinMs: 60_000, everyMs: 100 }).finally(() => client.end());
  }

  /** What DEPS holds of the account, in the order of the titles' ids. */
  async titles(account: string): Promise<KeptTitle[]> {
    return (await this.account(account)).titles;
  }

  async account(account: string): Promise<KeptAccount> {
    const { accounts } = await this.world.ask<{ accounts: KeptAccount[] }>(
      'sandbox',
      'GET',
      `/control/deps/state?account=${account}`,
    );
    return accounts[0]!;
  }
}

function startApp(env: Record<string, string>): Promise<ChildApp> {
  return startChildApp({ app: APP, env, readyWithinMs: 90_000 });
}

function emailOf(account: string): string {
  return `api@${account}.example`;
}
