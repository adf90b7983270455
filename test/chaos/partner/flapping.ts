import { eventually } from '#libs/testing';
import type { Scenario } from '../harness/scenario.ts';
import { arrived, calmWorld, clearFaults, moveTitles, setFaults, untilArrivedAtOnce, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { failedTries, openDeliveries, pauses } from '../ledger.ts';

const TITLES = 150;

export const scenario: Scenario = {
  name: 'flapping',
  rows: [51],
  says: 'A partner that fails every other call opens the breaker all the same, parks nothing and gets everything once.',
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    await setFaults(world, { status: 502, every: 2 });
    await moveTitles(world, { titles: TITLES, movements: 2 });
    const isPaused = async () => (await pauses(world, 'breaker')).length > 0;
    const opened = await eventually(isPaused, { withinMs: 120_000, everyMs: 50 }).catch(() => false);
    // Through the open breaker and the ramps after it, still failing every other call.
    const before = await arrived(world);
    await eventually(async () => (await arrived(world)) > before, { withinMs: 120_000, everyMs: 200 }).catch(
      () => undefined,
    );
    const hits = await clearFaults(world);
    await untilArrivedAtOnce(world, TITLES * 2);
    const { verdict, stuck, broken } = await weighed(world);
    const { most } = await failedTries(world);
    const { parked } = await openDeliveries(world);
    const expected = unmet({
      'the breaker opened': opened,
      [`no delivery spent its attempts: ${most} at the most`]: most <= 5,
      'nothing waits for a person': parked === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected], note: `${hits} calls failed` };
  },
};
