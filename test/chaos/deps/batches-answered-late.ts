import type { DepsInWorld } from '../../world/deps.ts';
import type { World } from '../../world/world.ts';
import { askErp } from '../harness/erp-steps.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { ledger } from '../ledger.ts';
import * as storms from './storm/deps-storm.ts';
import { BATCHES, COMPANY, quiet, setFaults, until, waitingForPerson, withDeps } from './storm/deps-storm.ts';
import { COMMITTED, COUNT_PLANNED, LET_THE_WINDOW_COME } from './storm/deps-storm.sql.ts';

const [TITLES, MOVEMENTS] = [300, 5];
/** After each of them the batch was taken, and nobody heard. */
const WAYS = [{ applyThenReset: true }, { applyThenStatus: 502 }, { applyThenHang: true }];

export const scenario: Scenario = {
  name: 'batches-answered-late',
  rows: [42, 46],
  says: 'Batches whose answers are lost, or whose sender is killed meanwhile, bring each movement to DEPS once and in order.',
  minutes: 4,
  async run(chaos) {
    return withDeps(chaos, { replicas: 1, reader: true, settings: { concurrency: 2 } }, async (storm) => {
      const { world, integration } = storm;
      const [deps] = storm.replicas as [DepsInWorld];
      const wish = { companies: 1, titles: TITLES, movementsPerTitle: MOVEMENTS, seed: 7 };
      await world.ask('sandbox', 'POST', '/erp/generate', wish);
      await until(async () => (await planned(world)) === TITLES * MOVEMENTS);
      const early = (await deps.titles(COMPANY)).length;
      await ledger(world, LET_THE_WINDOW_COME, [integration]);
      for (const way of WAYS) {
        await setFaults(storm, { ...way, for: 1, verb: 'POST', path: BATCHES });
        await storms.hurry(storm, async () => (await storms.hits(storm)) === 1);
      }
      // It was taken, and will never be answered.
      await deps.kill();
      await storms.clearFaults(storm);
      await deps.restart();
      const stuck = await quiet(storm);
      const { titles, batches } = await deps.account(COMPANY);
      const committed = await committedOf(world);
      const repeats = batches.filter(({ repeats: times }) => times > 0);
      const broken = unmet({
        [`nothing went before its window: ${early} titles had`]: early === 0,
        [`each lost answer was asked for again, under the batch's own id: ${repeats.length}`]:
          repeats.length === WAYS.length,
        [`nothing waits for a person: ${await waitingForPerson(storm)} do`]: (await waitingForPerson(storm)) === 0,
        [`of ${TITLES} titles moved ${MOVEMENTS} times the ERP committed as much: ${committed.length}`]:
          committed.length === TITLES * MOVEMENTS,
      });
      const told = titles.flatMap(({ idExterno, movements }) => movements.map((one) => `${idExterno} ${inWords(one)}`));
      return {
        verdict: balance(committed, told),
        stuck,
        broken,
        note: `${batches.length} batches, ${repeats.length} repeated`,
      };
    });
  },
};
