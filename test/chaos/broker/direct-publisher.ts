import { connect } from 'amqplib';
import type { HubEvent, ReceivableChanged } from '#libs/contracts';
import {
  ACCOUNT,
  COMPANY,
  effects,
  openDeliveries,
  parkedEvents,
  startCalm,
  until,
  weighed,
} from '../harness/movements.ts';
import { DIRECT_SOURCE, type World } from '../../world/world.ts';
import { directEntry } from '../harness/direct-event.ts';
import { openTitles } from '../harness/erp-steps.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 4;

export const scenario: Scenario = {
  name: 'direct-publisher',
  rows: [21],
  says: 'An event published straight to the broker, twice and without an id, has one effect; one that nobody signed is parked.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    await world.openAccounts([ACCOUNT, 'direct']);
    const wish = { source: DIRECT_SOURCE, company: COMPANY, account: 'direct', settings: { deadlineSeconds: 2 } };
    const { id } = await world.turnOn(wish);
    await world.ask('customerx-connector', 'POST', `/integrations/${id}/loads/begin-without-backfill`);
    await world.loaded(id);
    await openTitles(world, TITLES);
    await effects(world, TITLES);
    const [title] = (await world.titles(COMPANY)) as [ReceivableChanged];
    const event = directEntry(title);
    await world.publishDirect(event);
    await world.publishDirect(event);
    await effects(world, TITLES + 1);
    await publishNameless(world, directEntry({ ...title, sequence: title.sequence + 1 }));
    const parked = await until(async () => {
      const events = await parkedEvents(world);
      return events.length > 0 && events;
    });
    await until(async () => (await openDeliveries(world)).length === 0);
    const told = (await callsOf(world, 'direct')).length;
    const broken = [
      ...(told === 1 ? [] : [`the direct title was told ${told} times`]),
      ...(parked.length === 1 ? [] : [`${parked.length} events are parked and one was signed by nobody`]),
    ];
    const finding = await weighed(world, { broken, note: parked[0]!.reason });
    // Of the other account no outbox knows.
    const { verdict } = finding;
    return {
      ...finding,
      verdict: verdict && { ...verdict, unexplained: verdict.unexplained.filter((one) => !one.startsWith('direct/')) },
    };
  },
};

/** By somebody who does not say who they are. */
async function publishNameless(world: World, event: Omit<HubEvent, 'id'>): Promise<void> {
  const connection = await connect(world.settingsOf('customerx-connector').AMQP_URL!);
  const channel = await connection.createConfirmChannel();
  const properties = { contentType: 'application/cloudevents+json', persistent: true, type: event.type };
  channel.publish('erp.events', event.type, Buffer.from(JSON.stringify(event)), properties);
  await channel.waitForConfirms();
  await connection.close();
}

async function callsOf(world: World, account: string) {
  return (await world.calls()).filter((call) => call.account === account && call.effect !== 'none');
}
