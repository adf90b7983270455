import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Caller } from '#libs/access';
import { cursorPage, notFound, Problem, readCursor, type Page } from '#libs/runtime';
import { searchWord } from '../intake/found-by.js';
import { unpackMessage, type HeldMessage } from '../intake/held-message.js';
import { BlindIndex } from '../keys/blind-index.js';
import { DataKeys, type StoredKey } from '../keys/data-keys.js';
import { MasterKeyMissing } from '../keys/master-keys.js';
import { openBytes } from '../keys/sealed-bytes.js';
import type { EntriesQuery, TimelineQuery } from './entries-query.js';
import { toEntryDetail, toEntryView, type EntryDetail, type EntryRow, type EntryView } from './entry-view.js';
import { Scopes, type Scope } from './scopes.js';
import * as sql from './search.sql.js';

/** A row with its ciphertext and its key, as far as that is still there. */
type StoredEntry = EntryRow & { ciphertext: Buffer } & { [K in keyof Omit<StoredKey, 'id'>]: StoredKey[K] | null };

/** What it takes to read an entry. */
type Openable = Pick<StoredEntry, 'id' | 'token' | 'masterKey' | 'wrapped' | 'ciphertext'>;

const LONGEST_TIMELINE = 500;
const READ = 'events.read';

/** Finds and opens entries for a caller, within what that caller may see. */
@Injectable()
export class Entries {
  constructor(
    private readonly pool: Pool,
    private readonly scopes: Scopes,
    private readonly index: BlindIndex,
    private readonly dataKeys: DataKeys,
  ) {}

  async page(caller: Caller, query: EntriesQuery): Promise<Page<EntryView>> {
    const [cursor] = readCursor(query.cursor, ['integer']) ?? [];
    const scopes = await this.scopes.of(caller, READ, query);
    const shared = [...columnsOf(scopes), cursor ?? null, query.limit + 1, ...filtersOf(query)];
    const narrow = this.narrowKeysOf(scopes, query);
    const { rows } = narrow
      ? await this.pool.query<StoredEntry>(sql.FIND_ENTRIES[query.order], [...shared, ...narrow])
      : await this.pool.query<StoredEntry>(sql.LIST_ENTRIES[query.order], shared);
    return cursorPage(
      rows,
      query.limit,
      ({ id }) => [id],
      (row) => toEntryView(row, this.open(row)),
    );
  }

  /** @throws Problem 404, 403 */
  async detail(caller: Caller, id: string): Promise<EntryDetail> {
    const row = await this.row(caller, READ, id);
    return toEntryDetail(row, this.open(row));
  }

  /** The event, what came of it and who looked into it, in the order they were received. */
  async timeline(caller: Caller, query: TimelineQuery): Promise<EntryView[]> {
    const scopes = await this.scopes.of(caller, READ, query);
    const parameters = [...columnsOf(scopes), query.eventId, LONGEST_TIMELINE];
    const { rows } = await this.pool.query<StoredEntry>(sql.SELECT_TIMELINE, parameters);
    if (rows.length === 0) throw notFound('Nothing is recorded of this event where you may look.');
    return rows.map((row) => toEntryView(row, this.open(row)));
  }

  /** @throws Problem 404 or 403 by the caller's permission there */
  async row(caller: Caller, permission: typeof READ | 'events.read-personal', id: string): Promise<StoredEntry> {
    const { rows } = await this.pool.query<StoredEntry>(sql.SELECT_ENTRY, [id]);
    const row = rows[0];
    if (!row) throw notFound('There is no such entry, or it belongs to somebody else.');
    caller.require(permission, { source: row.owner, company: row.company, branch: row.branch ?? undefined });
    return row;
  }

  /** Undefined where the key is gone. @throws Problem 503 when the installation's key is not there */
  open({ id, token, masterKey, wrapped, ciphertext }: Openable): HeldMessage | undefined {
    if (token === null || masterKey === null || wrapped === null) return undefined;
    try {
      const key = this.dataKeys.open({ id, token, masterKey, wrapped });
      return unpackMessage(openBytes(key, ciphertext, `entry ${id}`));
    } catch (error) {
      if (error instanceof MasterKeyMissing) {
        throw new Problem({ type: 'key-unavailable', status: 503, detail: error.message });
      }
      throw error;
    }
  }

  /** Undefined where the search has no key that narrows it by itself. */
  private narrowKeysOf(scopes: readonly Scope[], query: EntriesQuery): unknown[] | undefined {
    const { document, title, subject, eventId, traceId } = query;
    const words = [
      ...(document === undefined ? [] : [searchWord('document', document)]),
      ...(title === undefined ? [] : [searchWord('title', title)]),
      ...(subject === undefined ? [] : [searchWord('subject', subject)]),
    ];
    if (words.length === 0 && eventId === undefined && traceId === undefined) return undefined;
    const companies = [...new Map(scopes.map((scope) => [`${scope.owner}|${scope.company}`, scope])).values()];
    const tokens = companies.flatMap((of) => words.map(({ kind, value }) => this.index.token(of, kind, value)));
    return [eventId ?? null, traceId ?? null, words.length === 0 ? null : tokens, words.length];
  }
}

function columnsOf(scopes: readonly Scope[]): unknown[] {
  return [
    scopes.map(({ owner }) => owner),
    scopes.map(({ company }) => company),
    scopes.map(({ branch }) => branch ?? null),
  ];
}

function filtersOf({ actor, type, from, to }: EntriesQuery): unknown[] {
  return [actor ?? null, type?.replaceAll('*', '%') ?? null, from ?? null, to ?? null];
}
