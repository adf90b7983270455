import { eventually } from '#libs/testing';
import { effects, flowing, pausedFor, startCalm, weighed } from '../harness/movements.ts';
import { BrokerDesk, CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 20;
/** The reader looks every 10 s; the connector binds again each minute. */
const NOTICED_WITHIN_MS = 30_000;

export const scenario: Scenario = {
  name: 'binding-deleted',
  rows: [14],
  says: 'A binding somebody deletes while the audit stays bound stops the reader until the connector has bound itself again.',
  minutes: 4,
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    const desk = new BrokerDesk(world);
    await desk.unbind('erp.events', CONNECTOR_QUEUE);
    const startedAt = performance.now();
    const reason = await pausedFor(world, 'queues-missing', NOTICED_WITHIN_MS);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    await step(world, { titles, perTitle: 5, ratePerSecond: 300 });
    await eventually(async () => (await desk.bindings('erp.events', CONNECTOR_QUEUE)) > 0, { withinMs: 100_000 });
    await flowing(world);
    return weighed(world, { rising: titles, note: `noticed after ${seconds} s: ${reason}` });
  },
};
