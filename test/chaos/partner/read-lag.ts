import { eventually } from '#libs/testing';
import { calmWorld, clearFaults, loggedCalls, moveTitles, setFaults, untilArrived, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { refillAndReconcile } from '../harness/reconcile.ts';
import type { Scenario } from '../harness/scenario.ts';
import { openDeliveries } from '../ledger.ts';

const [SHOWN, HIDDEN] = [30, 10];
const LAG_MS = 600_000;

export const scenario: Scenario = {
  name: 'read-lag',
  rows: [43],
  says: 'What a partner holds and does not show yet is told again at the most, and is never there a second time.',
  async run(chaos) {
    const { world, id } = await calmWorld(chaos);
    await moveTitles(world, { titles: SHOWN, movements: 1, seed: 1 });
    await untilArrived(world, SHOWN);
    await setFaults(world, { readLagMs: LAG_MS });
    await moveTitles(world, { titles: HIDDEN, movements: 1, seed: 2 });
    await untilArrived(world, SHOWN + HIDDEN);
    const lagging = await refillAndReconcile(world, id);
    await untilArrived(world, SHOWN + HIDDEN + lagging.planned);
    await clearFaults(world);
    await eventually(async () => (await openDeliveries(world)).pending === 0, { withinMs: 120_000, everyMs: 100 });
    const shown = await refillAndReconcile(world, id);
    // What was told again is of no event; that it changed nothing there is looked at by itself.
    const { verdict, stuck, broken } = await weighed(world, { of: (call) => call.effect === 'created' });
    const changed = (await loggedCalls(world)).filter(({ effect }) => effect === 'changed' || effect === 'deleted');
    const expected = unmet({
      [`what is not shown yet is missed: ${lagging.differing}`]: lagging.differing === HIDDEN,
      [`telling it again changes nothing, and ${changed.length} calls did`]: changed.length === 0,
      [`once it shows, both sides agree: ${shown.differing} differ`]: shown.differing === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected], note: `${lagging.planned} told again` };
  },
};
