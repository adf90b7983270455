import { randomUUID } from 'node:crypto';
import { connect, type ConfirmChannel } from 'amqplib';
import type { ReceivableChanged } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { SOURCE, type World } from '../../world/world.ts';
import {
  calmWorld,
  clearFaults,
  CONNECTOR,
  loggedCalls,
  moveTitles,
  setFaults,
  untilArrivedAtOnce,
  weighed,
  type LoggedCall,
} from '../calm-world.ts';
import { unmet } from '../expectations.ts';
import { CONNECTOR_QUEUE } from '../harness/broker-desk.ts';
import { messagesIn } from '../harness/movements.ts';
import type { Scenario } from '../harness/scenario.ts';

const [TITLES, MOVEMENTS] = [60, 3];
const OPENED = 'erp.receivable.opened.v1';
const MEGABYTE = 1_048_576;

type Event = Record<string, unknown> & { data: Record<string, unknown> };
type Poison = { name: string; of: (event: Event) => string; type?: string };

const withName = (event: Event, name: string) => written({ ...event, data: { ...event.data, number: name } });
const written = (event: object) => JSON.stringify(event);

const POISONS: Poison[] = [
  { name: 'nul', of: (event) => withName(event, 'A\u0000B') },
  { name: 'lone-surrogate', of: (event) => withName(event, 'A\ud800B') },
  { name: 'megabyte', of: (event) => withName(event, 'x'.repeat(MEGABYTE)) },
  { name: 'huge-number', of: (event) => written(event).replace(/"amount":"[^"]*"/, '"amount":1e400') },
  { name: 'beyond-double', of: (event) => written(event).replace(/"amount":"[^"]*"/, '"amount":9007199254740993') },
  {
    name: 'many-digits',
    of: (event) => written(event).replace(/"amount":"[^"]*"/, `"amount":"${'9'.repeat(400)}.00"`),
  },
  { name: 'missing-field', of: (event) => written({ ...event, data: { ...event.data, dueDate: undefined } }) },
  {
    name: 'nested',
    of: (event) => written(event).replace('"data":{', `"data":{"deep":${'['.repeat(5_000)}${']'.repeat(5_000)},`),
  },
  {
    name: 'next-version',
    type: 'erp.receivable.opened.v2',
    of: (event) => written({ ...event, type: 'erp.receivable.opened.v2' }),
  },
  { name: 'no-json', of: () => '\u0000\u0001 not JSON' },
  { name: 'a-list', of: (event) => written([event]) },
];

const isPoisoned = ({ externalId = '' }: LoggedCall) => externalId.startsWith('POISON-');

export const scenario: Scenario = {
  name: 'poison-payloads',
  rows: [16, 34, 35],
  says: 'What cannot be planned holds its own key and nothing else, let go it flows; what is retried is sent to the byte.',
  minutes: 4,
  async run(chaos) {
    const { world } = await calmWorld(chaos);
    await setFaults(world, { status: 503, every: 4, for: 120 });
    const moving = moveTitles(world, { titles: TITLES, movements: MOVEMENTS, ratePerSecond: 60 });
    // As it was when it was opened: what it went through since would contradict that it has just been.
    const sample = await world.ask<ReceivableChanged>('sandbox', 'POST', '/erp/titles', {
      company: '1',
      amount: '10.00',
    });
    await publishPoisons(world, sample);
    await moving;
    await untilArrivedAtOnce(world, TITLES * MOVEMENTS + 1);
    await eventually(async () => (await messagesIn(world, CONNECTOR_QUEUE)) === 0, { withinMs: 120_000, everyMs: 200 });
    const parked = await untilParked(world);
    const passed = await arrivedPoisoned(world);
    const hits = await clearFaults(world);
    for (const { id } of parked) await skip(world, id);
    const followers = async () => POISONS.length - (await arrivedPoisoned(world)).size;
    const left = await eventually(async () => (await followers()) === 0, { withinMs: 120_000, everyMs: 200 }).then(
      () => 0,
      () => followers(),
    );
    const { verdict, stuck, broken } = await weighed(world, { shows: false, of: (call) => !isPoisoned(call) });
    const holding = POISONS.filter(({ name }) => !passed.has(`POISON-${name}`));
    const torn = differentBytes(await loggedCalls(world));
    const expected = unmet({
      [`what is poisoned holds its key: ${holding.map(({ name }) => name).join(', ')}`]: holding.length >= 6,
      [`all of it is listed: ${parked.length}`]: parked.length >= holding.length,
      [`let go, what waited behind it flows, and ${left} do not`]: left === 0,
      [`${hits} tries failed, and ${torn.length} deliveries changed between two of their tries`]:
        hits > 10 && torn.length === 0,
    });
    const note = `${POISONS.length} poisons, ${parked.length} parked, ${holding.length} held their key; ${hits} tries repeated`;
    return { verdict, stuck, broken: [...broken, ...expected], note };
  },
};

/** Each poison, and right behind it a good event of the same key, which must not pass it. */
async function publishPoisons(world: World, sample: ReceivableChanged): Promise<void> {
  const url = world.settingsOf(CONNECTOR).AMQP_URL!;
  const connection = await connect(url);
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    const userId = new URL(url).username;
    for (const { name, of, type = OPENED } of POISONS) {
      const event = eventOf(sample, name);
      const { subject } = event as unknown as { subject: string };
      publish(channel, { text: of(event), type, subject, userId });
      publish(channel, { text: written(eventOf(sample, name)), type: OPENED, subject, userId });
    }
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}

function publish(channel: ConfirmChannel, message: { text: string; type: string; subject: string; userId: string }) {
  const { text, type, subject, userId } = message;
  channel.publish('erp.events', type, Buffer.from(text), {
    contentType: 'application/cloudevents+json',
    headers: { partitionkey: subject },
    persistent: true,
    mandatory: true,
    type,
    userId,
  });
}

function eventOf(sample: ReceivableChanged, name: string): Event {
  const receivableId = `POISON-${name}`;
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: SOURCE,
    type: OPENED,
    subject: `receivable/${receivableId}`,
    time: new Date().toISOString(),
    company: sample.company,
    branch: sample.branch,
    data: { ...sample, receivableId },
  };
}

interface ParkedEvent {
  id: string;
  reasonCode: string;
}

async function untilParked(world: World): Promise<ParkedEvent[]> {
  const list = () => world.ask<{ items: ParkedEvent[] }>(CONNECTOR, 'GET', '/parked-events?limit=100');
  return eventually(async () => {
    const { items } = await list();
    if (items.length < POISONS.length / 2) throw new Error(`only ${items.length} events are parked`);
    return items;
  });
}

async function skip(world: World, id: string): Promise<void> {
  await world.ask(CONNECTOR, 'POST', `/parked-events/${id}/skip`, { reason: 'it was poisoned on purpose' });
}

async function arrivedPoisoned(world: World): Promise<Set<string>> {
  const calls = (await loggedCalls(world)).filter((call) => isPoisoned(call) && call.effect !== 'none');
  return new Set(calls.map((call) => call.externalId!));
}

/** Deliveries of which two tries of one step had other bytes. */
function differentBytes(calls: readonly LoggedCall[]): string[] {
  const steps = Map.groupBy(calls, (call) => `${call.idempotencyKey} ${call.verb}`);
  return [...steps].flatMap(([step, tries]) => (new Set(tries.map((call) => call.bodyHash)).size > 1 ? [step] : []));
}
