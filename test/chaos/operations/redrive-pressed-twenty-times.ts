import { eventually } from '#libs/testing';
import type { World } from '../../world/world.ts';
import {
  arrived,
  calmWorld,
  clearFaults,
  CONNECTOR,
  loggedCalls,
  moveTitles,
  setFaults,
  weighed,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { messagesIn } from '../harness/movements.ts';
import type { Scenario } from '../harness/scenario.ts';
import { openDeliveries } from '../ledger.ts';

const TITLES = 60;
const PRESSES = 20;

export const scenario: Scenario = {
  name: 'redrive-pressed-twenty-times',
  rows: [65, 66, 74],
  says: 'What is parked is told while every queue is empty; a redrive pressed twenty times by two people sends it once.',
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    await setFaults(world, { status: 422, for: TITLES });
    await moveTitles(world, { titles: TITLES, movements: 1 });
    await eventually(async () => (await openDeliveries(world)).parked === TITLES, { withinMs: 120_000, everyMs: 100 });
    const depth = await messagesIn(world, CONNECTOR_QUEUE);
    const metrics = await metricsOf(world);
    await clearFaults(world);

    const people = [world.token, await world.tokenFor('admin')];
    const answers = await Promise.all(Array.from({ length: PRESSES }, (_, at) => press(world, people[at % 2]!)));
    await eventually(async () => (await arrived(world)) >= TITLES, { withinMs: 120_000, everyMs: 100 });
    await eventually(async () => (await openDeliveries(world)).parked === 0, { withinMs: 120_000, everyMs: 100 });

    const callsBefore = (await loggedCalls(world)).length;
    const again = await press(world, world.token);
    const retried = await retryDelivered(world);
    const { verdict, stuck, broken } = await weighed(world);
    const begun = answers.filter((answer) => answer === 'begun').length;
    const refused = answers.filter((answer) => answer === 'redrive-nothing-to-redrive').length;
    const expected = unmet({
      'the queue is empty while deliveries are parked': depth === 0,
      [`the parked are told: ${metrics.waiting}`]: metrics.waiting === TITLES,
      [`with the age of the oldest: ${metrics.oldest} s`]: metrics.oldest > 0,
      [`of ${PRESSES} presses one begins, and not ${begun}`]: begun === 1,
      [`the others find nothing left: ${refused} did`]: refused === PRESSES - 1,
      [`nothing is left to redrive after: ${again}`]: again === 'redrive-nothing-to-redrive',
      [`what was delivered is not tried again: ${retried}`]: /answered 4\d\d/.test(retried),
      'and nobody was called for it': (await loggedCalls(world)).length === callsBefore,
      'nothing was sent twice': verdict.repeated.length === 0,
    });
    return { verdict, stuck, broken: [...broken, ...expected], note: `${TITLES} parked, ${PRESSES} presses` };
  },
};

/** @returns how it was taken */
async function press(world: World, token: string): Promise<string> {
  const wish = { filter: {}, reason: 'the partner was set right', perSecond: 500, expectedCount: TITLES };
  try {
    await world.ask(CONNECTOR, 'POST', '/redrives', wish, token);
    return 'begun';
  } catch (error) {
    return /redrive-[a-z-]+/.exec((error as Error).message)?.[0] ?? (error as Error).message;
  }
}

async function retryDelivered(world: World): Promise<string> {
  type Page = { items: { position: string }[] };
  const { items } = await world.ask<Page>(CONNECTOR, 'GET', '/deliveries?settled=true&limit=1');
  return world.ask(CONNECTOR, 'POST', `/deliveries/${items[0]!.position}/retry`, {}).then(
    () => 'it was',
    (error: Error) => error.message,
  );
}

async function metricsOf(world: World): Promise<{ waiting: number; oldest: number }> {
  const text = await (await fetch(`${world.opsUrl(CONNECTOR)}/metrics`)).text();
  const read = (name: string, label: string) =>
    Number(new RegExp(`^${name}\\{[^}]*${label}[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
  return {
    waiting: read('ponte_deliveries_waiting', 'state="parked"'),
    oldest: read('ponte_parked_oldest_age_seconds', 'what="delivery"'),
  };
}
