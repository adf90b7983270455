import { eventually } from '#libs/testing';
import { effects, weighed, startCalm } from '../harness/movements.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 40;

export const scenario: Scenario = {
  name: 'leader-wakes',
  rows: [9],
  says: 'A leading reader that stops, is replaced and wakes up publishes nothing out of its turn.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const { pid } = world.app('erp-outbox-reader');
    const standby = await world.startReplica('erp-outbox-reader', 'standby');
    const titles = await openTitles(world, TITLES);
    const moving = step(world, { titles, perTitle: 25, ratePerSecond: 60 });
    await effects(world, TITLES * 2);
    process.kill(pid, 'SIGSTOP');
    try {
      await eventually(async () => (await leads(standby.httpUrl)) === true, { withinMs: 60_000, everyMs: 100 });
      await effects(world, TITLES * 5);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await moving;
    const both = [await leads(world.httpUrl('erp-outbox-reader')), await leads(standby.httpUrl)];
    const broken = both.filter(Boolean).length === 1 ? [] : [`leading at the end: ${both.join(' and ')}`];
    return weighed(world, { rising: titles, broken });

    async function leads(url: string): Promise<boolean> {
      const answer = await fetch(`${url}/relay`, { headers: { authorization: `Bearer ${world.token}` } });
      return ((await answer.json()) as { leading: boolean }).leading;
    }
  },
};
