import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'database-killed',
  rows: [69],
  says: 'A PostgreSQL killed under load, twice, takes nothing with it that was committed, and nothing is told twice.',
  minutes: 4,
  alone: true,
  async run(chaos) {
    const stack = await chaos.stack();
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    const moving = step(world, { titles, perTitle: 20, ratePerSecond: 80 });
    for (const seen of [2, 6]) {
      await effects(world, TITLES * seen);
      await stack.postgres.kill();
      await stack.postgres.start();
    }
    await moving;
    return weighed(world, { withinMs: 120_000, rising: titles, note: 'killed twice' });
  },
};
