import { startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

export const scenario: Scenario = {
  name: 'one-key-many-writers',
  rows: [3],
  says: 'Transactions that fight for one title are told in the order in which they got it.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, 4);
    await step(world, { titles, perTitle: 40, writers: 8, ratePerSecond: 400 });
    return weighed(world, { rising: titles, note: '8 writers, 4 titles' });
  },
};
