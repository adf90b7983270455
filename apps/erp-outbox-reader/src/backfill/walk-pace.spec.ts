import { expect, it } from '@jest/globals';
import { ManualClock } from '#libs/runtime';
import { eventually } from '#libs/testing';
import { WalkPace } from './walk-pace.js';

const never = new AbortController().signal;

it('lets no more rows through than it may, whatever the slices and however long it stood still', async () => {
  const clock = new ManualClock();
  const pace = new WalkPace(clock, () => 100);
  let through = 0;
  async function walk(slices: number[]): Promise<void> {
    for (const rows of slices) {
      await pace.let(rows, never);
      through += rows;
    }
  }
  const first = walk([50, 50, 20]);
  await eventually(() => clock.sleeping === 1);
  expect(through).toBe(50);
  clock.advance(499);
  expect(clock.sleeping).toBe(1);
  clock.advance(1);
  await eventually(() => clock.sleeping === 1);
  expect(through).toBe(100);
  clock.advance(500);
  await first;

  clock.advance(60_000);
  const late = walk([10, 10]);
  await eventually(() => clock.sleeping === 1);
  expect(through).toBe(130);
  clock.advance(100);
  await late;
});

it('sends fewer rows at once where it may send fewer a second', () => {
  const clock = new ManualClock();
  expect([1, 100, 2_000, 50_000].map((rate) => new WalkPace(clock, () => rate).sliceRows)).toEqual([1, 5, 100, 100]);
});
