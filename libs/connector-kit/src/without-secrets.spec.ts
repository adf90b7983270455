import { expect, it } from '@jest/globals';
import { refused, unavailable } from '#libs/contracts';
import { Secret } from '#libs/runtime';
import { errorWithoutSecrets, withoutSecrets } from './without-secrets.js';

const settings = { baseUrl: 'https://partner.example', token: new Secret('tok"en-4711'), pin: new Secret('123') };

it('takes the secrets of an integration out of every word of an outcome, however deep', () => {
  const said = refused('bad token tok"en-4711', { errors: [{ token: 'tok"en-4711' }] });
  expect(withoutSecrets(said, settings)).toEqual(refused('bad token [masked]', { errors: [{ token: '[masked]' }] }));
});

it('leaves everything else as it is, dates too, and short secrets, which are found in other words', () => {
  const retryAt = new Date(0);
  const outcome = unavailable('HTTP 503 after 123 ms', { retryAt });
  expect(withoutSecrets(outcome, settings)).toBe(outcome);
  const repeating = unavailable('tok"en-4711', { retryAt });
  expect(withoutSecrets(repeating, settings)).toEqual(unavailable('[masked]', { retryAt }));
});

it('takes them out of what was thrown', () => {
  expect(errorWithoutSecrets(new Error('no tok"en-4711 here'), settings)).toEqual(new Error('no [masked] here'));
  expect(errorWithoutSecrets('thrown text', settings)).toBe('thrown text');
});
