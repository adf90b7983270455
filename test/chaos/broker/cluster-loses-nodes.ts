import { effects, startCalm, weighed } from '../harness/movements.ts';
import { CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import type { NodeNumber } from '../harness/cluster.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
const PER_TITLE = 5;

export const scenario: Scenario = {
  name: 'cluster-loses-nodes',
  rows: [20],
  says: 'A cluster that loses the node leading the queues goes on; without its majority it stands still, loses nothing, and goes on.',
  minutes: 6,
  alone: true,
  async run(chaos) {
    const cluster = await chaos.cluster();
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    const vhost = new URL(world.settingsOf('customerx-connector').AMQP_URL!).pathname.slice(1);

    const leader = await cluster.leaderOf(vhost, CONNECTOR_QUEUE);
    const moving = step(world, { titles, perTitle: PER_TITLE, ratePerSecond: 80 });
    await effects(world, TITLES + 20);
    await cluster.kill(leader);
    await moving;
    await effects(world, TITLES * (1 + PER_TITLE));

    const [next, last] = ([0, 1, 2] as NodeNumber[]).filter((node) => node !== leader);
    await cluster.kill(next!);
    await step(world, { titles, perTitle: PER_TITLE, ratePerSecond: 200 });
    const during = (await world.calls()).filter(({ effect }) => effect !== 'none').length;
    const broken = during === TITLES * (1 + PER_TITLE) ? [] : [`${during} calls: a minority let something through`];
    await Promise.all([cluster.start(leader), cluster.start(next!)]);
    return weighed(world, {
      withinMs: 180_000,
      rising: titles,
      broken,
      note: `lost node ${leader}, then ${next}; node ${last} stayed`,
    });
  },
};
