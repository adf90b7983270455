import { buildMessage, ValidateBy } from 'class-validator';
import { Secret, type EnvironmentClass } from '#libs/runtime';

/** The keys of this installation by id; the first one encrypts, all of them decrypt. */
export interface KeyRing {
  current: { id: string; key: Buffer };
  keys: ReadonlyMap<string, Buffer>;
}

const KEY_ID = /^[A-Za-z0-9-]{1,16}$/;
const KEY_BYTES = 32;

/**
 * Reads `"k2:<base64>,k1:<base64>"`, each key 32 bytes.
 * To rotate: put a new key in front, restart, re-encrypt, and take the old key away when nothing uses it.
 * @throws Error naming the key's place or id, never its bytes
 */
export function readKeyRing(text: Secret): KeyRing {
  const keys = new Map<string, Buffer>();
  for (const [index, entry] of text.reveal().split(',').entries()) {
    const [id = '', encoded = ''] = entry.trim().split(':');
    if (!KEY_ID.test(id)) throw new Error(`key ${index + 1} has no id: write "<id>:<base64 of 32 bytes>"`);
    if (keys.has(id)) throw new Error(`the key id "${id}" is there twice`);
    const key = Buffer.from(encoded, 'base64');
    if (key.length !== KEY_BYTES)
      throw new Error(`the key "${id}" must be 32 bytes in base64 (openssl rand -base64 32)`);
    keys.set(id, key);
  }
  const [id, key] = [...keys][0]!;
  return { current: { id, key }, keys };
}

/** Adds `SETTINGS_KEYS`. */
export function withSettingsKeys<B extends EnvironmentClass>(Base: B) {
  abstract class SettingsKeysEnvironment extends Base {
    @IsKeyRing()
    SETTINGS_KEYS!: Secret;
  }
  return SettingsKeysEnvironment;
}

/** A ring of keys in an environment, read by `readKeyRing`. */
export function IsKeyRing(): PropertyDecorator {
  return ValidateBy({
    name: 'isKeyRing',
    validator: {
      validate: (value) => mistakeIn(value) === undefined,
      defaultMessage: buildMessage((_each, args) => mistakeIn(args?.value) ?? ''),
    },
  });
}

function mistakeIn(value: unknown): string | undefined {
  if (!(value instanceof Secret))
    return 'must be "<id>:<base64 of 32 bytes>", the newest key first, separated by commas';
  try {
    readKeyRing(value);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
