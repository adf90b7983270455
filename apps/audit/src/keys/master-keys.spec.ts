import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '#libs/runtime';
import { MasterKeyMissing, MasterKeys } from './master-keys.js';
import { newKey } from './sealed-bytes.js';

const base64 = () => randomBytes(32).toString('base64');
const read = (text: string) => MasterKeys.read(new Secret(text));

describe('the master keys', () => {
  it('wrap with the first and unwrap with any', () => {
    const [old, fresh, key] = [base64(), base64(), newKey()];
    const wrapped = read(`k1:${old}`).wrap(key, 'row 1');
    const ring = read(`k2:${fresh}, k1:${old}`);
    expect(ring.wrap(key, 'row 1').masterKey).toBe('k2');
    expect(ring.unwrap(wrapped, 'row 1').equals(key)).toBe(true);
  });

  it('take a single key without an id for the first one', () => {
    const bare = base64();
    const wrapped = read(bare).wrap(newKey(), 'row 1');
    expect(wrapped.masterKey).toBe('k1');
    expect(() => read(`k1:${bare}`).unwrap(wrapped, 'row 1')).not.toThrow();
  });

  it('say which key is missing, and give no garbage for a key that was moved or changed', () => {
    const [one, other] = [base64(), base64()];
    const wrapped = read(`k1:${one}`).wrap(newKey(), 'row 1');
    expect(() => read(`k2:${other}`).unwrap(wrapped, 'row 1')).toThrow(MasterKeyMissing);
    expect(() => read(`k1:${one}`).unwrap(wrapped, 'row 2')).toThrow();
    expect(() => read(`k1:${other}`).unwrap(wrapped, 'row 1')).toThrow();
  });

  it.each([
    ['', 'must be 32 bytes'],
    [`k1:${randomBytes(16).toString('base64')}`, 'the key "k1" must be 32 bytes'],
    [`k1:${base64()},${base64()}`, 'key 2 has no id'],
    [`k1:${base64()},k1:${base64()}`, 'the key id "k1" is there twice'],
  ])('refuse %# with a sentence that holds no key', (text, sentence) => {
    expect(() => read(text)).toThrow(sentence);
    const [, secret = 'nothing'] = text.split(':');
    expect(() => read(text)).not.toThrow(secret);
  });
});
