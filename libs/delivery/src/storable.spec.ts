import { expect, it } from '@jest/globals';
import { storable, storableJson } from './storable.js';

it('Text stays what it was, but for NUL and halves of characters', () => {
  expect(storable('ação 🌉 \0 \ud800!')).toBe('ação 🌉 \uFFFD \uFFFD!');
  expect(storable(undefined)).toBeNull();
});

it('Text within a value does too, however deep', () => {
  const value = { plain: 'ação', deep: [{ odd: '\ud83c', nul: 'a\0b' }], literal: '\\u0000' };
  expect(JSON.parse(storableJson(value)!)).toEqual({
    plain: 'ação',
    deep: [{ odd: '\uFFFD', nul: 'a\uFFFDb' }],
    literal: '\\u0000',
  });
  expect(storableJson({ plain: 'ação' })).toBe('{"plain":"ação"}');
  expect(storableJson(undefined)).toBeNull();
});
