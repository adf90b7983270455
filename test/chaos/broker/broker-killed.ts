import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'broker-killed',
  rows: [20],
  says: 'A broker killed under load, twice, has lost nothing it confirmed, and nothing it did not is given up.',
  minutes: 5,
  alone: true,
  async run(chaos) {
    const stack = await chaos.stack();
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    for (const seen of [1, 6]) {
      const moving = step(world, { titles, perTitle: 5, ratePerSecond: 100 });
      await effects(world, TITLES * seen + 20);
      await stack.rabbitmq.kill();
      await stack.rabbitmq.start();
      await moving;
      await effects(world, TITLES * (seen + 5));
    }
    return weighed(world, { rising: titles, note: 'killed twice' });
  },
};
