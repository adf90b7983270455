import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import { DepsSettings, priceOf } from './deps.settings.js';

const prices = 'd002e4c6 2026-01-01 7.50\nd057a0f1 2026-01-01 12.00\nd002e4c6 2026-11-01 8.25';

describe('The price of a product', () => {
  it.each([
    ['d002e4c6', '2026-10-31', '7.50'],
    ['d002e4c6', '2026-11-01', '8.25'],
    ['d057a0f1', '2026-11-22', '12.00'],
  ])('of %s on %s is %s', (product, day, price) => {
    expect(priceOf({ prices }, product, day)).toBe(price);
  });

  it('is none before the first is valid, and none where nobody wrote one', () => {
    expect(priceOf({ prices }, 'd002e4c6', '2025-12-31')).toBeUndefined();
    expect(priceOf({ prices: '' }, 'd002e4c6', '2026-11-22')).toBeUndefined();
  });

  it.each(['d002e4c6 7.50', 'D002E4C6 2026-01-01 7.50', 'd002e4c6 2026-01-01 7,50', 'd002e4c6 2026-01-01 7.5'])(
    'written as "%s" is refused when it is saved',
    (written) => {
      const mistakes = validateSync(Object.assign(new DepsSettings(), { prices: written }));
      expect(mistakes.map(({ property }) => property)).toContain('prices');
    },
  );

  it('may be written with the ends of lines of any machine', () => {
    const mistakes = validateSync(Object.assign(new DepsSettings(), { prices: prices.replaceAll('\n', '\r\n') }));
    expect(mistakes.map(({ property }) => property)).not.toContain('prices');
  });
});
