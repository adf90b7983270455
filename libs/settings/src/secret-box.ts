import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Secret } from '#libs/runtime';
import type { KeyRing } from './key-ring.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Which field of which integration a sealed text belongs to: moved elsewhere in the database, it does not open. */
export interface SecretPlace {
  integration: string;
  field: string;
}

/** A sealed text that does not open. The message says what to do and holds nothing of the secret. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

/** Seals secrets with AES-256-GCM into `<key id>:<base64url of IV, ciphertext, tag>`. */
export class SecretBox {
  constructor(private readonly ring: KeyRing) {}

  seal(secret: Secret, place: SecretPlace): string {
    const { id, key } = this.ring.current;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(boundTo(place));
    const sealed = Buffer.concat([iv, cipher.update(secret.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${id}:${sealed.toString('base64url')}`;
  }

  /** @throws SecretUnreadable when the key is lost, or the text was changed or moved: never garbage */
  open(sealed: string, place: SecretPlace): Secret {
    const [id = '', encoded = ''] = sealed.split(':');
    const key = this.ring.keys.get(id);
    if (!key)
      throw new SecretUnreadable(
        `"${place.field}" is sealed with the key "${id}", which SETTINGS_KEYS no longer holds`,
      );
    const bytes = Buffer.from(encoded, 'base64url');
    try {
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const opened = [decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
      return new Secret(Buffer.concat(opened).toString('utf8'));
    } catch {
      throw new SecretUnreadable(
        `"${place.field}" does not open with the key "${id}": the key or the stored text was changed`,
      );
    }
  }

  isCurrent(sealed: string): boolean {
    return sealed.startsWith(`${this.ring.current.id}:`);
  }
}

function boundTo({ integration, field }: SecretPlace): Buffer {
  return Buffer.from(`${integration}/${field}`);
}
