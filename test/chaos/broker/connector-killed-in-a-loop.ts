import { effects, messagesIn, startCalm, until, weighed } from '../harness/movements.ts';
import { CONNECTOR_DEAD, CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { holdIntake } from '../harness/hold-intake.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
const KILLS = 4;

export const scenario: Scenario = {
  name: 'connector-killed-in-a-loop',
  rows: [26, 37],
  says: 'A connector killed again and again with a full prefetch sends none of it to the dead letters.',
  minutes: 4,
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const held = await holdIntake(world);
      await step(world, { titles, perTitle: 1, ratePerSecond: 400 });
      // Nothing is ready any more: it is all in the hands of a connector that cannot take it in.
      await until(async () => (await held.isWaitedFor()) && (await messagesIn(world, CONNECTOR_QUEUE)) === 0);
      await world.kill('customerx-connector');
      await held.release();
      await world.start('customerx-connector');
    }
    const dead = await messagesIn(world, CONNECTOR_DEAD);
    const broken = dead > 0 ? [`${dead} events are among the dead letters`] : [];
    return weighed(world, { rising: titles, broken, note: `killed ${KILLS} times` });
  },
};
