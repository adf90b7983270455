import { createHash } from 'node:crypto';
import type { Pool, QueryResultRow } from 'pg';
import { Secret } from '#libs/runtime';
import { SecretUnreadable, type Integration, type SecretBox, type SecretPlace, type Words } from '#libs/settings';
import * as sql from './login-tokens.sql.js';
import type { PartnerSettings } from './partner-settings.js';

/** Whose login, and with what it is made. */
export interface LoginOf {
  integration: Integration<PartnerSettings>;
  /** The group, or a star where one login serves them all. */
  scope: string;
  baseUrl: string;
}

export interface Token {
  secret: Secret;
  /** Counts the tokens of this login; a newer one takes the place of all before. */
  generation: number;
  /** What the login said beside it. */
  note?: unknown;
}

/** How a login stands, for these settings. */
export interface LoginState {
  /** The settings were saved since we read them. */
  replaced: boolean;
  attempt: number;
  /** Somebody logs in just now. */
  running: boolean;
  /** Not yet over. */
  token?: Token;
  /** Its renewal is due. */
  ageing: boolean;
  refusal?: Words;
  /** What the last login that was let in said beside its token, whatever became of that. */
  note?: unknown;
}

interface StateRow {
  version: number;
  attempt: number;
  generation: number;
  settings_version: number | null;
  token: string | null;
  note: string | null;
  refusal: string | null;
  running: boolean;
  alive: boolean;
  ageing: boolean;
  refusal_stands: boolean;
}

/** Between a refusal and the pause that follows from it. */
const REFUSAL_SETTLES_MS = 5_000;

/** The rows of `login_token` could not be read or written: it says nothing of the partner. */
export class LoginsAway extends Error {
  override readonly name = 'LoginsAway';
}

/**
 * The tokens as stored: sealed for the integration, the login, and the address and secrets they were got with. What was
 * got with others does not open, and neither does what a key sealed that is gone: both are no token, and one is got anew.
 */
export class LoginRows {
  constructor(
    private readonly pool: Pool,
    private readonly box: SecretBox,
  ) {}

  /** @throws RangeError for an integration that does not exist */
  async read(login: LoginOf): Promise<LoginState> {
    const { integration, scope } = login;
    const [row] = await this.query<StateRow>(sql.READ_LOGIN, [integration.id, scope, REFUSAL_SETTLES_MS]);
    if (!row) throw new RangeError(`there is no integration ${integration.id}`);
    const isOurs = row.settings_version === integration.version;
    const secret = isOurs && row.alive && row.token !== null ? this.open(row.token, login) : undefined;
    const { attempt, running, ageing, generation } = row;
    const note = parsed(row.note);
    return {
      ...{ attempt, running, ageing, replaced: row.version > integration.version, note },
      ...(secret && { token: { secret, generation, note } }),
      ...(isOurs && row.refusal_stands && row.refusal && { refusal: JSON.parse(row.refusal) as Words }),
    };
  }

  /** @param after the attempt it follows @returns its number, or nothing where another one was begun */
  async begin({ integration, scope }: LoginOf, after: number, ms: number): Promise<number | undefined> {
    const values = [integration.id, scope, integration.version, ms, after];
    return (await this.query<{ attempt: number }>(sql.BEGIN_LOGIN, values))[0]?.attempt;
  }

  /** @returns nothing where a later attempt was begun: its token is the one that counts */
  async keep(
    login: LoginOf,
    attempt: number,
    got: { secret: Secret; note?: unknown; renewInMs: number; endsInMs: number },
  ): Promise<Token | undefined> {
    const { integration, scope } = login;
    const { secret, note, renewInMs, endsInMs } = got;
    const kept = note === undefined ? null : JSON.stringify(note);
    const sealed = this.box.seal(secret, placeOf(login));
    const values = [integration.id, scope, attempt, integration.version, sealed, renewInMs, endsInMs, kept];
    const [row] = await this.query<{ generation: number }>(sql.KEEP_TOKEN, values);
    return row && { secret, generation: row.generation, note };
  }

  /** @returns whether it stands: no other login was begun, and the settings are still those that were refused */
  async refuse({ integration, scope }: LoginOf, attempt: number, detail: Words): Promise<boolean> {
    const values = [integration.id, scope, attempt, integration.version, JSON.stringify(detail)];
    return (await this.query(sql.KEEP_REFUSAL, values)).length > 0;
  }

  async end({ integration, scope }: LoginOf, attempt: number): Promise<void> {
    await this.query(sql.END_LOGIN, [integration.id, scope, attempt]);
  }

  private open(sealed: string, login: LoginOf): Secret | undefined {
    try {
      return this.box.open(sealed, placeOf(login));
    } catch (error) {
      if (error instanceof SecretUnreadable) return undefined;
      throw error;
    }
  }

  private async query<R extends QueryResultRow>(statement: string, values: unknown[]): Promise<R[]> {
    try {
      return (await this.pool.query<R>(statement, values)).rows;
    } catch (error) {
      throw new LoginsAway(`the login cannot be looked up: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Of address and secrets only a hash, and that only where it is sealed: it is stored nowhere. */
function placeOf({ integration: { id, settings }, scope, baseUrl }: LoginOf): SecretPlace {
  const secrets = Object.entries(settings)
    .filter((entry): entry is [string, Secret] => entry[1] instanceof Secret)
    .map(([name, secret]) => [name, secret.reveal()])
    .toSorted(([one], [other]) => (one! < other! ? -1 : 1));
  const gotWith = createHash('sha256')
    .update(JSON.stringify([baseUrl, secrets]))
    .digest('base64url');
  return { integration: id, field: `login ${scope} ${gotWith}` };
}

function parsed(note: string | null): unknown {
  return note === null ? undefined : JSON.parse(note);
}
