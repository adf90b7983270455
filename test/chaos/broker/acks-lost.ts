import { callsWithEffect, effects, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { startBehindProxy } from '../harness/behind-proxy.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'acks-lost',
  rows: [23],
  says: 'Events that were taken in and whose acknowledgement never reached the broker come again and change nothing.',
  async run(chaos) {
    const { world, proxy } = await startBehindProxy(chaos, 'customerx-connector');
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    proxy.cut('out');
    await step(world, { titles, perTitle: 2 });
    // The broker gives a client up that it has not heard for two heartbeats: then they come again all the same.
    await effects(world, TITLES * 3, 15_000).catch(() => undefined);
    const unacknowledged = (await callsWithEffect(world)).length - TITLES;
    proxy.heal();
    proxy.reset();
    return weighed(world, { rising: titles, note: `${unacknowledged} sent and not acknowledged` });
  },
};
