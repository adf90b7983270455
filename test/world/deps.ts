import { Client } from 'pg';
import { eventually, freePort, startChildApp, type ChildApp } from '#libs/testing';
import { KNOWN_TITLE } from './world.sql.ts';
import { SOURCE, type World } from './world.ts';

export const APP = 'deps-connector';

/** A title as the simulated DEPS keeps it. */
export interface KeptTitle {
  idExterno: string;
  situacao: string;
  valorAberto: string;
  movements: { tipoLote: string; movimento: string; dataMovimento: string; valorMovimento: string; loteId: string }[];
}

/** An account as the simulated DEPS keeps it. */
export interface KeptAccount {
  titles: KeptTitle[];
  batches: { loteId: string; repeats: number }[];
  billing: { count: number; queries: { documento: string }[] };
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
  private readonly app: ChildApp;
  private readonly url: string;

  private constructor(world: World, app: ChildApp, url: string) {
    this.world = world;
    this.app = app;
    this.url = url;
  }

  /** @param world with its sandbox started; whoever opened it closes it, after this */
  static async start(world: World, more: Record<string, string> = {}): Promise<DepsInWorld> {
    const http = await freePort();
    const ports = { HTTP_PORT: String(http), OPS_PORT: String(await freePort()) };
    const env = { ...world.settingsOf('customerx-connector'), ...ports, ...more };
    const app = await startChildApp({ app: APP, env, readyWithinMs: 90_000 });
    return new DepsInWorld(world, app, `http://127.0.0.1:${http}`);
  }

  close(): Promise<unknown> {
    return this.app.stop();
  }

  /** @throws Error with the answer when it is no success */
  async ask<T>(method: string, path: string, body?: unknown, token = this.world.token): Promise<T> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(`${this.url}${path}`, { method, headers, body: sent });
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

function emailOf(account: string): string {
  return `api@${account}.example`;
}
