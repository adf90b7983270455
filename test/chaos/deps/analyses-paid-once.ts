import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import {
  isLeftToPerson,
  people,
  press,
  pressFor,
  reckon,
  sayNotHappened,
  SELLS_ANALYSES,
  uneven,
  type Press,
  type Reckoned,
} from './storm/bill.ts';
import { clearFaults, ended, endsAt, hits, QUERIES, quiet, setFaults, until, withDeps } from './storm/deps-storm.ts';
import type { DepsStorm } from './storm/deps-storm.ts';

/** How an answer is lost after the effect, and where in its way the second process ends meanwhile. */
const ROUNDS = [
  { way: { applyThenReset: true }, end: endsAt('after-intent-before-call', 2) },
  { way: { applyThenStatus: 502 }, end: endsAt('after-call-before-settle', 2) },
  { way: { applyThenHang: true }, end: endsAt('after-verify-before-settle', 1) },
];
/**
 * Asked for while both processes live, and as many again when one is gone: enough that some are called, and every other
 * answer is lost, whatever a dying process leaves written down and never makes.
 */
const HALF = 8;
const LAG_MS = 2_000;

export const scenario: Scenario = {
  name: 'analyses-paid-once',
  rows: [42, 43],
  says: 'Whatever answers are lost and processes killed, DEPS bills each analysis once, and what nobody knows waits for a person unbilled.',
  minutes: 5,
  async run(chaos) {
    return withDeps(chaos, { replicas: 2, settings: SELLS_ANALYSES }, async (storm) => {
      const lost: number[] = [];
      const ids: string[] = [];
      for (const [at, round] of ROUNDS.entries()) {
        const asked = await goThrough(storm, round);
        ids.push(...asked.ids);
        lost.push(asked.hit);
        chaos.say(`round ${at + 1}: ${asked.hit} answers lost`);
      }
      await clearFaults(storm);
      const stuck = await quiet(storm);
      const reckoned = await reckon(storm, ids);
      const left = reckoned.filter(isLeftToPerson);
      const before = [...complaintsOf(reckoned), ...(await uneven(storm))];
      await sayNotHappened(storm, left);
      stuck.push(...(await quiet(storm)));
      const after = await reckon(storm, ids);
      const broken = unmet({
        [`each way of losing an answer was met: ${lost.join(', ')}`]: lost.every((hit) => hit >= 2),
        'a call that was written down and never made waits for a person': left.length > 0,
        [`all ${ids.length} are through in the end`]: after.every(({ analysis }) => analysis.state === 'completed'),
      });
      return {
        stuck,
        broken: [...before, ...complaintsOf(after), ...(await uneven(storm)), ...broken],
        note: `${ids.length} analyses, ${lost.join(' + ')} answers lost, ${3 * ROUNDS.length} processes killed, ${left.length} left to a person`,
      };
    });
  },
};

/** Both processes of the connector are killed in it, one of them twice, and started again. */
async function goThrough(storm: DepsStorm, { way, end }: (typeof ROUNDS)[number]) {
  const [steady, doomed] = storm.replicas as [DepsStorm['replicas'][0], DepsStorm['replicas'][0]];
  await doomed.kill();
  await doomed.restart(end);
  await setFaults(storm, { ...way, every: 2, path: QUERIES, readLagMs: LAG_MS });
  const presses = people(2 * HALF).map((document) => pressFor(document));
  const first = await pressAll(storm, presses.slice(0, HALF));
  await until(async () => (await hits(storm)) >= 2);
  await steady.kill();
  const second = pressAll(storm, presses.slice(HALF));
  await ended(doomed);
  await Promise.all([steady.restart(), doomed.restart()]);
  return { ids: [...first, ...(await second)], hit: await hits(storm) };
}

function pressAll(storm: DepsStorm, presses: readonly Press[]): Promise<string[]> {
  return Promise.all(presses.map(async (each, at) => (await press(storm, each, at)).id!));
}

/** Completed and billed once, under the very name it has; or left to a person and not billed. */
function complaintsOf(reckoned: readonly Reckoned[]): string[] {
  return reckoned.flatMap((each) => {
    const { analysis, billed } = each;
    const { state, reference, delivery } = analysis;
    const said = `the analysis ${analysis.id}, ${state}, was billed ${billed.length} times`;
    if (state === 'completed')
      return billed.length === 1 && billed[0] === reference ? [] : [`${said}, and is ${reference}`];
    if (!isLeftToPerson(each)) return [`${said}: ${delivery?.state ?? 'nothing of it is open'}`];
    return billed.length === 0 ? [] : [`${said}: ${delivery!.reason}`];
  });
}
