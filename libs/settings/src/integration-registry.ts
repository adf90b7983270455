import type { ClientBase, Pool } from 'pg';
import { inTransaction, Problem, type Clock, type Secret } from '#libs/runtime';
import { decideChange, type Changer, type IntegrationInput } from './integration-change.js';
import { rowToIntegration, type Integration, type IntegrationRow } from './integration.js';
import {
  CHANGE,
  CREATE_EMPTY,
  READ_ALL,
  READ_BY_ID,
  READ_FOR_COMPANIES,
  READ_FOR_SOURCE,
  READ_PAGE,
  READ_SECRETS,
  READ_TO_CHANGE,
  RECORD_CHANGE,
  REPLACE_SECRETS,
} from './integration.sql.js';
import { SecretUnreadable, type SecretBox } from './secret-box.js';
import type { SettingsClass } from './setting.js';

/** A pool, or the client of a transaction. */
export type Queryable = Pick<ClientBase, 'query'>;

export interface SavedIntegration<S extends object> {
  before?: Integration<S>;
  after: Integration<S>;
  /** JSON pointers of what changed; none when everything asked for was so already: nothing was written. */
  changed: readonly string[];
}

export interface Reencryption {
  examined: number;
  reencrypted: number;
  unreadable: { integration: string; reason: string }[];
}

const REENCRYPT_CHUNK = 100;

/**
 * The integrations of one partner, in the schema of the connector that serves it.
 * Every call takes the client it reads with, so intake sees them inside its own transaction, without locks;
 * decoded copies (secrets opened) are kept per version.
 */
export class IntegrationRegistry<S extends object> {
  private readonly decoded = new Map<string, { version: string; integration: Integration<S> }>();

  constructor(
    readonly name: string,
    readonly settingsClass: SettingsClass<S>,
    private readonly box: SecretBox,
    private readonly clock: Clock,
    /** Its code, where the partner has one: nothing is on before it. */
    private readonly parameter?: string,
  ) {}

  async readAll(client: Queryable): Promise<Integration<S>[]> {
    return this.read(client, READ_ALL, []);
  }

  async forSource(client: Queryable, source: string): Promise<Integration<S>[]> {
    return this.read(client, READ_FOR_SOURCE, [source]);
  }

  /** In the order of their ids. @param owners `source|company`, or undefined for all */
  async page(
    client: Queryable,
    wish: { afterId: string; owners?: readonly string[]; limit: number },
  ): Promise<Integration<S>[]> {
    return this.read(client, READ_PAGE, [wish.afterId, wish.owners ?? null, wish.limit]);
  }

  /** Those of the company and of each of its branches, on or off. */
  async forCompany(client: Queryable, source: string, company: string): Promise<Integration<S>[]> {
    return this.forCompanies(client, [{ source, company }]);
  }

  async forCompanies(
    client: Queryable,
    companies: readonly { source: string; company: string }[],
  ): Promise<Integration<S>[]> {
    return this.read(client, READ_FOR_COMPANIES, [companies.map((c) => c.source), companies.map((c) => c.company)]);
  }

  async byId(client: Queryable, id: string): Promise<Integration<S> | undefined> {
    return (await this.read(client, READ_BY_ID, [id]))[0];
  }

  /**
   * Creates or changes the integration of (source, company, branch). The client must be in a transaction, in which the
   * caller has locked whatever plans by these settings.
   * @throws Problem 400 or 403 `invalid-settings` with every mistake at once; 409 `version-conflict`
   */
  async save(client: Queryable, input: IntegrationInput, changer: Changer): Promise<SavedIntegration<S>> {
    const now = this.clock.now();
    const row = await this.lockRow(client, input, changer, now);
    const current = rowToIntegration(row, this.settingsClass, this.box, this.parameter);
    requireVersion(row, input);
    const change = decideChange(this.settingsClass, current, row.settings, input, changer);
    const before = row.version === 0 ? undefined : current;
    if (before && Object.keys(change.after).length === 0) return { before, after: before, changed: [] };
    const secrets = this.sealInto(row, change.sealed, change.removed);
    const values = [
      row.id,
      change.displayName || this.name,
      change.enabled,
      change.settings,
      secrets,
      now,
      changer.name,
    ];
    const changed = (await client.query<IntegrationRow>(CHANGE, values)).rows[0]!;
    await client.query(RECORD_CHANGE, [row.id, changed.version, now, changer.name, change.before, change.after]);
    return { before, after: this.decode(changed), changed: Object.keys(change.after) };
  }

