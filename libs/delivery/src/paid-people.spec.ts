import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ambiguous, delivered, refused, unavailable, unknown } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { BUY, PaidPartner, PaidScript } from '../test/paid-partner.js';
import { movement } from '../test/scripted-planner.js';
import type { DeliveryEngine } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let partner: PaidPartner;
let courier: PaidScript;
let engine: DeliveryEngine;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  partner = new PaidPartner(ledger.clock);
  courier = new PaidScript(partner);
  engine = await ledger.engine({ courier });
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

const A1 = '100';
const ANA = { by: 'ana', reason: 'seen at the partner' };
const buy = (key: string) => movement(key, { key }, { operation: BUY, operationKey: key, cost: '7.50' });
const isSettled = () => eventually(async () => (await ledger.waiting()) === 0);
const intentStates = async () => (await ledger.intents()).map(({ state }) => state);
const reserved = async () => (await ledger.spend()).map((row) => row.reserved);
const refusalOf = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ name: 'DeliveryRefusal' });

/** A charge of which nobody knows, and which no verification finds. */
async function leftToPerson(): Promise<void> {
  courier.says = (charge) => {
    charge();
    return unknown('connection reset');
  };
  courier.finds = () => ambiguous('two of them');
  await ledger.schedule(engine, [buy('a1'), movement('a1')]);
  engine.start();
  await eventually(async () => (await ledger.lanes())[0]!.waits_for === 'person');
}

describe('What was asked for and is not wanted any more', () => {
  it('is withdrawn while nobody has called: it costs nothing', async () => {
    await ledger.schedule(engine, [buy('a1')]);
    await engine.deliveries.withdraw(A1, 'ana', 'the sale fell through');
    engine.start();
    await isSettled();
    expect(await ledger.settled()).toMatchObject([{ state: 'skipped', settled_by: 'ana' }]);
    expect(partner.charges).toEqual([]);
  });

  it('is not withdrawn where a call may have been charged, though its process has not said so', async () => {
    await ledger.schedule(engine, [buy('a1')]);
    // As a process leaves it that dies between its intent and its settlement.
    await ledger.rows(`update delivery set state = 'unknown' where position = ${A1}`);
    await expect(engine.deliveries.withdraw(A1, 'ana', 'no')).rejects.toMatchObject({ code: 'unknown-effect' });
    await ledger.rows(`update delivery set state = 'pending' where position = ${A1}`);
  });

  it('is not withdrawn once it was tried, though that call cost nothing', async () => {
    courier.says = () => unavailable('not just now');
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await eventually(async () => (await ledger.open())[0]?.tries === 1 && (await ledger.lanes())[0]!.leased === false);
    await expect(engine.deliveries.withdraw(A1, 'ana', 'no')).rejects.toMatchObject({ code: 'not-untried' });
  });
});

describe('Of a call nobody knows the end of, a person', () => {
  it('says that it happened: it is through under the partner’s name, and its lane goes on', async () => {
    await leftToPerson();
    await engine.deliveries.resolve(A1, { ...ANA, happened: true, reference: 'A1' });
    await isSettled();
    const { delivery, actions, intents } = (await engine.deliveries.read(A1))!;
    expect(delivery).toMatchObject({ state: 'delivered', reference: 'A1', reason: ANA.reason });
    expect(actions).toMatchObject([{ action: 'confirmed', by: 'ana' }]);
    expect(intents).toMatchObject([{ state: 'confirmed', cost: '7.50', idempotencyKey: 'key-100' }]);
    expect((await ledger.toldOf('delivery.delivered.v1'))[0]!.payload).toMatchObject({ actor: 'ana', reference: 'A1' });
    expect(partner.charges).toHaveLength(1);
    expect(await reserved()).toEqual(['7.50', '7.50']);
  });

  it('says that it did not: exactly one new call is made, and nobody knows of that one either until it is said', async () => {
    await leftToPerson();
    await engine.deliveries.resolve(A1, { ...ANA, happened: false });
    await eventually(async () => (await ledger.lanes())[0]!.waits_for === 'person' && courier.calls.length === 2);
    expect(await intentStates()).toEqual(['denied', 'unknown']);
    expect(await reserved()).toEqual(['7.50', '7.50']);
    expect((await engine.deliveries.read(A1))!.actions).toMatchObject([{ action: 'denied', reason: ANA.reason }]);
    courier.says = (charge) => delivered(charge());
    await engine.deliveries.resolve(A1, { ...ANA, happened: false });
    await isSettled();
    expect(await intentStates()).toEqual(['denied', 'denied', 'confirmed']);
  });

  it('cannot have it sent again in any other way', async () => {
    await leftToPerson();
    await refusalOf(engine.deliveries.retry(A1, 'ana'));
    await refusalOf(engine.deliveries.edit(A1, { body: {}, by: 'ana', reason: 'other' }));
    await refusalOf(engine.deliveries.skip(A1, 'ana', 'no matter'));
    const preview = await engine.redrives.preview(undefined, {});
    expect(preview).toMatchObject({ count: 0, unknown: 1 });
    const redrive = { filter: {}, reason: 'all', by: 'ana', perSecond: 10, expectedCount: 5 };
    await expect(engine.redrives.start(undefined, redrive)).rejects.toMatchObject({ code: 'nothing-to-redrive' });
    expect(courier.calls).toHaveLength(1);
  });

  it('may give it up: its lane goes on, and what it may have cost stays spent', async () => {
    await leftToPerson();
    await engine.deliveries.giveUp(A1, 'ana', 'not worth a call');
    await isSettled();
    expect(await intentStates()).toEqual(['given-up']);
    expect(await reserved()).toEqual(['7.50', '7.50']);
    expect(await ledger.settled()).toMatchObject([{ state: 'skipped', settled_by: 'ana' }, { state: 'delivered' }]);
  });

  it('counts them, and what is spent', async () => {
    courier.budget = { zone: 'America/Sao_Paulo', daily: '50.00' };
    await leftToPerson();
    expect(await engine.deliveries.unknown()).toMatchObject({ openIntents: 1, verifying: 0, person: 1 });
    expect(await engine.deliveries.spentToday()).toEqual([{ integrationId: '1', reserved: '7.50', cap: '50.00' }]);
    expect(await engine.deliveries.counts()).toMatchObject({ parked: 1 });
    expect((await engine.deliveries.failures(undefined, {}, 10)).items).toHaveLength(1);
  });
});

describe('A paid delivery', () => {
  it('whose effect is known is nobody’s to resolve', async () => {
    courier.says = () => refused('HTTP 422');
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    await refusalOf(engine.deliveries.resolve(A1, { ...ANA, happened: false }));
  });

  it('that is parked may be edited, and takes its permanent key along', async () => {
    courier.says = () => refused('HTTP 422');
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    courier.says = (charge) => delivered(charge());
    const position = await engine.deliveries.edit(A1, { body: { key: 'mended' }, by: 'ana', reason: 'a typo' });
    await isSettled();
    expect(partner.charges).toEqual([`key-${position}`]);
    await ledger.schedule(engine, [buy('a1')]);
    expect(await ledger.waiting()).toBe(0);
  });

  it('that is through is not edited into a second charge', async () => {
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await isSettled();
    await expect(engine.deliveries.edit(A1, { body: {}, by: 'ana', reason: 'again please' })).rejects.toMatchObject({
      code: 'only-once',
    });
    expect(partner.charges).toHaveLength(1);
  });
});
