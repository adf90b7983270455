import { eventually } from '#libs/testing';
import type { Scenario } from '../harness/scenario.ts';
import { arrived, calmWorld, clearFaults, moveTitles, redriveAll, setFaults, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { openDeliveries, pauses } from '../ledger.ts';

const TITLES = 200;
const BAD = 100;

export const scenario: Scenario = {
  name: 'bad-payloads',
  rows: [52],
  says: 'A hundred refusals of data open no breaker: each holds its own title, and a redrive sends them once set right.',
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    await setFaults(world, { status: 400, every: 2, for: BAD * 2 });
    await moveTitles(world, { titles: TITLES, movements: 1 });
    let paused = false;
    const isThrough = async () => {
      // A breaker that opens stands for five seconds at the least.
      paused ||= (await pauses(world, 'breaker')).length > 0;
      return (await openDeliveries(world)).pending === 0 && (await arrived(world)) >= TITLES - BAD;
    };
    await eventually(isThrough, { withinMs: 120_000, everyMs: 100 });
    const hits = await clearFaults(world);
    const { parked } = await openDeliveries(world);
    const others = await arrived(world);
    await redriveAll(world, parked);
    const { verdict, stuck, broken } = await weighed(world);
    const expected = unmet({
      [`every refusal, ${hits} of them, holds one title: ${parked} wait`]: parked === hits && hits === BAD,
      'every other title went on': others === TITLES - parked,
      'nothing was paused': !paused,
      'nothing waits for a person after the redrive': (await openDeliveries(world)).parked === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected], note: `${hits} refused, ${parked} redriven` };
  },
};
