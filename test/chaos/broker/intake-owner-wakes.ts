import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'intake-owner-wakes',
  rows: [32],
  says: 'A connector that stops for longer than the heartbeat and wakes beside its successor takes in and sends nothing twice.',
  minutes: 4,
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const { pid } = world.app('customerx-connector');
    await world.startReplica('customerx-connector', 'standby');
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    const moving = step(world, { titles, perTitle: 40, ratePerSecond: 40 });
    await effects(world, TITLES * 2);
    process.kill(pid, 'SIGSTOP');
    try {
      // Only the other can have taken these in: the broker has given it the queue.
      await effects(world, TITLES * 12, 120_000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await moving;
    return weighed(world, { rising: titles });
  },
};
