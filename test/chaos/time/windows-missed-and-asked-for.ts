import { eventually } from '#libs/testing';
import type { World } from '../../world/world.ts';
import { calmWorld, clearFaults, CONNECTOR, moveTitles, setFaults, untilArrived, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { LET_THE_WINDOW_COME, RUNS } from '../ledger.sql.ts';
import { ledger, openDeliveries } from '../ledger.ts';

const [TITLES, MOVEMENTS] = [40, 2];
const PRESSES = 20;
const HOURS_AWAY = 7;

interface Run {
  id: string;
  kind: 'scheduled' | 'manual';
  window_local: string | null;
  delivered: number | null;
  finished: boolean;
}

export const scenario: Scenario = {
  name: 'windows-missed-and-asked-for',
  rows: [61, 62],
  says: 'Windows missed while nobody was up fire once, late; "run now" pressed twenty times is one run, and none beside another.',
  async run(chaos) {
    const { world, id } = await calmWorld(chaos, { settings: { periodicityMinutes: 60, runNowGapMinutes: 0 } });
    const half = TITLES * MOVEMENTS;
    await moveTitles(world, { titles: TITLES, movements: MOVEMENTS, seed: 1 });
    await untilPlanned(world, half);
    await world.kill(CONNECTOR);
    await ledger(world, LET_THE_WINDOW_COME, [id, HOURS_AWAY * 3_600]);
    await Promise.all([world.start(CONNECTOR), world.startReplica(CONNECTOR, 'other')]);
    await untilArrived(world, half);
    const late = await finished(world, id, 1);

    await setFaults(world, { latencyMs: 300 });
    await moveTitles(world, { titles: TITLES, movements: MOVEMENTS, seed: 2 });
    await untilPlanned(world, half);
    const answers = await Promise.all(Array.from({ length: PRESSES }, () => press(world, id)));
    await clearFaults(world);
    await untilArrived(world, half * 2);
    const runs = await finished(world, id, 2);
    const { verdict, stuck, broken } = await weighed(world);
    const begun = answers.filter((answer) => answer === 'begun').length;
    const refused = answers.filter((answer) => answer === 'run-under-way').length;
    const expected = unmet({
      [`${HOURS_AWAY} missed windows are one run, and not ${late.length}`]:
        late.length === 1 && late[0]!.kind === 'scheduled',
      [`it took all that waited: ${late[0]?.delivered}`]: late[0]?.delivered === half,
      [`of ${PRESSES} presses one begins a run, and not ${begun}`]: begun === 1,
      'the others are told that one is under way': refused === PRESSES - 1,
      [`its run took all that waited: ${runs[1]?.delivered}`]: runs[1]?.kind === 'manual' && runs[1].delivered === half,
    });
    return { verdict, stuck, broken: [...broken, ...expected] };
  },
};

async function untilPlanned(world: World, count: number): Promise<void> {
  await eventually(async () => (await openDeliveries(world)).pending === count, { withinMs: 120_000, everyMs: 100 });
}

/** @returns the runs, once so many are there and over */
function finished(world: World, id: string, count: number): Promise<Run[]> {
  return eventually(
    async () => {
      const runs = await ledger<Run>(world, RUNS, [id]);
      const open = runs.filter((run) => !run.finished);
      if (runs.length < count || open.length > 0) throw new Error(`${runs.length} runs, ${open.length} of them open`);
      return runs;
    },
    { withinMs: 120_000, everyMs: 200 },
  );
}

/** @returns how it was taken */
async function press(world: World, id: string): Promise<string> {
  try {
    await world.ask(CONNECTOR, 'POST', `/integrations/${id}/runs`);
    return 'begun';
  } catch (error) {
    return /run-under-way/.exec((error as Error).message)?.[0] ?? (error as Error).message;
  }
}
