import type { DepsInWorld } from '../../world/deps.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import {
  billedDocuments,
  isLeftToPerson,
  people,
  press,
  pressFor,
  reckon,
  sayNotHappened,
  SELLS_ANALYSES,
  uneven,
  type PressAnswer,
} from './storm/bill.ts';
import { QUERIES, quiet, setFaults, until, withDeps, type DepsStorm } from './storm/deps-storm.ts';

const PEOPLE = 10;
const PRESSES = 10;
/** So many of the new analyses are on the bill when one process is killed, and the others on their way. */
const KILLED_AFTER = 1;
/** Long enough that some are on their way when others are through. */
const LATENCY_MS = 300;

export const scenario: Scenario = {
  name: 'analyses-pressed-together',
  rows: [42, 65],
  says: 'Ten presses at once for a new analysis of one person, on two processes of which one is killed, are billed as one.',
  minutes: 4,
  async run(chaos) {
    return withDeps(chaos, { replicas: 2, settings: SELLS_ANALYSES }, async (storm) => {
      const documents = people(PEOPLE);
      const earlier = await buy(storm, documents);
      const stuck = await quiet(storm);
      const billedBefore = (await billedDocuments(storm)).length;

      await setFaults(storm, { latencyMs: LATENCY_MS, path: QUERIES });
      const pressing = documents.map((document, at) => pressTogether(storm, document, earlier[at]!));
      const [, doomed] = storm.replicas as [DepsInWorld, DepsInWorld];
      await until(async () => (await billedDocuments(storm)).length >= PEOPLE + KILLED_AFTER);
      await doomed.kill();
      const billedThen = (await billedDocuments(storm)).length;
      const answers = await Promise.all(pressing);
      stuck.push(...(await quiet(storm)));
      const ids = answers.map(({ named }) => [...named][0]!);
      const left = (await reckon(storm, ids)).filter(isLeftToPerson);
      const unbilled = left.filter(({ billed }) => billed.length === 1);
      await sayNotHappened(storm, left);
      stuck.push(...(await quiet(storm)));

      const reckoned = await reckon(storm, ids);
      const broken = unmet({
        [`the first ${PEOPLE} were billed once each: ${billedBefore}`]: billedBefore === PEOPLE,
        [`it was killed in the middle: ${billedThen} of ${2 * PEOPLE} were billed`]: billedThen < 2 * PEOPLE,
        'all presses for one person name one new analysis': answers.every(({ named }) => named.size === 1),
        'and none of them the earlier one': ids.every((id) => !earlier.includes(id)),
        'what was left to a person was not billed': unbilled.length === left.length,
        [`all ${PEOPLE} are through in the end`]: reckoned.every(({ analysis }) => analysis.state === 'completed'),
      });
      const overbilled = reckoned
        .filter(({ analysis, billed }) => billed.length !== 2 || !billed.includes(analysis.reference!))
        .map(({ analysis, billed }) => `the person of ${analysis.id} was billed ${billed.length} times`);
      const note = `${PEOPLE * PRESSES} presses, killed with ${billedThen - PEOPLE} of ${PEOPLE} billed, ${left.length} left to a person`;
      return { stuck, broken: [...overbilled, ...broken, ...(await uneven(storm))], note };
    });
  },
};

/** @returns the analyses' ids */
function buy(storm: DepsStorm, documents: readonly string[]): Promise<string[]> {
  return Promise.all(documents.map(async (document, at) => (await press(storm, pressFor(document), at)).id!));
}

/** @returns which analyses the answers name */
async function pressTogether(storm: DepsStorm, document: string, earlier: string): Promise<{ named: Set<string> }> {
  const presses = Array.from({ length: PRESSES }, (_, at) => press(storm, pressFor(document, earlier), at));
  const answers: PressAnswer[] = await Promise.all(presses);
  return { named: new Set(answers.map(({ id, last }) => id ?? last!.analysisId)) };
}
