import { effects, openDeliveries, startCalm, until } from '../harness/movements.ts';
import { ACCOUNT, COMPANY, messagesIn } from '../harness/movements.ts';
import { BrokerDesk, CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { refillAndReconcile } from '../harness/reconcile.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 20;
const PURGED = 8;

export const scenario: Scenario = {
  name: 'queue-purged',
  rows: [41],
  says: 'What a person purges from a queue is found by a backfill and a reconciliation, and told again as it stands.',
  async run(chaos) {
    const world = await chaos.world();
    const integration = await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await world.kill('customerx-connector');
    await step(world, { titles: titles.slice(0, PURGED), perTitle: 2 });
    const purged = await until(async () => {
      const waiting = await messagesIn(world, CONNECTOR_QUEUE);
      return waiting === PURGED * 2 && waiting;
    });
    await new BrokerDesk(world).purge(CONNECTOR_QUEUE);
    await world.start('customerx-connector');
    await step(world, { titles: titles.slice(PURGED), perTitle: 1 });
    await effects(world, TITLES + TITLES - PURGED);
    const before = await world.compare(COMPANY, ACCOUNT);
    const { differing, planned } = await refillAndReconcile(world, integration);
    await until(async () => (await openDeliveries(world)).length === 0, 60_000);
    const after = await world.compare(COMPANY, ACCOUNT);
    const broken = [
      ...(before.length > 0 ? [] : ['nothing was missing after the purge']),
      ...(differing === PURGED ? [] : [`${differing} titles were found to differ, ${PURGED} did`]),
      ...after.map((difference) => `still different: ${JSON.stringify(difference)}`),
    ];
    return { broken, note: `${purged} events purged, ${planned} titles told again` };
  },
};
