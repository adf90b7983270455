import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, refusedUntil, type Outcome } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import type { DeliveryEngine } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;
/** What the partner knows; a title of a client it does not know is refused until it does. */
let clients: Set<string>;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  ledger.courier.operations = ['client.put', 'title.put'];
  clients = new Set();
  ledger.courier.script = ({ operation, body }) => answer(operation, body as { client: string });
  engine = await ledger.engine();
  engine.start();
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

function answer(operation: string, { client }: { client: string }): Outcome {
  if (operation === 'client.put') clients.add(client);
  else if (!clients.has(client)) return refusedUntil(`client/${client}`, `the client ${client} is not there`);
  return delivered();
}

const title = (lane: string, client: string) => movement(lane, { client });
const client = (name: string) => movement(`client/${name}`, { client: name }, { operation: 'client.put' });
/** Of each lane the state of its head. */
const states = async () =>
  Object.fromEntries((await ledger.open()).toReversed().map(({ lane, state }) => [lane, state]));
const settledLanes = async () => (await ledger.settled()).map(({ lane }) => lane).toSorted();
const untilParked = (...lanes: string[]) =>
  eventually(async () => expect(await states()).toMatchObject(Object.fromEntries(lanes.map((one) => [one, 'parked']))));
const awaitedSince = (interval: string) =>
  ledger.rows(`update awaiting set try_at = clock_timestamp() - interval '${interval}'`);
const awaiting = () => ledger.rows(`select position from awaiting`);

describe('a delivery refused for what another lane brings', () => {
  it('waits for it with its reason, and goes when it was delivered, what stands behind it too', async () => {
    await ledger.schedule(engine, [title('one', 'a'), title('two', 'a'), title('one', 'a'), title('other', 'b')]);
    await untilParked('one', 'two', 'other');
    expect((await ledger.open())[0]!.reason).toBe('the client a is not there');
    await ledger.schedule(engine, [client('a')]);
    await eventually(async () => expect(await settledLanes()).toEqual(['client/a', 'one', 'one', 'two']));
    expect(await states()).toEqual({ other: 'parked' });
    expect(await awaiting()).toHaveLength(1);
  });

  it('is tried again by itself, one for all, and takes the others with it when somebody else brought it', async () => {
    await ledger.schedule(engine, [title('one', 'a'), title('two', 'a'), title('three', 'a')]);
    await untilParked('one', 'two', 'three');
    expect(await engine.tryAwaiting()).toBe(0);
    const before = ledger.courier.calls.length;

    await awaitedSince('1 second');
    expect(await engine.tryAwaiting()).toBe(1);
    await eventually(async () => expect((await ledger.open())[0]).toMatchObject({ state: 'parked', tries: 2 }));
    expect(ledger.courier.calls).toHaveLength(before + 1);
    expect(await engine.tryAwaiting()).toBe(0);

    clients.add('a');
    await awaitedSince('1 second');
    expect(await engine.tryAwaiting()).toBe(1);
    await eventually(async () => expect(await settledLanes()).toEqual(['one', 'three', 'two']));
    await engine.tryAwaiting();
    expect(await awaiting()).toEqual([]);
  });

  it('of another integration is not concerned', async () => {
    await ledger.schedule(engine, [title('one', 'a')], '1');
    await untilParked('one');
    await ledger.schedule(
      engine,
      [client('other'), movement('client/a', { client: 'z' }, { operation: 'client.put' })],
      '2',
    );
    await eventually(async () => expect(await settledLanes()).toEqual(['client/a', 'client/other']));
    expect(await states()).toEqual({ one: 'parked' });
  });

  it("is a person's when it is refused for another reason afterwards", async () => {
    await ledger.schedule(engine, [title('one', 'a')]);
    await untilParked('one');
    ledger.courier.script = ({ operation }) => (operation === 'title.put' ? refused('HTTP 422: value') : delivered());
    await awaitedSince('1 second');
    await engine.tryAwaiting();
    await eventually(async () => expect((await ledger.open())[0]!.reason).toBe('HTTP 422: value'));
    expect(await awaiting()).toEqual([]);
    await ledger.schedule(engine, [client('a')]);
    await eventually(async () => expect(await settledLanes()).toEqual(['client/a']));
    expect(await states()).toEqual({ one: 'parked' });
  });
});
