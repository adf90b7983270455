import { eventually } from '#libs/testing';
import type { Scenario } from '../harness/scenario.ts';
import { ACCOUNT, arrived, calmWorld, CONNECTOR, loggedCalls, moveTitles, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { failedTries, openDeliveries, pauses } from '../ledger.ts';

const TITLES = 80;
/** By then the calls in hand have ended; the rest is for a slow machine. */
const SEEN_MS = 3_000;

export const scenario: Scenario = {
  name: 'credential-revoked',
  rows: [54],
  says: 'A revoked credential pauses the integration and tells of it once; a green connection test lets everything go.',
  async run(chaos) {
    const { world, id } = await calmWorld(chaos);
    await world.openAccounts(['somebody-else']);
    await moveTitles(world, { titles: TITLES, movements: 2 });
    const standing = async () => (await pauses(world, 'credential'))[0] ?? false;
    const pause = await eventually(standing, { withinMs: 120_000, everyMs: 50 }).catch(() => undefined);
    if (!pause) return { broken: ['no pause after a 401'] };

    const test = () =>
      world.ask<{ group: string; ok: boolean }[]>(CONNECTOR, 'POST', `/integrations/${id}/test-connection`);
    const red = await test();
    await world.openAccounts([ACCOUNT]);
    // The partner is well again, and nobody has said so: nothing goes by itself.
    await moveTitles(world, { titles: 10, movements: 1, seed: 2 });
    const before = await arrived(world);
    const calls = (await loggedCalls(world)).filter((call) => Date.parse(call.at) > pause.since.getTime() + SEEN_MS);
    const still = (await pauses(world, 'credential'))[0];
    const green = await test();
    const { verdict, stuck, broken } = await weighed(world);
    const expected = unmet({
      'the connection test says it is red': !isGreen(red),
      'then green': isGreen(green),
      'nothing arrived before somebody tested': before === 0,
      [`nobody but the test called meanwhile: ${calls.length} did`]: calls.length <= 1,
      'no attempt was spent': (await failedTries(world)).counted === 0,
      'nothing waits for a person': (await openDeliveries(world)).parked === 0,
      'it was one pause all the time': still?.since.getTime() === pause.since.getTime(),
    });
    return { verdict, stuck, broken: [...broken, ...expected] };
  },
};

/** The tracking API has credentials of its own, which are not given here. */
function isGreen(verdicts: readonly { group: string; ok: boolean }[]): boolean {
  return verdicts.some(({ group, ok }) => group === 'default' && ok);
}
