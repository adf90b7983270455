import type { DepsInWorld } from '../../world/deps.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { ledger } from '../ledger.ts';
import {
  BATCHES,
  calls,
  clearFaults,
  COMPANY,
  hits,
  hurryUntil,
  quiet,
  setFaults,
  until,
  waitingForPerson,
  withDeps,
} from './storm/deps-storm.ts';
import { COUNT_OPEN, LET_THE_WINDOW_COME } from './storm/deps-storm.sql.ts';
import { committedMovements, toldMovements, weighMovements } from './storm/title-movements.ts';

const [TITLES, MOVEMENTS] = [300, 5];
/** After each of them the batch was taken, and nobody heard. */
const WAYS = [{ applyThenReset: true }, { applyThenStatus: 502 }, { applyThenHang: true }];

export const scenario: Scenario = {
  name: 'batches-answered-late',
  rows: [42, 46],
  says: 'Batches whose answers are lost, or whose sender is killed meanwhile, bring each movement to DEPS once and in order.',
  minutes: 4,
  async run(chaos) {
    return withDeps(chaos, { replicas: 1, reader: true }, async (storm) => {
      const { world, integration } = storm;
      const [deps] = storm.replicas as [DepsInWorld];
      const wish = { companies: 1, titles: TITLES, movementsPerTitle: MOVEMENTS, seed: 7 };
      await world.ask('sandbox', 'POST', '/erp/generate', wish);
      const planned = async () => (await ledger<{ open: number }>(world, COUNT_OPEN))[0]!.open;
      await until(async () => (await planned()) === TITLES * MOVEMENTS);
      const early = (await deps.titles(COMPANY)).length;
      await ledger(world, LET_THE_WINDOW_COME, [integration]);
      for (const way of WAYS) {
        await setFaults(storm, { ...way, every: 2, path: BATCHES });
        await hurryUntil(storm, async () => (await hits(storm)) > 0);
      }
      // It is in its hands: taken by DEPS, and not answered.
      await deps.kill();
      await clearFaults(storm);
      await deps.restart();
      const stuck = await quiet(storm);
      const { batches } = await deps.account(COMPANY);
      const verdict = weighMovements(await committedMovements(world), await toldMovements(deps));
      const repeated = batches.filter(({ repeats }) => repeats > 0).map(({ loteId }) => loteId);
      const lost = (await calls(storm)).filter(({ fault }) => fault !== undefined).map(({ externalId }) => externalId!);
      const left = await waitingForPerson(storm);
      const broken = unmet({
        [`nothing went before its window: ${early} titles had`]: early === 0,
        [`each way of losing an answer was met: ${lost.length} were lost`]: lost.length >= WAYS.length,
        'each batch without an answer came again under its own id': lost.every((id) => repeated.includes(id)),
        [`nothing waits for a person: ${left} do`]: left === 0,
      });
      return { verdict, stuck, broken, note: `in ${batches.length} batches, of which ${repeated.length} came again` };
    });
  },
};
