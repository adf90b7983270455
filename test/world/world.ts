import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { connect } from 'amqplib';
import { exportJWK, SignJWT } from 'jose';
import { Client } from 'pg';
import type { HubEvent, ReceivableChanged } from '#libs/contracts';
import {
  eventually,
  freePort,
  privateDatabase,
  privateVhost,
  startChildApp,
  weigh,
  type ChildApp,
  type CommittedEvent,
  type ParkedItem,
  type TakenCall,
  type Verdict,
} from '#libs/testing';
import { COMMITTED_RECEIVABLES } from './world.sql.ts';
import { compareTitles, type Difference, type ShownFinancial } from './comparison.ts';

export const APPS = ['sandbox', 'audit', 'customerx-connector', 'erp-outbox-reader'] as const;
export type AppName = (typeof APPS)[number];

export interface WorldOptions {
  /** More of an app's environment, over what the world gives it. */
  environment?: Partial<Record<AppName, Record<string, string>>>;
  /** Fixed ports, for a person to look at; free ones unless told. */
  ports?: Partial<Record<AppName, { http: number; ops: number }>>;
}

export interface IntegrationWish {
  /** The ERP with the outbox unless told. */
  source?: string;
  company: string;
  account: string;
  settings?: Record<string, unknown>;
}

export const SOURCE = '/erp/demo';

/** An ERP that publishes to the broker itself. */
export const DIRECT_SOURCE = '/erp/direct';

/** Whose account a company has at CustomerX; undefined leaves the company out of a verdict. */
export type AccountOf = (company: string) => string | undefined;

type Environments = Record<AppName, Record<string, string>>;

/**
 * Ponte and the world outside, each app a process of its own, on databases and a vhost nobody else sees: the ERP and
 * CustomerX simulated at the network's edge, everything between them as in production.
 */
export class World {
  private readonly apps = new Map<string, ChildApp>();
  /** Accounts whose titles were there before their events: a verdict over events says nothing of them. */
  readonly loadedAccounts = new Set<string>();
  private readonly environments: Environments;
  private readonly dropping: (() => Promise<void>)[];
  readonly token: string;
  readonly erpAdminUrl: string;
  /** A token of another role, for some companies, `/erp/demo|1`, or all. */
  readonly tokenFor: TokenFor;

  private constructor(parts: {
    environments: Environments;
    dropping: (() => Promise<void>)[];
    token: string;
    erpAdminUrl: string;
    tokenFor: TokenFor;
  }) {
    this.environments = parts.environments;
    this.dropping = parts.dropping;
    this.token = parts.token;
    this.erpAdminUrl = parts.erpAdminUrl;
    this.tokenFor = parts.tokenFor;
  }

  static async prepare(options: WorldOptions = {}): Promise<World> {
    const [erp, ponte, vhost, access] = await Promise.all([
      privateDatabase(),
      privateDatabase(),
      privateVhost(),
      newAccess(),
    ]);
    const broker = { AMQP_URL: vhost.amqpUrl, AMQP_MANAGEMENT_URL: vhost.managementUrl };
    const own = { ...broker, ...access.variables, DATABASE_URL: ponte.url };
    const PERSON_KEYS = `k1:${newKey()}`;
    const environments: Environments = {
      sandbox: { ERP_DATABASE_URL: erp.url, DATABASE_URL: erp.url, CUSTOMERX_RATE_LIMIT_PER_MINUTE: '0' },
      audit: { ...own, AUDIT_KEY: newKey(), AUDIT_KEYS: `k1:${newKey()}`, PERSON_KEYS },
      'customerx-connector': {
        ...own,
        SETTINGS_KEYS: `k1:${newKey()}`,
        PERSON_KEYS,
        DIRECT_PUBLISHERS: `${DIRECT_SOURCE}:erp.receivable.*.v1=${new URL(vhost.amqpUrl).username}`,
      },
      'erp-outbox-reader': {
        ...own,
        ERP_DATABASE_URL: erp.url,
        ERP_SOURCE: SOURCE,
        REQUIRED_QUEUES: 'customerx-connector.events,audit.events',
      },
    };
    for (const app of APPS) {
      const ports = options.ports?.[app] ?? { http: await freePort(), ops: await freePort() };
      Object.assign(environments[app], {
        LOG_LEVEL: 'info',
        HTTP_PORT: String(ports.http),
        OPS_PORT: String(ports.ops),
      });
      Object.assign(environments[app], options.environment?.[app]);
    }
    return new World({
      environments,
      dropping: [erp.drop, ponte.drop, vhost.drop],
      token: access.token,
      erpAdminUrl: erp.url,
      tokenFor: access.tokenFor,
    });
  }

