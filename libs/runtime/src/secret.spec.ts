import { inspect } from 'node:util';
import { expect, it } from '@jest/globals';
import { Secret } from './secret.js';

const secret = new Secret('hunter2');

it('shows its value to nobody who prints, logs, joins or serialises it', () => {
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    [secret].join(),
    '' + secret,
  ];
  expect(shown.filter((text) => text.includes('hunter2'))).toEqual([]);
  expect(Object.values(secret)).toEqual([]);
});

it('gives its value to whoever asks by name', () => {
  expect(secret.reveal()).toBe('hunter2');
});
