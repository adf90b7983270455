import { effects, pausedFor, relayReport, startCalm, until, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'broker-stopped',
  rows: [19],
  says: 'While the broker is away the outbox grows and nothing else happens; when it is back everything goes out in order.',
  minutes: 4,
  alone: true,
  async run(chaos) {
    const stack = await chaos.stack();
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await stack.rabbitmq.stop();
    await pausedFor(world, 'broker-away');
    await step(world, { titles, perTitle: 8, ratePerSecond: 300 });
    const waiting = await until(async () => {
      const { backlog } = await relayReport(world);
      return backlog.waiting >= TITLES * 8 && backlog.waiting;
    });
    await stack.rabbitmq.start();
    return weighed(world, { rising: titles, note: `${waiting} rows waited` });
  },
};
