import { eventually } from '#libs/testing';
import type { Scenario } from '../harness/scenario.ts';
import {
  calmWorld,
  clearFaults,
  loggedCalls,
  moveTitles,
  redriveAll,
  setFaults,
  untilArrivedAtOnce,
  weighed,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { openDeliveries } from '../ledger.ts';

const LIES = 6;
const TITLES = 40;

export const scenario: Scenario = {
  name: 'misleading-answers',
  rows: [45, 47],
  says: 'A login page with 200 is no success, an error inside a 200 is a refusal, and "already there" is a success.',
  async run(chaos) {
    // One call after the other, so that it is known which call meets which answer.
    const { world } = await calmWorld(chaos, { settings: { concurrency: 1 } });
    await setFaults(world, { garbage: true, every: 3, for: 60 });
    await moveTitles(world, { titles: TITLES, movements: 1, seed: 1 });
    await untilArrivedAtOnce(world, TITLES);
    const pages = await clearFaults(world);

    // The partner forgets half of what it has: it says 404 to the change, and "taken" to the creation that follows.
    await setFaults(world, { status: 404, verb: 'PUT', every: 2, for: 40 });
    await world.ask('sandbox', 'POST', '/erp/generate', { companies: 1, titles: 20, movementsPerTitle: 3, seed: 2 });
    await untilArrivedAtOnce(world, TITLES + 60);
    await clearFaults(world);
    const taken = (await loggedCalls(world)).filter(({ verb, status }) => verb === 'POST' && status === 422).length;

    await setFaults(world, { status: 200, body: { error: 'could not be saved' }, for: LIES });
    await moveTitles(world, { titles: TITLES, movements: 1, seed: 3 });
    const isRefused = async () => (await openDeliveries(world)).parked === LIES;
    const refused = await eventually(isRefused, { withinMs: 120_000, everyMs: 100 }).catch(() => false);
    if (refused) await redriveAll(world, LIES);

    const { verdict, stuck, broken } = await weighed(world);
    const { parked } = await openDeliveries(world);
    const expected = unmet({
      'login pages were met': pages >= 15,
      '"already there" was met': taken >= 5,
      'an error inside a 200 waits for a person': refused,
      'nothing else waits for a person': parked === 0,
    });
    const note = `${pages} login pages, ${taken} "already there", ${LIES} errors inside a 200`;
    return { verdict, stuck, broken: [...broken, ...expected], note };
  },
};
