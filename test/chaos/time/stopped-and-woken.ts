import { eventually } from '#libs/testing';
import { calmWorld, CONNECTOR, moveTitles, setFaults, untilArrived, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { LET_THE_WINDOW_COME, RUNS } from '../ledger.sql.ts';
import { ledger, openDeliveries } from '../ledger.ts';

const [TITLES, MOVEMENTS] = [100, 3];

interface Run {
  kind: string;
  delivered: number | null;
  carried: number | null;
  finished: boolean;
}

export const scenario: Scenario = {
  name: 'stopped-and-woken',
  rows: [59],
  says: 'A replica that is stopped in a run for longer than its lease and wakes up calls nothing twice in effect; the run is one.',
  async run(chaos) {
    const { world, id } = await calmWorld(chaos, { settings: { periodicityMinutes: 720, deadlineSeconds: 1 } });
    await world.startReplica(CONNECTOR, 'other');
    await setFaults(world, { latencyMs: 100 });
    await moveTitles(world, { titles: TITLES, movements: MOVEMENTS });
    const all = TITLES * MOVEMENTS;
    await eventually(async () => (await openDeliveries(world)).pending === all, { withinMs: 120_000, everyMs: 100 });
    await ledger(world, LET_THE_WINDOW_COME, [id, 1]);
    await untilArrived(world, 20);
    const stopped = world.app(CONNECTOR).pid;
    process.kill(stopped, 'SIGSTOP');
    try {
      await untilArrived(world, all);
    } finally {
      process.kill(stopped, 'SIGCONT');
    }
    const { verdict, stuck, broken } = await weighed(world);
    const runs = () => ledger<Run>(world, RUNS, [id]);
    const isOver = async () => (await runs()).every(({ finished }) => finished);
    await eventually(isOver, { withinMs: 120_000, everyMs: 250 }).catch(() => undefined);
    const [run, ...more] = await runs();
    const expected = unmet({
      'the window left one run': run !== undefined && more.length === 0,
      [`the run counts all ${all}: ${run?.delivered} delivered, ${run?.carried} carried`]:
        run?.delivered === all && run.carried === 0,
      'nothing waits for a person': (await openDeliveries(world)).parked === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected] };
  },
};
