import { fileURLToPath } from 'node:url';
import { freePort } from '#libs/testing';
import {
  calmWorld,
  clearFaults,
  CONNECTOR,
  moveTitles,
  setFaults,
  untilArrived,
  untilArrivedAtOnce,
  weighed,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { TRIES_BY_REPLICA } from '../ledger.sql.ts';
import { ledger, openDeliveries } from '../ledger.ts';

const MINUTE = 60_000;
const WRONG_CLOCK = `--import=${fileURLToPath(new URL('preload/wrong-clock.ts', import.meta.url))}`;
const [TITLES, MOVEMENTS] = [100, 4];

export const scenario: Scenario = {
  name: 'clocks-apart',
  rows: [63],
  says: 'Two replicas ten minutes apart, one of which is set back meanwhile, lose, double and reorder nothing.',
  async run(chaos) {
    const fast = {
      NODE_OPTIONS: WRONG_CLOCK,
      CLOCK_OFF_MS: String(5 * MINUTE),
      CLOCK_THEN_OFF_MS: String(-5 * MINUTE),
    };
    const slow = { ...fast, CLOCK_OFF_MS: String(-5 * MINUTE), CLOCK_THEN_OFF_MS: '0' };
    const { world } = await calmWorld(chaos, {
      options: { environment: { [CONNECTOR]: fast, 'erp-outbox-reader': slow } },
    });
    await startSlow();
    const all = TITLES * MOVEMENTS;
    const moving = moveTitles(world, { titles: TITLES, movements: MOVEMENTS, ratePerSecond: 60 });
    await untilArrived(world, all * 0.2);
    await setFaults(world, { status: 429, headers: { 'retry-after': '2' }, for: 1 });
    await untilArrived(world, all * 0.4);
    process.kill(world.app(CONNECTOR).pid, 'SIGUSR2');
    await setFaults(world, { applyThenReset: true, every: 5, for: 60 });
    await untilArrived(world, all * 0.6);
    await clearFaults(world);
    await world.kill('slow');
    await startSlow();
    await moving;
    await untilArrivedAtOnce(world, all);
    const { verdict, stuck, broken } = await weighed(world);
    const replicas = await ledger(world, TRIES_BY_REPLICA);
    const expected = unmet({
      'both replicas called': replicas.length >= 2,
      'nothing waits for a person': (await openDeliveries(world)).parked === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected] };

    async function startSlow(): Promise<void> {
      const ports = { HTTP_PORT: String(await freePort()), OPS_PORT: String(await freePort()) };
      await world.start(CONNECTOR, 'slow', { ...slow, ...ports });
    }
  },
};
