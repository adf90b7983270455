import { effects, flowing, pausedFor, relayReport, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { startBehindProxy } from '../harness/behind-proxy.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
/** Two heartbeats of 10 s are missed before a silent connection is given up. */
const NOTICED_WITHIN_MS = 60_000;
const UNCONFIRMED_MAX = 2_000;

export const scenario: Scenario = {
  name: 'broker-half-open',
  rows: [12],
  says: 'A connection that swallows everything is noticed by its silence, and what was on it is published again.',
  async run(chaos) {
    const { world, proxy } = await startBehindProxy(chaos, 'erp-outbox-reader');
    const titles = await openTitles(world, TITLES);
    const moving = step(world, { titles, perTitle: 6, ratePerSecond: 60 });
    await effects(world, TITLES + 20);
    proxy.halfOpen();
    const startedAt = performance.now();
    const reason = await pausedFor(world, 'broker-away', NOTICED_WITHIN_MS);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const { unconfirmed } = await relayReport(world);
    proxy.heal();
    proxy.reset();
    await flowing(world);
    await moving;
    const broken = unconfirmed > UNCONFIRMED_MAX ? [`${unconfirmed} rows were sent into the silence`] : [];
    return weighed(world, { rising: titles, broken, note: `noticed after ${seconds} s: ${reason}` });
  },
};
