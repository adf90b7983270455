import { callsWithEffect, effects, startCalm, weighed } from '../harness/movements.ts';
import { markedReceivables, openTitles, step } from '../harness/erp-steps.ts';
import { holdMarks } from '../harness/hold-marks.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'reader-killed-before-marking',
  rows: [10],
  says: 'What the broker has confirmed and a dead reader could not mark is published again, and has one effect.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    const held = await holdMarks(world);
    const moving = step(world, { titles, perTitle: 5, ratePerSecond: 100 });
    await effects(world, TITLES + 60);
    await world.kill('erp-outbox-reader');
    await held.dropAndRelease();
    const unmarked = (await callsWithEffect(world)).length - (await markedReceivables(world));
    await world.start('erp-outbox-reader');
    await moving;
    const broken = unmarked > 0 ? [] : ['everything was marked when the reader died'];
    return weighed(world, { rising: titles, broken, note: `${unmarked} confirmed and unmarked` });
  },
};
