import type { Verdict } from '#libs/testing';
import { EVERY_CELL, nameOf } from '../../faults/fault-cell.ts';
import { FaultWorld } from '../../faults/fault-world.ts';
import { besidesTheBalance, complaintsOf, runCell, type CellReport } from '../../faults/matrix.ts';
import type { Scenario } from '../harness/scenario.ts';

export const scenario: Scenario = {
  name: 'matrix',
  rows: [9, 23, 32, 37, 59],
  says: 'At every fault point of reader, intake, dispatcher and outcome relay, one process of one or of three is killed, halted beyond its lease or fails, and the balance stays even.',
  minutes: 45,
  long: true,
  async run(chaos) {
    const faults = await FaultWorld.open(await chaos.world());
    const reports: CellReport[] = [];
    for (const cell of EVERY_CELL) {
      const report = await runCell(faults, cell);
      const complaints = complaintsOf(report);
      chaos.say(`${nameOf(cell)}: ${report.seconds.toFixed(1)} s ${complaints[0] ?? 'ok'}`);
      reports.push(report);
    }
    return { verdict: together(reports), broken: reports.flatMap(besidesTheBalance), note: `${reports.length} cells` };
  },
};

/** One verdict over all cells, each item with the name of its cell. */
function together(reports: readonly CellReport[]): Verdict {
  const all = (kind: Exclude<keyof Verdict, 'delivered'>) =>
    reports.flatMap(({ cell, balance }) => balance.verdict[kind].map((item) => `${nameOf(cell)}: ${item}`));
  return {
    lost: all('lost'),
    doubled: all('doubled'),
    repeated: all('repeated'),
    reordered: all('reordered'),
    unexplained: all('unexplained'),
    delivered: reports.reduce((sum, { balance }) => sum + balance.verdict.delivered, 0),
  };
}
