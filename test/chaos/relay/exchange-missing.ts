import { effects, flowing, pausedFor, startCalm, weighed } from '../harness/movements.ts';
import { BrokerDesk } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 20;

export const scenario: Scenario = {
  name: 'exchange-missing',
  rows: [15],
  says: 'An exchange somebody deletes under load comes back with its bindings, and nothing is marked that nobody took.',
  minutes: 4,
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    const moving = step(world, { titles, perTitle: 20, ratePerSecond: 100 });
    await effects(world, TITLES * 2);
    await new BrokerDesk(world).deleteExchange('erp.events');
    const reason = await Promise.any([pausedFor(world, 'unroutable'), pausedFor(world, 'queues-missing')]);
    await moving;
    await flowing(world, 120_000);
    return weighed(world, { rising: titles, note: reason });
  },
};
