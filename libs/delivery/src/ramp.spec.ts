import { expect, it } from '@jest/globals';
import { rampRoom, secondOf } from './ramp.js';

it('The ramp lets 1, 2, 4 … go in each second, and everything after eight', () => {
  const rooms = [0, 1, 2, 7, 8].map((seconds) => rampRoom({ seconds, second: seconds, used: 0 }));
  expect(rooms).toEqual([1, 2, 4, 128, Infinity]);
  expect(rampRoom(undefined)).toBe(Infinity);
});

it('The ramp counts what went in this second only', () => {
  expect(rampRoom({ seconds: 2.5, second: 2, used: 3 })).toBe(1);
  expect(rampRoom({ seconds: 3.1, second: 2, used: 4 })).toBe(8);
  expect(rampRoom({ seconds: 2.5, second: 2, used: 5 })).toBeLessThanOrEqual(0);
});

it('The ramp is in its first second where two clocks disagree by a little', () => {
  expect(secondOf({ seconds: -0.2, second: 0, used: 0 })).toBe(0);
});
