import { expect, it } from '@jest/globals';
import { DEFAULT_ATTEMPTS, waitAfter } from './retry.js';

it('The waits between attempts are those of the table, and jitter only lengthens them', () => {
  const waits = Array.from({ length: DEFAULT_ATTEMPTS }, (_, at) => waitAfter(at + 1, undefined, () => 0));
  expect(waits).toEqual([1_000, 10_000, 60_000, 300_000, 1_800_000, 7_200_000, 7_200_000]);
  expect(waitAfter(1, undefined, () => 1)).toBe(1_100);
});

it('An integration may have waits of its own, the last one for all that follow', () => {
  expect([1, 2, 3].map((attempts) => waitAfter(attempts, [5, 50], () => 0))).toEqual([5, 50, 50]);
  expect(waitAfter(1, [])).toBe(0);
});
