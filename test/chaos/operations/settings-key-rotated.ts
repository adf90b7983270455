import { randomBytes } from 'node:crypto';
import { eventually, freePort } from '#libs/testing';
import type { World } from '../../world/world.ts';
import { calmWorld, CONNECTOR, loggedCalls, moveTitles, untilArrived, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import type { Scenario } from '../harness/scenario.ts';
import { openDeliveries, pauses } from '../ledger.ts';

const [TITLES, MOVEMENTS] = [120, 4];
const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [K1, K2, K3] = [key('k1'), key('k2'), key('k3')];
/** As the operations page has it: known to all, then sealing, then alone. */
const STEPS = [`${K1},${K2}`, `${K2},${K1}`, K2];

export const scenario: Scenario = {
  name: 'settings-key-rotated',
  rows: [71],
  says: 'A key is changed in two replicas under load and nobody notices; with a key that is lost nothing is sent at all.',
  minutes: 5,
  async run(chaos) {
    const { world } = await calmWorld(chaos, { options: { environment: { [CONNECTOR]: { SETTINGS_KEYS: K1 } } } });
    await startOther(world, K1);
    const all = TITLES * MOVEMENTS;
    const moving = moveTitles(world, { titles: TITLES, movements: MOVEMENTS, ratePerSecond: 40 });
    for (const [at, keys] of STEPS.entries()) {
      await untilArrived(world, (all * (at + 1)) / 8);
      await rollOut(world, keys);
    }
    await moving;
    await untilArrived(world, all);

    // Somebody loses the key: the token cannot be opened, and nobody is called with something else instead.
    const before = (await loggedCalls(world)).length;
    await rollOut(world, K3);
    await moveTitles(world, { titles: 20, movements: 1, seed: 2 });
    const held = async () => (await openDeliveries(world)).pending > 0 || (await unreadable(world));
    const isHeld = await eventually(held, { withinMs: 120_000, everyMs: 200 }).catch(() => false);
    const meanwhile = (await loggedCalls(world)).length - before;
    await rollOut(world, K2);
    const { verdict, stuck, broken } = await weighed(world);
    const refused = (await loggedCalls(world)).filter((call) => call.status === 401);
    const expected = unmet({
      'no call was made with a wrong token': refused.length === 0,
      'the lost key is noticed': isHeld,
      [`nobody is called without it, and ${meanwhile} calls were made`]: meanwhile === 0,
      'nothing waits for a person': (await openDeliveries(world)).parked === 0,
      'nothing stands still after': (await pauses(world, 'off')).length === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected], note: `${STEPS.length} steps under load` };
  },
};

/** One replica after the other, as a rolling deploy does. */
async function rollOut(world: World, keys: string): Promise<void> {
  await end(world, CONNECTOR);
  await world.start(CONNECTOR, CONNECTOR, { SETTINGS_KEYS: keys });
  await end(world, 'other');
  await startOther(world, keys);
}

/** A machine too slow for an orderly end has it killed, as an orchestrator does. */
async function end(world: World, name: string): Promise<void> {
  await world.stop(name).catch(() => world.kill(name));
}

async function startOther(world: World, keys: string): Promise<void> {
  const ports = { HTTP_PORT: String(await freePort()), OPS_PORT: String(await freePort()) };
  await world.start(CONNECTOR, 'other', { SETTINGS_KEYS: keys, ...ports });
}

async function unreadable(world: World): Promise<boolean> {
  return world
    .app(CONNECTOR)
    .logs()
    .some((line) => line.includes('settings.unreadable'));
}
