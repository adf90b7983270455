import { connect, type ConsumeMessage } from 'amqplib';
import {
  callsWithEffect,
  effects,
  messagesIn,
  parkedEvents,
  startCalm,
  until,
  weighed,
  type ParkedEventView,
} from '../harness/movements.ts';
import { CONNECTOR_DEAD, CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { openTitles, step } from '../harness/erp-steps.ts';
import type { World } from '../../world/world.ts';
import type { Scenario } from '../harness/scenario.ts';

const TITLES = 6;
const DEAD_LETTERS = 'ponte.dead';

export const scenario: Scenario = {
  name: 'dead-letters-return',
  rows: [28, 29],
  says: 'What the broker gave up on is taken in again as parked, holds its title, and is planned once, loop or no loop.',
  async run(chaos) {
    const world = await chaos.world();
    await startCalm(world);
    const titles = await openTitles(world, TITLES);
    await effects(world, TITLES);
    await world.kill('customerx-connector');
    await step(world, { titles, perTitle: 1 });
    const rejected = await rejectOne(world);
    await world.start('customerx-connector');
    await effects(world, TITLES * 2 - 1);
    const parked = await until(() => parkedOrTold(world, rejected));
    await step(world, { titles, perTitle: 1 });
    if (parked) await world.ask('customerx-connector', 'POST', `/parked-events/${parked.id}/plan`);
    const note = `${rejected} came back by ${parked ? 'the dead letters' : 'the loop'}`;
    const finding = await weighed(world, { rising: titles, note });
    const dead = await messagesIn(world, CONNECTOR_DEAD);
    return dead === 0 ? finding : { ...finding, broken: [...finding.broken!, `${dead} dead letters are left`] };
  },
};

/** Of the two ways back the first counts, and the other finds the event known. */
async function parkedOrTold(world: World, subject: string): Promise<ParkedEventView | undefined | false> {
  const parked = (await parkedEvents(world)).find((event) => event.subject === subject);
  if (parked) return parked;
  const told = (await callsWithEffect(world)).filter(({ externalId }) => subject === `receivable/${externalId}`);
  return told.length >= 2 ? undefined : false;
}

/** The first message of the queue is rejected, with its dead letters bound back to the queue. @returns its subject */
async function rejectOne(world: World): Promise<string> {
  const connection = await connect(world.settingsOf('customerx-connector').AMQP_URL!);
  const channel = await connection.createChannel();
  try {
    await channel.bindQueue(CONNECTOR_QUEUE, DEAD_LETTERS, CONNECTOR_DEAD);
    const { promise, resolve } = Promise.withResolvers<ConsumeMessage>();
    await channel.prefetch(1);
    await channel.consume(CONNECTOR_QUEUE, (message) => message && resolve(message));
    const message = await promise;
    channel.reject(message, false);
    await until(async () => (await messagesIn(world, CONNECTOR_DEAD)) === 1);
    return (JSON.parse(message.content.toString()) as { subject: string }).subject;
  } finally {
    await connection.close();
  }
}
