import type { DepsInWorld } from '../../world/deps.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { ledger } from '../ledger.ts';
import { BATCHES, calls, clearFaults, quiet, setFaults, until, withDeps } from './storm/deps-storm.ts';
import { COUNT_OPEN, FAILED_TRIES, PAUSES } from './storm/deps-storm.sql.ts';
import { committedMovements, toldMovements, weighMovements } from './storm/title-movements.ts';

const TITLES = 200;
const PER_SECOND = 10;
/** Long enough that several calls are under way, in both processes, when a token ends. */
const LATENCY_MS = 250;
const TOKEN_LIVES_S = 2;
/** The log has milliseconds, and tokens a clock of their own. */
const CLOCK_MS = 20;
const REPLICAS = 2;
const LOGIN = '/api/v3/conta/entrar';

export const scenario: Scenario = {
  name: 'logins-in-a-storm',
  rows: [53],
  says: 'Tokens that end every two seconds cost one login each, whatever calls meet the end, and neither a pause nor an attempt.',
  async run(chaos) {
    const settings = { periodicityMinutes: 0, deadlineSeconds: 10, concurrency: 8 };
    return withDeps(chaos, { replicas: REPLICAS, reader: true, settings }, async (storm) => {
      const { world } = storm;
      const [deps] = storm.replicas as [DepsInWorld];
      const before = (await calls(storm)).length;
      const startedAt = performance.now();
      await setFaults(storm, { tokenLifetimeS: TOKEN_LIVES_S, latencyMs: LATENCY_MS });
      const wish = { companies: 1, titles: TITLES, movementsPerTitle: 1, seed: 7, ratePerSecond: PER_SECOND };
      await world.ask('sandbox', 'POST', '/erp/generate', wish);
      const committed = await committedMovements(world);
      const arrived = async () => (await toldMovements(deps)).length >= committed.length;
      await until(async () => (await arrived()) && (await ledger<{ open: number }>(world, COUNT_OPEN))[0]!.open === 0);
      const seconds = (performance.now() - startedAt) / 1_000;
      const made = (await calls(storm)).slice(before);
      await clearFaults(storm);

      const stuck = await quiet(storm);
      const verdict = weighMovements(committed, await toldMovements(deps));
      const loggedIn = made.filter(({ path }) => path === LOGIN).map(({ at }) => Date.parse(at));
      const logins = loggedIn.length;
      const hasty = loggedIn.filter((at, n) => n > 0 && at - loggedIn[n - 1]! < TOKEN_LIVES_S * 1_000 - CLOCK_MS);
      const batches = made.filter(({ path }) => path.startsWith(BATCHES)).length;
      const most = Math.ceil(seconds / TOKEN_LIVES_S) + REPLICAS;
      const [pauses] = await ledger<{ standing: number; told: number; refused: number }>(world, PAUSES, ['credential']);
      const [tries] = await ledger<{ failed: number }>(world, FAILED_TRIES);
      const broken = unmet({
        [`tokens ended while there were calls: ${logins} logins`]: logins >= 5,
        [`in ${seconds.toFixed()} s there were ${most} logins at the most, and not ${logins}`]: logins <= most,
        [`nobody logs in while a token lives that another has: ${hasty.length} times`]: hasty.length === 0,
        [`a login served many calls: ${logins} for ${batches}`]: batches > 2 * logins,
        [`nothing was paused for its credential: ${JSON.stringify(pauses)}`]: pauses!.standing + pauses!.told === 0,
        [`and no try failed: ${tries!.failed} did`]: tries!.failed === 0,
      });
      return { verdict, stuck, broken, note: `${logins} logins in ${seconds.toFixed()} s, for ${batches} calls` };
    });
  },
};
