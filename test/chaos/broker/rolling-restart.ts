import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { AppName } from '../../world/world.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
const ROLLED: AppName[] = ['audit', 'customerx-connector', 'erp-outbox-reader'];

export const scenario: Scenario = {
  name: 'rolling-restart',
  rows: [36],
  says: 'Every app is replaced under load by its successor and back again; nothing is lost, doubled or reordered.',
  minutes: 5,
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    let isOver = false;
    const moving = moveUntilOver();
    await effects(world, TITLES * 2);
    const codes: (number | null)[] = [];
    // There and back: the new one is ready before the old one is told to end, as a rolling update does.
    for (const app of ROLLED) {
      const next = `${app} next`;
      await world.startReplica(app, next);
      codes.push(await world.stop(app));
      await world.start(app);
      codes.push(await world.stop(next));
    }
    isOver = true;
    await moving;
    const unclean = codes.filter((code) => code !== 0);
    const broken =
      unclean.length === 0 ? [] : [`${unclean.length} of ${codes.length} ended with ${unclean.join(', ')}`];
    return weighed(world, {
      rising: titles,
      broken,
      note: `${codes.length} apps ended in order, one build under both names`,
    });

    async function moveUntilOver(): Promise<void> {
      while (!isOver) await step(world, { titles, perTitle: 1, ratePerSecond: 40 });
    }
  },
};
