import { effects, parkedEvents, startCalm, until, weighed } from '../harness/movements.ts';
import { askErp, openTitles, step } from '../harness/erp-steps.ts';
import { MEND, SPOIL_LAST } from '../harness/erp-steps.sql.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 12;
const PER_TITLE = 3;

export const scenario: Scenario = {
  name: 'poison-rows',
  rows: [16],
  says: 'A row that cannot travel, or that no reader understands, stops its own title alone, and goes on once mended.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    const [large, longKey, nonsense] = titles as [string, string, string];
    await spoil(large, { type: 'erp.receivable.adjusted.v1', more: 'x'.repeat(1_200_000) });
    await spoil(longKey, { type: `erp.receivable.${'x'.repeat(300)}.v1`, more: '' });
    await spoil(nonsense, { type: 'erp.receivable.adjusted.v1', more: '', dueDate: 'the day after' });
    await step(world, { titles, perTitle: PER_TITLE });
    await effects(world, TITLES + (TITLES - 3) * PER_TITLE);
    const heads = await until(headsInOutbox);
    const [held] = await until(async () => {
      const events = await parkedEvents(world);
      return events.length > 0 && events;
    });
    const broken = await tooEarly();
    for (const { position } of heads) await askErp(world, MEND, [position]);
    for (const { position } of heads) await world.ask('erp-outbox-reader', 'POST', `/parked/${position}/release`);
    await world.ask('customerx-connector', 'POST', `/parked-events/${held!.id}/skip`, { reason: 'the date was none' });
    const left = { account: 'storm', externalId: nonsense, count: 1 };
    return weighed(world, {
      parked: [left],
      rising: titles,
      broken,
      note: heads
        .map(({ reason }) => reason)
        .join('; ')
        .slice(0, 200),
    });

    async function spoil(title: string, spoiled: { type: string; more: string; dueDate?: string }): Promise<void> {
      const { type, more, dueDate = null } = spoiled;
      await askErp(world, SPOIL_LAST, ['1', title, type, more, dueDate]);
    }

    async function headsInOutbox(): Promise<{ position: string; reason: string }[] | false> {
      type Parked = { items: { position: string; reason: string }[] };
      const { items } = await world.ask<Parked>('erp-outbox-reader', 'GET', '/parked');
      const found = items.filter(({ reason }) => !reason.startsWith('behind'));
      return found.length === 2 && found;
    }

    /** Nothing of the three titles may have come since. */
    async function tooEarly(): Promise<string[]> {
      const calls = (await world.calls()).filter(({ effect }) => effect !== 'none');
      const told = (title: string) => calls.filter(({ externalId }) => externalId === title).length;
      return [large, longKey, nonsense]
        .filter((title) => told(title) !== 1)
        .map((title) => `${title} went past its parked row`);
    }
  },
};
