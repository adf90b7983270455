import { eventually } from '#libs/testing';
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../../world/world.ts';
import { ACCOUNT, calmWorld, loggedCalls } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { MAKE_BACKLOG, WAITING_OF, WAKE_BACKLOG } from './crowd/crowd.sql.ts';
import { ledger } from '../ledger.ts';

/** A million deliveries on a hundred thousand lanes, written into the ledger by SQL as intake would have left them. */
const [LANES, PER_LANE] = [100_000, 10];
const TITLES = 15;
const EVERY_MS = 300;
const QUIET = 'quiet';

export const scenario: Scenario = {
  name: 'noisy-beside-quiet',
  rows: [38],
  says: 'A company with a million deliveries waiting delays no other: its titles take no longer than before.',
  minutes: 6,
  async run(chaos) {
    const { world, id } = await calmWorld(chaos);
    await world.openAccounts([ACCOUNT, QUIET]);
    const quiet = await world.integrate({ company: '2', account: QUIET, settings: { deadlineSeconds: 2 } });
    await way(world, 1); // the first of each finds nothing open, no socket and no plan
    const before = await way(world, TITLES);
    chaos.say('writing the backlog');
    await ledger(world, MAKE_BACKLOG, [id, LANES, PER_LANE]);
    await ledger(world, WAKE_BACKLOG, [id]);
    const noisyCalls = async () => (await loggedCalls(world)).filter(({ account }) => account === ACCOUNT).length;
    await eventually(async () => (await noisyCalls()) > 20, { withinMs: 90_000, everyMs: 250 });
    const from = await noisyCalls();
    const during = await way(world, TITLES);
    const sent = (await noisyCalls()) - from;
    const [{ waiting }] = (await ledger<{ waiting: number }>(world, WAITING_OF, [id])) as [{ waiting: number }];
    const expected = unmet({
      [`the noisy one was called meanwhile: ${sent} times`]: sent > TITLES,
      [`its backlog stood all the time: ${waiting} waited at the end`]: waiting > LANES,
      [`the quiet one's median way stays: ${before} ms before, ${during} ms during`]: during <= 3 * before + 500,
      'both integrations are what they were': quiet.id !== id,
    });
    return {
      broken: expected,
      note: `${LANES * PER_LANE} rows; median way ${before} ms before, ${during} ms beside them`,
    };
  },
};

/** @returns the median of the ways from the ERP's commit to CustomerX's answer, in ms, of titles that enter one by one */
async function way(world: World, count: number): Promise<number> {
  const enteredAt = new Map<string, number>();
  for (let n = 0; n < count; n += 1) {
    const body = { company: '2', amount: '10.00' };
    const { receivableId } = await world.ask<{ receivableId: string }>('sandbox', 'POST', '/erp/titles', body);
    enteredAt.set(receivableId, Date.now());
    await delay(EVERY_MS);
  }
  const ways = await eventually(
    async () => {
      const calls = (await loggedCalls(world)).filter((call) => call.account === QUIET && call.effect === 'created');
      const createdAt = new Map(calls.map((call) => [call.externalId, Date.parse(call.at)]));
      return [...enteredAt].map(([title, at]) => {
        const created = createdAt.get(title);
        if (created === undefined) throw new Error(`title ${title} of the quiet company has not arrived`);
        return created - at;
      });
    },
    { withinMs: 90_000, everyMs: 250 },
  );
  return ways.toSorted((one, other) => one - other)[Math.floor(ways.length / 2)]!;
}