  /** Seals every secret anew that is not sealed with the newest key; in small transactions, beside live work. */
  async reencrypt(pool: Pool): Promise<Reencryption> {
    const total: Reencryption = { examined: 0, reencrypted: 0, unreadable: [] };
    for (let lastId: string | undefined = '0'; lastId !== undefined;) {
      const after: string = lastId;
      lastId = await inTransaction(pool, (client) => this.reencryptChunk(client, after, total));
    }
    return total;
  }

  private async read(client: Queryable, statement: string, more: unknown[]): Promise<Integration<S>[]> {
    const { rows } = await client.query<IntegrationRow>(statement, [this.name, ...more]);
    return rows.map((row) => this.decode(row));
  }

  private decode(row: IntegrationRow): Integration<S> {
    const version = `${row.version}/${row.written_by}/${row.parameter_on}`;
    const known = this.decoded.get(row.id);
    if (known?.version === version) return known.integration;
    const integration = rowToIntegration(row, this.settingsClass, this.box, this.parameter);
    this.decoded.set(row.id, { version, integration });
    return integration;
  }

  private async lockRow(
    client: Queryable,
    input: IntegrationInput,
    changer: Changer,
    now: Date,
  ): Promise<IntegrationRow> {
    const key = [input.source, input.company, input.branch ?? null, this.name];
    const found = await client.query<IntegrationRow>(READ_TO_CHANGE, key);
    if (found.rows[0]) return found.rows[0];
    await client.query(CREATE_EMPTY, [...key, now, changer.name]);
    return (await client.query<IntegrationRow>(READ_TO_CHANGE, key)).rows[0]!;
  }

  private sealInto(row: IntegrationRow, given: Record<string, Secret>, removed: string[]) {
    const secrets = { ...row.secrets };
    for (const name of removed) delete secrets[name];
    for (const [field, secret] of Object.entries(given)) {
      secrets[field] = this.box.seal(secret, { integration: row.id, field });
    }
    return secrets;
  }

  private async reencryptChunk(client: Queryable, after: string, total: Reencryption): Promise<string | undefined> {
    const { rows } = await client.query<Pick<IntegrationRow, 'id' | 'secrets'>>(READ_SECRETS, [
      this.name,
      after,
      REENCRYPT_CHUNK,
    ]);
    for (const row of rows) await this.reencryptRow(client, row, total);
    return rows.at(-1)?.id;
  }

  private async reencryptRow(
    client: Queryable,
    row: Pick<IntegrationRow, 'id' | 'secrets'>,
    total: Reencryption,
  ): Promise<void> {
    const stale = Object.entries(row.secrets).filter(([, sealed]) => !this.box.isCurrent(sealed));
    const secrets = { ...row.secrets };
    for (const [field, sealed] of stale) {
      try {
        const place = { integration: row.id, field };
        secrets[field] = this.box.seal(this.box.open(sealed, place), place);
        total.reencrypted += 1;
      } catch (error) {
        if (!(error instanceof SecretUnreadable)) throw error;
        total.unreadable.push({ integration: row.id, reason: error.message });
      }
    }
    total.examined += Object.keys(row.secrets).length;
    if (stale.length > 0) await client.query(REPLACE_SECRETS, [row.id, secrets]);
  }
}

function requireVersion(row: IntegrationRow, { expectedVersion }: IntegrationInput): void {
  if (expectedVersion === undefined || expectedVersion === row.version) return;
  throw new Problem({
    type: 'version-conflict',
    status: 409,
    detail: `Somebody else saved version ${row.version}; look at it and try again.`,
  });
}
