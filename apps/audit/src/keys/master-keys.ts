import { createSecretKey, type KeyObject } from 'node:crypto';
import { buildMessage, ValidateBy } from 'class-validator';
import { Secret } from '#libs/runtime';
import { KEY_BYTES, openBytes, sealBytes } from './sealed-bytes.js';

/** A key as it is stored: under which master key, and the bytes. */
export interface WrappedKey {
  masterKey: string;
  wrapped: Buffer;
}

/** A stored key needs a master key that AUDIT_KEY no longer holds. Nothing is lost while that key exists somewhere. */
export class MasterKeyMissing extends Error {
  override readonly name = 'MasterKeyMissing';
  constructor(id: string) {
    super(`AUDIT_KEY does not hold the master key "${id}": put it back behind the current one`);
  }
}

const KEY_ID = /^[A-Za-z0-9-]{1,16}$/;
/** The id of a master key given without one. */
const FIRST_KEY_ID = 'k1';

/** The keys of this installation: the first one wraps, all of them unwrap. */
export class MasterKeys {
  private constructor(
    readonly currentId: string,
    private readonly keys: ReadonlyMap<string, KeyObject>,
  ) {}

  /**
   * Reads `"k2:<base64>,k1:<base64>"`, each key 32 bytes; a single key may come without its id and is then `k1`.
   * To rotate: put a new key in front and restart; the old one may go when no stored key is under it any more.
   * @throws Error naming the key's place or id, never its bytes
   */
  static read(text: Secret): MasterKeys {
    const entries = text.reveal().split(',');
    const keys = new Map<string, KeyObject>();
    for (const [index, entry] of entries.entries()) {
      const [id, encoded] = splitEntry(entry.trim(), entries.length === 1);
      if (!KEY_ID.test(id)) throw new Error(`key ${index + 1} has no id: write "<id>:<base64 of 32 bytes>"`);
      if (keys.has(id)) throw new Error(`the key id "${id}" is there twice`);
      const key = Buffer.from(encoded, 'base64');
      if (key.length !== KEY_BYTES) throw new Error(`the key "${id}" must be 32 bytes (openssl rand -base64 32)`);
      keys.set(id, createSecretKey(key));
    }
    return new MasterKeys([...keys.keys()][0]!, keys);
  }

  has(id: string): boolean {
    return this.keys.has(id);
  }

  /** Keys are held as KeyObjects: handing the bytes over anew costs more than the encryption. `place` names the row. */
  wrap(key: KeyObject, place: string): WrappedKey {
    return { masterKey: this.currentId, wrapped: sealBytes(this.keys.get(this.currentId)!, key.export(), place) };
  }

  /** @throws MasterKeyMissing; Error when the stored bytes were changed or moved */
  unwrap({ masterKey, wrapped }: WrappedKey, place: string): KeyObject {
    const key = this.keys.get(masterKey);
    if (!key) throw new MasterKeyMissing(masterKey);
    return createSecretKey(openBytes(key, wrapped, place));
  }
}

function splitEntry(entry: string, alone: boolean): [id: string, encoded: string] {
  const colon = entry.indexOf(':');
  if (colon < 0) return [alone ? FIRST_KEY_ID : '', entry];
  return [entry.slice(0, colon), entry.slice(colon + 1)];
}

export function IsMasterKeys(): PropertyDecorator {
  return ValidateBy({
    name: 'isMasterKeys',
    validator: {
      validate: (value) => mistakeIn(value) === undefined,
      defaultMessage: buildMessage((_each, args) => mistakeIn(args?.value) ?? ''),
    },
  });
}

function mistakeIn(value: unknown): string | undefined {
  if (!(value instanceof Secret)) return 'must be "<id>:<base64 of 32 bytes>", the newest key first, commas between';
  try {
    MasterKeys.read(value);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