  /** The sandbox first: the ERP's outbox must be there when it is read. */
  async startAll(): Promise<void> {
    await this.start('sandbox');
    await Promise.all((['audit', 'customerx-connector', 'erp-outbox-reader'] as const).map((app) => this.start(app)));
  }

  async start(app: AppName, as: string = app, more: Record<string, string> = {}): Promise<ChildApp> {
    const env = { ...this.environments[app], ...more };
    const started = await startChildApp({ app, env, readyWithinMs: 90_000 });
    this.apps.set(as, started);
    return started;
  }

  /** A second replica of an app, on ports of its own. */
  async startReplica(app: AppName, as: string): Promise<ChildApp> {
    return this.start(app, as, { HTTP_PORT: String(await freePort()), OPS_PORT: String(await freePort()) });
  }

  app(name: string): ChildApp {
    const app = this.apps.get(name);
    if (!app) throw new Error(`${name} was not started`);
    return app;
  }

  /** As an ERP does that has no outbox for Ponte: confirmed, under the broker user the connector believes. */
  async publishDirect(event: Omit<HubEvent, 'id'>): Promise<void> {
    const url = this.environments['customerx-connector'].AMQP_URL!;
    const connection = await connect(url);
    const channel = await connection.createConfirmChannel();
    const contentType = 'application/cloudevents+json';
    const headers = { partitionkey: event.subject };
    const userId = new URL(url).username;
    const options = { contentType, headers, persistent: true, mandatory: true, type: event.type, userId };
    channel.publish('erp.events', event.type, Buffer.from(JSON.stringify(event)), options);
    await channel.waitForConfirms();
    await connection.close();
  }

  httpUrl(app: AppName): string {
    return `http://127.0.0.1:${this.environments[app].HTTP_PORT}`;
  }

  /** The database of an app's own, for a test that turns the clock of what waits there. */
  databaseUrl(app: AppName): string {
    return this.environments[app].DATABASE_URL!;
  }

  /** What an app is started with, for a test that puts something between it and a server. */
  settingsOf(app: AppName): Readonly<Record<string, string>> {
    return this.environments[app];
  }

  opsUrl(app: AppName): string {
    return `http://127.0.0.1:${this.environments[app].OPS_PORT}`;
  }

  async kill(name: string): Promise<void> {
    await this.app(name).kill('SIGKILL');
    this.apps.delete(name);
  }

  async stop(name: string): Promise<number | null> {
    const code = await this.app(name).stop();
    this.apps.delete(name);
    return code;
  }

  /** Stops what runs, the outermost last, and drops the databases and the vhost. */
  async close(): Promise<void> {
    const names = [...this.apps.keys()].sort((one) => (one === 'sandbox' ? 1 : -1));
    for (const name of names) await this.stop(name).catch(() => undefined);
    for (const drop of this.dropping) await drop();
  }

