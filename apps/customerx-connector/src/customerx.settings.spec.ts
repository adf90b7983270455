import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import { Secret } from '#libs/runtime';
import { describeSettings } from '#libs/settings';
import { CustomerXSettings } from './customerx.settings.js';

const lacking = (more: object) => {
  const settings = Object.assign(new CustomerXSettings(), { token: new Secret('a token') }, more);
  return validateSync(settings).map(({ property }) => property);
};

describe("the settings of CustomerX's integration", () => {
  it('ask for Credential and Chave where they are used, and for the Token always', () => {
    expect(lacking({})).toEqual([]);
    expect(lacking({ tracking: 'per-settlement' })).toEqual(['credential', 'key']);
    expect(lacking({ tracking: 'per-run' })).toEqual(['credential', 'key', 'trackingClient']);
    expect(lacking({ token: undefined })).toEqual(['token']);
    const required = describeSettings(CustomerXSettings).filter((field) => field.required);
    expect(required.map(({ name }) => name)).toEqual(['token']);
  });

  it('show what belongs to tracking only while there is tracking', () => {
    const hidden = describeSettings(CustomerXSettings).filter(({ shownWhen }) => shownWhen);
    expect(hidden.map(({ name }) => name)).toEqual([
      'trackerUrl',
      'trackingType',
      'trackingClient',
      'trackingIdentifier',
      'trackingEmail',
    ]);
  });

  it.each([
    ['maxIdLength', -1],
    ['externalIdPrefix', 'with space'],
    ['reconcile', 'hourly'],
    ['tracking', 'per-title'],
    ['trackingEmail', 'nobody'],
  ])('refuse %s as %p', (name, value) => {
    expect(lacking({ [name]: value })).toContain(name);
  });
});
