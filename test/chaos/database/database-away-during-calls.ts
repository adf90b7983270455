import { setTimeout as delay } from 'node:timers/promises';
import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { World } from '../../world/world.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 60;
const LATENCY_MS = 300;
/** Calls that had left when the database went away have answered by then. */
const IN_HAND_MS = 3_000;
const WATCHED_MS = 5_000;

export const scenario: Scenario = {
  name: 'database-away-during-calls',
  rows: [69],
  says: 'Without the ledger no further call is made; calls that had left are known again when it is back, with one effect each.',
  minutes: 4,
  alone: true,
  async run(chaos) {
    const stack = await chaos.stack();
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await world.ask('sandbox', 'PUT', '/control/customerx/faults', { latencyMs: LATENCY_MS });
    await step(world, { titles, perTitle: 6, ratePerSecond: 400 });
    await effects(world, TITLES + 20);
    await stack.postgres.stop();
    await delay(IN_HAND_MS);
    const before = await callCount(world);
    await delay(WATCHED_MS);
    const after = await callCount(world);
    await stack.postgres.start();
    await world.ask('sandbox', 'DELETE', '/control/customerx/faults');
    const broken = after === before ? [] : [`${after - before} calls were made without a ledger`];
    return weighed(world, { withinMs: 120_000, rising: titles, broken });
  },
};

async function callCount(world: World): Promise<number> {
  return (await world.calls()).length;
}