  /** An HTTP call to an app, as somebody who may do everything. @throws Error with the answer when it is no success */
  async ask<T>(app: AppName, method: string, path: string, body?: unknown, token = this.token): Promise<T> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.httpUrl(app)}${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** One account at CustomerX per company, so that title numbers may repeat between companies. */
  async openAccounts(accounts: readonly string[]): Promise<void> {
    const named = accounts.map((name) => ({
      name,
      token: accountToken(name),
      credential: `credential-${name}`,
      key: `key-${name}`,
    }));
    await this.ask('sandbox', 'PUT', '/control/customerx/settings', { accounts: named, rateLimitPerMinute: 0 });
  }

  /** The system parameter 046 of the ERP. */
  async switchParameter(enabled: boolean, source = SOURCE): Promise<void> {
    await this.ask('customerx-connector', 'PUT', '/system-parameter', { source, enabled });
  }

  /** Turns CustomerX on for a company and waits until what is owed of the time before is planned. */
  async integrate(wish: IntegrationWish): Promise<{ id: string }> {
    const integration = await this.turnOn(wish);
    await this.loaded(integration.id);
    return integration;
  }

  /** Turns CustomerX on for a company, sending as things come unless told. */
  async turnOn({ source = SOURCE, company, account, settings = {} }: IntegrationWish): Promise<{ id: string }> {
    await this.switchParameter(true, source);
    return this.ask<{ id: string }>('customerx-connector', 'PUT', '/integrations', {
      source,
      company,
      displayName: `CustomerX da empresa ${company}`,
      enabled: true,
      settings: {
        baseUrl: `${this.httpUrl('sandbox')}/customerx/api/v1`,
        token: accountToken(account),
        allowPlainHttp: true,
        allowPrivateAddresses: true,
        periodicityMinutes: 0,
        ...settings,
      },
    });
  }

  /** Until what was owed when the integration began, or came back, is planned. */
  async loaded(id: string, withinMs = 60_000): Promise<void> {
    type Loads = { items: { kind: string; state: string }[] };
    const isLoaded = async () => {
      const { items } = await this.ask<Loads>('customerx-connector', 'GET', `/integrations/${id}/loads`);
      const open = items.find(({ state }) => state !== 'finished');
      if (open) throw new Error(`the ${open.kind} load of integration ${id} is ${open.state}`);
    };
    await eventually(isLoaded, { withinMs, everyMs: 100 });
  }

  async titles(company: string): Promise<ReceivableChanged[]> {
    const titles: ReceivableChanged[] = [];
    let cursor = '';
    do {
      type Page = { items: ReceivableChanged[]; next?: string };
      const page: Page = await this.ask(
        'sandbox',
        'GET',
        `/erp/titles?company=${company}&limit=500${cursor && `&cursor=${cursor}`}`,
      );
      titles.push(...page.items);
      cursor = page.next ?? '';
    } while (cursor);
    return titles;
  }

  async financials(account: string): Promise<ShownFinancial[]> {
    type State = { accounts: { name: string; financials: ShownFinancial[] }[] };
    const { accounts } = await this.ask<State>('sandbox', 'GET', `/control/customerx/state?account=${account}`);
    return accounts[0]?.financials ?? [];
  }

  async calls(): Promise<TakenCall[]> {
    const calls: TakenCall[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      type Page = { items: TakenCall[]; next?: number; dropped: number };
      const page: Page = await this.ask('sandbox', 'GET', `/control/customerx/calls?after=${after}&limit=20000`);
      if (page.dropped > 0) throw new Error('the call log is too short for a verdict');
      calls.push(...page.items);
      after = page.next;
    }
    return calls;
  }

  /** What the ERP committed of the companies that have an account, read from its own outbox. */
  async committed(accountOf: AccountOf): Promise<CommittedEvent[]> {
    const client = new Client({ connectionString: this.erpAdminUrl });
    await client.connect();
    try {
      const { rows } = await client.query(COMMITTED_RECEIVABLES);
      return rows.flatMap((row) => {
        const account = accountOf(row.company);
        return account === undefined ? [] : [{ account, externalId: row.aggregateid, sequence: row.sequence }];
      });
    } finally {
      await client.end();
    }
  }

  /** Resolves when every event of these accounts has had its effect at the partner, or is parked as told. */
  async settled(accountOf: AccountOf, withinMs: number, parked: readonly ParkedItem[] = []): Promise<Verdict> {
    const isOurs = ({ account }: TakenCall) => account === undefined || !this.loadedAccounts.has(account);
    return eventually(
      async () => {
        const committed = await this.committed(accountOf);
        const verdict = weigh(committed, (await this.calls()).filter(isOurs), parked);
        if (verdict.lost.length > 0)
          throw new Error(`not arrived: ${verdict.lost.slice(0, 3).join('; ')} and so on (${verdict.lost.length})`);
        return verdict;
      },
      { withinMs, everyMs: 250 },
    );
  }

  async compare(company: string, account: string): Promise<Difference[]> {
    return compareTitles(await this.titles(company), await this.financials(account));
  }
}

/** The REST token of an account at the simulated CustomerX. */
export function accountToken(account: string): string {
  return `sandbox-token-${account}`;
}

function newKey(): string {
  return randomBytes(32).toString('base64');
}

type TokenFor = (role: string, ...companies: string[]) => Promise<string>;

/** An issuer of this world's own, and a token of somebody who may do everything. */
async function newAccess() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...(await exportJWK(publicKey)), kid: 'world', alg: 'ES256', use: 'sig' };
  const [issuer, audience] = ['https://issuer.world.invalid', 'ponte'];
  const sign = (name: string, roles: string[], companies: string[]) =>
    new SignJWT({ name, roles, companies })
      .setProtectedHeader({ alg: 'ES256', kid: 'world' })
      .setSubject(name)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('12h')
      .sign(privateKey);
  const token = await sign('demo', ['vendor', 'auditor'], ['*']);
  const tokenFor: TokenFor = (role, ...companies) => sign(role, [role], companies.length > 0 ? companies : ['*']);
  const variables = { ACCESS_ISSUER: issuer, ACCESS_AUDIENCE: audience, ACCESS_JWKS: JSON.stringify({ keys: [key] }) };
  return { variables, token, tokenFor };
}
