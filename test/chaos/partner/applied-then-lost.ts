import type { Scenario } from '../harness/scenario.ts';
import { calmWorld, clearFaults, moveTitles, setFaults, untilArrivedAtOnce, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { openDeliveries } from '../ledger.ts';

const WAYS = [{ applyThenReset: true }, { applyThenStatus: 502 }, { applyThenHang: true }];
const [TITLES, MOVEMENTS] = [25, 4];

export const scenario: Scenario = {
  name: 'applied-then-lost',
  rows: [42],
  says: 'A call that had its effect and whose answer was lost is made again, with one effect in all.',
  async run(chaos) {
    const { world } = await calmWorld(chaos, { settings: { deadlineSeconds: 1 } });
    const hits: number[] = [];
    for (const [at, way] of WAYS.entries()) {
      // Every fourth is less than what opens the breaker: each is met by the delivery's own tries.
      await setFaults(world, { ...way, every: 4, for: 100 });
      await moveTitles(world, { titles: TITLES, movements: MOVEMENTS, seed: at + 1 });
      await untilArrivedAtOnce(world, TITLES * MOVEMENTS * (at + 1));
      hits.push(await clearFaults(world));
    }
    const { verdict, stuck, broken } = await weighed(world);
    const { parked } = await openDeliveries(world);
    const expected = unmet({
      'each way of losing an answer was met': hits.every((hit) => hit >= 20),
      'what had its effect was asked for again': verdict.repeated.length > 0,
      'nothing waits for a person': parked === 0,
    });
    const note = `${hits.join(' + ')} answers lost after the effect`;
    return { verdict, stuck, broken: [...broken, ...expected], note };
  },
};
