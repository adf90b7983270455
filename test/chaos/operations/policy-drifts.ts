import { eventually } from '#libs/testing';
import type { World } from '../../world/world.ts';
import { calmWorld, CONNECTOR, moveTitles, weighed } from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { BrokerDesk, CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import type { Scenario } from '../harness/scenario.ts';

/** The topology is looked at each minute; the rest is for a slow machine. */
const NOTICED_MS = 100_000;

export const scenario: Scenario = {
  name: 'policy-drifts',
  rows: [72],
  says: 'A policy somebody changes on the broker is told within the minute, in words, and its end too; events flow on.',
  minutes: 6,
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    const desk = new BrokerDesk(world);
    const well = await complaint(world);
    await desk.limit(CONNECTOR_QUEUE, { 'delivery-limit': 3, overflow: 'drop-head' });
    await moveTitles(world, { titles: 20, movements: 2, seed: 1 });
    const tells = async () => (await complaint(world)) ?? false;
    const told = await eventually(tells, { withinMs: NOTICED_MS, everyMs: 500 }).catch(() => '');
    await desk.unlimit();
    await moveTitles(world, { titles: 20, movements: 2, seed: 2 });
    const isWell = async () => (await complaint(world)) === undefined;
    const over = await eventually(isWell, { withinMs: NOTICED_MS, everyMs: 500 }).catch(() => false);
    const { verdict, stuck, broken } = await weighed(world);
    const expected = unmet({
      'nothing is told while all is well': well === undefined,
      [`the queue and the limit are named: ${told}`]:
        String(told).includes(CONNECTOR_QUEUE) && String(told).includes('delivery-limit'),
      'and the command that mends it': String(told).includes('set_policy'),
      'its end is told': over,
    });
    return { verdict, stuck, broken: [...broken, ...expected] };
  },
};

/** What the connector's readiness says of the broker; undefined when all is well. */
async function complaint(world: World): Promise<string | undefined> {
  const answer = await fetch(`${world.opsUrl(CONNECTOR)}/health/ready`);
  return answer.ok ? undefined : answer.text();
}
