import { createHmac, type KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { StartRefused } from '#libs/runtime';
import { INSERT_INDEX_KEY, SELECT_INDEX_KEY, UPDATE_INDEX_KEY } from './keys.sql.js';
import { MasterKeyMissing, type MasterKeys, type WrappedKey } from './master-keys.js';
import { newKey } from './sealed-bytes.js';

/** Whose company: company "1" exists in every ERP. */
export interface Company {
  /** The source of the ERP: `/erp/<instance>`. */
  owner: string;
  company: string;
}

const TOKEN_BYTES = 16;
const PLACE = 'index-key';

/**
 * Keyed hashes by which things are found without being stored: nobody who reads the database can try documents against
 * them without the key. A token means something in its company only, so that two companies' indexes cannot be compared.
 */
export class BlindIndex {
  constructor(private readonly key: KeyObject) {}

  token({ owner, company }: Company, kind: string, value: string): Buffer {
    return this.hash([kind, owner, company, value].join('\n'));
  }

  /** Of what an event says: the same id with another fingerprint is another fact. */
  fingerprint(said: string | Buffer): Buffer {
    return this.hash(said);
  }

  private hash(text: string | Buffer): Buffer {
    return createHmac('sha256', this.key).update(text).digest().subarray(0, TOKEN_BYTES);
  }
}

/** The index key of this database, made at the first start. @throws StartRefused when its master key is not there */
export async function openBlindIndex(pool: Pool, masterKeys: MasterKeys): Promise<BlindIndex> {
  const fresh = masterKeys.wrap(newKey(), PLACE);
  await pool.query(INSERT_INDEX_KEY, [fresh.masterKey, fresh.wrapped]);
  const stored = (await pool.query<WrappedKey>(SELECT_INDEX_KEY)).rows[0]!;
  const key = unwrapIndexKey(stored, masterKeys);
  if (stored.masterKey !== masterKeys.currentId) {
    const { masterKey, wrapped } = masterKeys.wrap(key, PLACE);
    await pool.query(UPDATE_INDEX_KEY, [masterKey, wrapped]);
  }
  return new BlindIndex(key);
}

function unwrapIndexKey(stored: WrappedKey, masterKeys: MasterKeys): KeyObject {
  try {
    return masterKeys.unwrap(stored, PLACE);
  } catch (error) {
    if (error instanceof MasterKeyMissing) throw new StartRefused(error.message);
    throw new StartRefused(
      `the master key "${stored.masterKey}" in AUDIT_KEY is not the one this database was made with`,
    );
  }
}
