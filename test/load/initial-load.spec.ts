import { afterEach, expect, it } from '@jest/globals';
import { World } from '../world/world.ts';
import { measureInitialLoad } from './initial-load.ts';

let world: World;

afterEach(() => world?.close(), 60_000);

/** The short form of `npm run bench -- initial-load`, which tells the figures of 200,000 titles. */
it('loads a thousand open titles, each once, while titles that enter meanwhile do not wait behind them', async () => {
  world = await World.prepare();
  await world.startAll();
  const load = await measureInitialLoad(world, { titles: 1_000, live: 10, concurrency: 16 });
  expect(load.notOnce).toBe(0);
  const behindTheLoadMs = (load.seconds * 1_000) / 4;
  expect(load.latency.during).toBeLessThan(behindTheLoadMs);
}, 600_000);
