import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { AppEnvironment, readEnvironment, Secret } from '#libs/runtime';
import { readKeyRing, withSettingsKeys } from './key-ring.js';
import { SecretBox, SecretUnreadable } from './secret-box.js';

const K1 = `k1:${randomBytes(32).toString('base64')}`;
const K2 = `k2:${randomBytes(32).toString('base64')}`;
const boxWith = (...keys: string[]) => new SecretBox(readKeyRing(new Secret(keys.join(','))));
const PLACE = { integration: '7', field: 'token' };
const SECRET = new Secret('hunter2 ção');

describe('SecretBox', () => {
  it('opens what it sealed, and seals the same text differently each time', () => {
    const box = boxWith(K1);
    const [one, two] = [box.seal(SECRET, PLACE), box.seal(SECRET, PLACE)];
    expect(box.open(one, PLACE).reveal()).toBe('hunter2 ção');
    expect(one).not.toBe(two);
    expect(one).toMatch(/^k1:[\w-]+$/);
  });

  it('opens nothing that was moved to another field or another integration', () => {
    const box = boxWith(K1);
    const sealed = box.seal(SECRET, PLACE);
    expect(() => box.open(sealed, { ...PLACE, field: 'other' })).toThrow(SecretUnreadable);
    expect(() => box.open(sealed, { ...PLACE, integration: '8' })).toThrow(SecretUnreadable);
  });

  it('opens nothing of which any byte was changed or cut', () => {
    const box = boxWith(K1);
    const bytes = Buffer.from(box.seal(SECRET, PLACE).slice(3), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(() => box.open(`k1:${changed.toString('base64url')}`, PLACE)).toThrow(SecretUnreadable);
      expect(() => box.open(`k1:${bytes.subarray(0, at).toString('base64url')}`, PLACE)).toThrow(SecretUnreadable);
    }
  });

  it('seals with the newest key and still opens what the older one sealed', () => {
    const old = boxWith(K1).seal(SECRET, PLACE);
    const rotated = boxWith(K2, K1);
    expect(rotated.open(old, PLACE).reveal()).toBe('hunter2 ção');
    expect([rotated.isCurrent(old), rotated.isCurrent(rotated.seal(SECRET, PLACE))]).toEqual([false, true]);
  });

  it('says which key is lost, and nothing of the secret', () => {
    const sealed = boxWith(K1).seal(SECRET, PLACE);
    const open = () => boxWith(K2).open(sealed, PLACE);
    expect(open).toThrow('"token" is sealed with the key "k1", which SETTINGS_KEYS no longer holds');
    expect(open).not.toThrow('hunter2');
  });

  it('gives an error, not garbage, when another key took the name of the old one', () => {
    const sealed = boxWith(K1).seal(SECRET, PLACE);
    expect(() => boxWith(K2.replace('k2', 'k1')).open(sealed, PLACE)).toThrow(SecretUnreadable);
  });
});

describe('SETTINGS_KEYS', () => {
  class KeysEnvironment extends withSettingsKeys(AppEnvironment) {}
  const read = (SETTINGS_KEYS: string) =>
    readEnvironment(KeysEnvironment, { HTTP_PORT: '0', OPS_PORT: '0', SETTINGS_KEYS });

  it('is read with the newest key first', () => {
    expect(readKeyRing(read(`${K2}, ${K1}`).SETTINGS_KEYS).current.id).toBe('k2');
  });

  it.each([
    ['nothing', '', 'is missing'],
    ['a key without an id', K1.slice(3), 'key 1 has no id'],
    ['a short key', `${K1},k2:aHVudGVyMg==`, 'the key "k2" must be 32 bytes'],
    ['one id twice', `${K1},${K1}`, 'the key id "k1" is there twice'],
  ])('refuses %s without repeating a key', (_what, keys, sentence) => {
    expect(() => read(keys)).toThrow(sentence);
    expect(() => read(keys)).not.toThrow(/aHVudGVyMg/);
    expect(() => read(keys)).not.toThrow(K1.slice(3));
  });
});
