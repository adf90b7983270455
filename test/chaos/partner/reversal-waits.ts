import type { ReceivableChanged } from '#libs/contracts';
import {
  calmWorld,
  clearFaults,
  loggedCalls,
  setFaults,
  untilArrived,
  untilArrivedAtOnce,
  weighed,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 25;

export const scenario: Scenario = {
  name: 'reversal-waits',
  rows: [57],
  says: 'A settlement that fails is told before its reversal all the same, and the title ends as the ERP has it.',
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    const post = <T>(path: string, body: object = {}) => world.ask<T>('sandbox', 'POST', `/erp/${path}`, body);
    const titles: string[] = [];
    for (let n = 0; n < TITLES; n += 1) {
      titles.push((await post<ReceivableChanged>('titles', { company: '1', amount: '10.00' })).receivableId);
    }
    await untilArrived(world, TITLES);
    // Every third call fails: settlements and reversals alike, and less than opens the breaker.
    await setFaults(world, { status: 503, every: 3, for: 120 });
    for (const title of titles) {
      const { settlements } = await post<ReceivableChanged>(`titles/${title}/settlements?company=1`);
      await post(`titles/${title}/settlements/${settlements[0]!.id}/reversal?company=1`);
    }
    await untilArrivedAtOnce(world, TITLES * 3);
    const hits = await clearFaults(world);
    const { verdict, stuck, broken } = await weighed(world);
    const told = Map.groupBy(
      (await loggedCalls(world)).filter((call) => call.effect !== 'none'),
      (call) => call.externalId,
    );
    const turned = titles.filter((title) => !/received.*pending$/.test(statusesOf(told.get(title) ?? [])));
    const expected = unmet({
      [`${hits} calls failed`]: hits > TITLES / 3,
      [`each title was received and then pending again, and ${turned.length} were not`]: turned.length === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected], note: `${hits} calls failed` };
  },
};

function statusesOf(calls: readonly { body: string }[]): string {
  return calls.map(({ body }) => (JSON.parse(body) as { status: string }).status).join(' ');
}
