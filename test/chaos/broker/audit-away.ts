import { COMPANY, effects, flowing, messagesIn, startCalm, until, weighed } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import { SOURCE } from '../../world/world.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;
const PER_TITLE = 4;

export const scenario: Scenario = {
  name: 'audit-away',
  rows: [68],
  says: 'Without the audit everything goes on, and it catches up with every event when it is back.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await world.kill('audit');
    await step(world, { titles, perTitle: PER_TITLE });
    await effects(world, TITLES * (1 + PER_TITLE));
    await flowing(world);
    const waiting = await messagesIn(world, 'audit.events');
    await world.start('audit');
    await until(async () => (await messagesIn(world, 'audit.events')) === 0, 60_000);
    const title = titles[0]!;
    const wanted = 1 + PER_TITLE;
    const told = await until(async () => {
      const found = await entriesOf(title);
      return found >= wanted && found;
    });
    const broken = told >= wanted ? [] : [`the audit knows ${told} events of ${title}, ${wanted} were told`];
    return weighed(world, { rising: titles, broken, note: `${waiting} waited for the audit` });

    async function entriesOf(id: string): Promise<number> {
      const query = new URLSearchParams({
        source: SOURCE,
        company: COMPANY,
        subject: `receivable/${id}`,
        limit: '100',
      });
      const { items } = await world.ask<{ items: { type: string }[] }>('audit', 'GET', `/entries?${query}`);
      return items.filter(({ type }) => type.startsWith('erp.receivable.')).length;
    }
  },
};
