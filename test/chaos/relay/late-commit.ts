import { callsWithEffect, effects, startCalm, weighed } from '../harness/movements.ts';
import { ErpTransaction, openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 12;

export const scenario: Scenario = {
  name: 'late-commit',
  rows: [1, 2],
  says: 'A row that commits after later ones have been published is published too, and gaps are waited for by nobody.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const [late, never, ...others] = (await openTitles(world, TITLES)) as [string, string, ...string[]];
    await effects(world, TITLES);
    const open = await ErpTransaction.begin(world);
    await open.step(late);
    const given = await ErpTransaction.begin(world);
    await given.step(never);
    await given.drawPositions(50);
    await given.rollback();
    await step(world, { titles: others, perTitle: 3 });
    await effects(world, TITLES + others.length * 3);
    const early = (await callsWithEffect(world)).filter(({ externalId }) => externalId === late).length;
    await open.commit();
    const broken = early === 1 ? [] : [`${late} was told of ${early} times before it was committed`];
    return weighed(world, { rising: [late, ...others], broken, note: 'one committed last that was written first' });
  },
};
