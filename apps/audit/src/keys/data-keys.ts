import type { KeyObject } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import { StartRefused } from '#libs/runtime';
import * as sql from './keys.sql.js';
import type { Company } from './blind-index.js';
import { MasterKeyMissing, MasterKeys, type WrappedKey } from './master-keys.js';
import { newKey } from './sealed-bytes.js';

export type KeyKind = 'person' | 'pseudonym' | 'company' | 'unreadable';

/** Whose key something is recorded under. */
export interface KeyHolder extends Company {
  kind: KeyKind;
  token: Buffer;
  expiresAt?: Date;
}

export interface DataKey {
  id: string;
  key: KeyObject;
}

/** A key as its row holds it; the token is part of what it is bound to. */
export interface StoredKey extends WrappedKey {
  id: string;
  token: Buffer;
}

const REWRAP_AT_ONCE = 500;

/** The keys payloads are encrypted under, one per person or company. Nothing is cached: a dropped key is gone at once. */
@Injectable()
export class DataKeys implements OnModuleInit {
  constructor(
    private readonly masterKeys: MasterKeys,
    private readonly pool: Pool,
  ) {}

  /**
   * The key of each holder by `holderId`, made where there is none. In the caller's transaction, which holds a writer's
   * row: whoever drops keys takes those rows first, so no key goes between here and the commit.
   */
  async keysOf(client: PoolClient, holders: readonly KeyHolder[]): Promise<Map<string, DataKey>> {
    const distinct = [...new Map(holders.map((holder) => [holderId(holder), holder])).values()];
    const stored = await this.select(client, distinct);
    const missing = distinct.filter((holder) => !stored.has(holderId(holder)));
    if (missing.length > 0) {
      await this.insert(client, missing);
      for (const [id, key] of await this.select(client, missing)) stored.set(id, key);
    }
    return new Map([...stored].map(([id, key]) => [id, { id: key.id, key: this.open(key) }]));
  }

  /** @throws MasterKeyMissing */
  open(stored: StoredKey): KeyObject {
    return this.masterKeys.unwrap(stored, placeOf(stored.token));
  }

  /** @throws StartRefused naming a master key that stored keys still need */
  async onModuleInit(): Promise<void> {
    const missing = (await usedMasterKeys(this.pool)).find((id) => !this.masterKeys.has(id));
    if (missing !== undefined) throw new StartRefused(new MasterKeyMissing(missing).message);
  }

  /** Brings some keys under the current master key. @returns how many; 0 when none is left under an older one */
  async rewrap(client: PoolClient): Promise<number> {
    const current = this.masterKeys.currentId;
    const older = (await usedMasterKeys(client)).find((id) => id !== current);
    if (older === undefined) return 0;
    const { rows } = await client.query<StoredKey>(sql.SELECT_KEYS_UNDER, [older, REWRAP_AT_ONCE]);
    const wrapped = rows.map((row) => this.masterKeys.wrap(this.open(row), placeOf(row.token)).wrapped);
    await client.query(sql.UPDATE_WRAPPED_KEYS, [rows.map(({ id }) => id), current, wrapped]);
    return rows.length;
  }

  private async select(client: PoolClient, holders: readonly KeyHolder[]): Promise<Map<string, StoredKey>> {
    const { rows } = await client.query<StoredKey>(sql.SELECT_KEYS, [holders.map(({ token }) => token)]);
    return new Map(rows.map((row) => [holderId(row), row]));
  }

  /** In the tokens' order, since two writers may make the same keys at once. */
  private async insert(client: PoolClient, holders: readonly KeyHolder[]): Promise<void> {
    const sorted = holders.toSorted((one, other) => Buffer.compare(one.token, other.token));
    const wrapped = sorted.map(({ token }) => this.masterKeys.wrap(newKey(), placeOf(token)));
    await client.query(sql.INSERT_KEYS, [
      sorted.map(({ kind }) => kind),
      sorted.map(({ owner }) => owner),
      sorted.map(({ company }) => company),
      sorted.map(({ token }) => token),
      this.masterKeys.currentId,
      wrapped.map((each) => each.wrapped),
      sorted.map(({ expiresAt }) => expiresAt?.toISOString() ?? null),
    ]);
  }
}

async function usedMasterKeys(database: Pool | PoolClient): Promise<string[]> {
  const { rows } = await database.query<{ masterKey: string }>(sql.SELECT_MASTER_KEYS);
  return rows.map(({ masterKey }) => masterKey);
}

export function holderId({ token }: { token: Buffer }): string {
  return token.toString('base64');
}

function placeOf(token: Buffer): string {
  return `data-key ${holderId({ token })}`;
}
