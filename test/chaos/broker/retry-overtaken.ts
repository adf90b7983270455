import { effects, startCalm, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 10;

export const scenario: Scenario = {
  name: 'retry-overtaken',
  rows: [31],
  says: 'While a movement waits for its next try, no later one of its title goes ahead of it.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await world.ask('sandbox', 'PUT', '/control/customerx/faults', { status: 503, every: 4, for: 48 });
    await step(world, { titles, perTitle: 6 });
    const finding = await weighed(world, { rising: titles });
    const refused = (await world.calls()).filter(({ status }) => status === 503).length;
    const broken = refused > 0 ? [] : ['the partner never refused'];
    return { ...finding, broken: [...finding.broken!, ...broken], note: `${refused} calls answered 503` };
  },
};
