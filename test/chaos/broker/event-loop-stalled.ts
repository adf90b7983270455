import { freePort } from '#libs/testing';
import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { Inspector } from '../harness/inspector.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
/** Beyond two heartbeats of 10 s, after which the broker gives a silent connection up. */
const STALL_MS = 35_000;

export const scenario: Scenario = {
  name: 'event-loop-stalled',
  rows: [39],
  says: 'A connector whose event loop stands still for longer than the heartbeat goes on, with nothing called twice.',
  minutes: 4,
  async run(chaos) {
    const inspectorPort = await freePort();
    const world = await chaos.world({
      environment: { 'customerx-connector': { NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}` } },
    });
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    const moving = step(world, { titles, perTitle: 20, ratePerSecond: 60 });
    await effects(world, TITLES * 2);
    const inspector = await Inspector.open(inspectorPort);
    await inspector.stall(STALL_MS);
    inspector.close();
    await moving;
    return weighed(world, { rising: titles, note: `${STALL_MS / 1_000} s without a turn of the loop` });
  },
};
