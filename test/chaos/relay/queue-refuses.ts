import { effects, flowing, pausedFor, startCalm, weighed } from '../harness/movements.ts';
import { BrokerDesk, CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 20;

export const scenario: Scenario = {
  name: 'queue-refuses',
  rows: [13],
  says: 'A full queue that refuses holds the reader back, and nothing of a title overtakes what was refused.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await new BrokerDesk(world).limit(CONNECTOR_QUEUE, { 'max-length': 10, overflow: 'reject-publish' });
    await world.kill('customerx-connector');
    await step(world, { titles, perTitle: 5 });
    const reason = await pausedFor(world, 'queue-full', 60_000);
    await world.start('customerx-connector');
    await flowing(world, 90_000);
    return weighed(world, { rising: titles, note: reason });
  },
};
