import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { ReceivableChanged } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { DIRECT_SOURCE, type World } from '../../world/world.ts';
import {
  ACCOUNT,
  arrived,
  calmWorld,
  clearFaults,
  COMPANY,
  CONNECTOR,
  moveTitles,
  redriveAll,
  setFaults,
  weighed,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { directEntry } from '../harness/direct-event.ts';
import { parkedEvents, type ParkedEventView } from '../harness/movements.ts';
import type { Scenario } from '../harness/scenario.ts';
import { AGE_WHAT_WAITS, COUNT_INBOX } from '../ledger.sql.ts';
import { ledger, openDeliveries } from '../ledger.ts';

const TITLES = 20;
const DAYS = 400;
const WRONG_CLOCK = `--import=${fileURLToPath(new URL('../time/preload/wrong-clock.ts', import.meta.url))}`;

export const scenario: Scenario = {
  name: 'retention-keeps-unresolved',
  rows: [67],
  says: 'A year later dedupe has forgotten what came, and everything that waits for a person is there and can be let go.',
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    const settings = { externalIdPrefix: 'D-' };
    const { id: direct } = await world.turnOn({ source: DIRECT_SOURCE, company: COMPANY, account: ACCOUNT, settings });
    // Its ERP has no views to be read from.
    await world.ask(CONNECTOR, 'POST', `/integrations/${direct}/loads/begin-without-backfill`);
    await world.loaded(direct);
    await setFaults(world, { status: 422, for: TITLES });
    await moveTitles(world, { titles: TITLES, movements: 1 });
    await eventually(async () => (await openDeliveries(world)).parked === TITLES, { withinMs: 120_000, everyMs: 100 });
    await clearFaults(world);
    const [title] = (await world.titles(COMPANY)) as [ReceivableChanged];
    for (const wrong of [{ dueDate: 'some day' }, {}])
      await world.publishDirect(Object.assign(directEntry(title, wrong), { id: randomUUID() }));
    const oneWaitsBehind = async () => {
      const events = await parkedEvents(world);
      if (events.length === 1 && events[0]!.waitingBehind === 1) return;
      throw new Error(`${events.length} events are parked, behind the first there is not one: ${reasonsOf(events)}`);
    };
    await eventually(oneWaitsBehind, { withinMs: 120_000, everyMs: 100 });

    const forgotten = await passTime(world);
    const [events, { parked }] = [await parkedEvents(world), await openDeliveries(world)];
    for (const { id } of events) {
      await world.ask(CONNECTOR, 'POST', `/parked-events/${id}/skip`, { reason: 'it had no due date' });
    }
    if (parked > 0) await redriveAll(world, parked);
    const followed = await eventually(async () => (await arrived(world)) >= TITLES + 1, { withinMs: 120_000 }).catch(
      () => false,
    );
    const { verdict, stuck, broken } = await weighed(world, {
      shows: false,
      of: ({ externalId = '' }) => !externalId.startsWith('D-'),
    });
    const expected = unmet({
      'retention ran: nothing is left of the inbox': forgotten,
      [`each delivery still waits: ${parked}`]: parked === TITLES,
      [`one event still waits: ${reasonsOf(events)}`]: events.length === 1,
      'let go, all of it arrives, and what waited behind it': followed,
    });
    return {
      verdict,
      stuck,
      broken: [...broken, ...expected],
      note: `${TITLES} deliveries and an event, ${DAYS} days old`,
    };
  },
};

function reasonsOf(events: readonly ParkedEventView[]): string {
  return events.map(({ reason }) => reason).join('; ');
}

/** What waits becomes old, and the connector starts once on a day so late that dedupe may forget what came. */
async function passTime(world: World): Promise<boolean> {
  await world.kill(CONNECTOR);
  await ledger(world, AGE_WHAT_WAITS, [DAYS]);
  await world.start(CONNECTOR, CONNECTOR, { NODE_OPTIONS: WRONG_CLOCK, CLOCK_OFF_MS: String(DAYS * 86_400_000) });
  const [{ known }] = (await ledger<{ known: number }>(world, COUNT_INBOX)) as [{ known: number }];
  await world.kill(CONNECTOR);
  await world.start(CONNECTOR);
  return known === 0;
}
