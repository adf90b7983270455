import { expect, test } from '@jest/globals';
import { BOTTOM, ReadFloor } from './read-floor.js';

/** A read before which transactions below `xmin` were over, and none from `xmax` on had begun. */
function read(floor: ReadFloor, xmin: number, xmax: number, highest?: string): string {
  if (floor.awaitsSnapshot) floor.beforeRead({ xmin: BigInt(xmin), xmax: BigInt(xmax) });
  const from = floor.position;
  floor.afterRead(highest);
  return from;
}

test('the floor rises once every transaction that had begun when the row was seen is over', () => {
  const floor = new ReadFloor();
  expect(read(floor, 10, 12, '100')).toBe(BOTTOM);
  expect(read(floor, 10, 14)).toBe(BOTTOM);
  expect(read(floor, 13, 20)).toBe(BOTTOM);
  expect(read(floor, 14, 20)).toBe(BOTTOM);
  expect(read(floor, 14, 20)).toBe('100');
});

test('the read that sees them over still looks below: what they committed last shows in it', () => {
  const floor = new ReadFloor();
  read(floor, 10, 12, '100');
  read(floor, 10, 14);
  expect(read(floor, 14, 20, '90')).toBe(BOTTOM);
  expect(floor.position).toBe('100');
});

test('rows that keep coming do not keep it down', () => {
  const floor = new ReadFloor();
  const from: string[] = [];
  for (let i = 1; i <= 9; i += 1) from.push(read(floor, 10 * i, 10 * i + 5, String(i * 100)));
  expect(from).toEqual([BOTTOM, BOTTOM, BOTTOM, '100', '200', '300', '400', '500', '600']);
});

test('however long an open transaction keeps it down, it rises to the last row once that is over', () => {
  const floor = new ReadFloor();
  for (let i = 1; i <= 50; i += 1) read(floor, 1, 10 + i, String(i * 100));
  expect(floor.position).toBe(BOTTOM);
  read(floor, 100, 100);
  read(floor, 100, 100);
  expect(floor.position).toBe('5000');
});

test('positions are compared as numbers, not as text', () => {
  const floor = new ReadFloor();
  const from = ['9', '9', '9', '10', '10', '10', '10'].map((highest) => read(floor, 50, 50, highest));
  expect(from).toEqual([BOTTOM, BOTTOM, '9', '9', '9', '10', '10']);
});
