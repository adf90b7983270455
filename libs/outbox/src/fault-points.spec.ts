import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '#libs/testing';
import { RelayBench } from '../test/relay-bench.js';

let bench: RelayBench;
beforeAll(async () => {
  bench = await RelayBench.open();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

test.each(['after-read-before-publish', 'after-confirm-before-mark'])(
  'a relay that fails once, %s, publishes every row, in order, and marks it',
  async (place) => {
    const taken = await bench.listen();
    let hasFailed = false;
    const faultPoint = (name: string) => {
      if (name !== place || hasFailed) return;
      hasFailed = true;
      throw new Error('nobody has foreseen this');
    };
    for (const n of [1, 2, 3]) await bench.database.write({ aggregateid: 'a', payload: { n } });
    await bench.start({ faultPoint });
    await eventually(async () => (await bench.database.unpublished()) === 0, { withinMs: 30_000 });
    expect(hasFailed).toBe(true);
    expect(taken.map(({ n }) => n)).toEqual([1, 2, 3]);
  },
);
