import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { absent, ambiguous, delivered, present, refused, unavailable, unknown } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER } from '../test/ledger.js';
import { BUY, PaidPartner, PaidScript } from '../test/paid-partner.js';
import { movement } from '../test/scripted-planner.js';
import { NeverLeft, type DeliveryEngine, type PlannedDelivery } from './index.js';

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

/** An analysis asked for: its lane and its permanent key are one. */
const buy = (key: string, more: Partial<PlannedDelivery> = {}) =>
  movement(key, { key }, { operation: BUY, operationKey: key, cost: '7.50', ...more });

const stateOf = async (key = 'a1') => (await ledger.open()).find(({ lane }) => lane === key)?.state;
const settledOf = async (key = 'a1') => (await ledger.settled()).find(({ lane }) => lane === key);
const isSettled = () => eventually(async () => (await ledger.waiting()) === 0);
/** Somebody must say whether it happened. */
const waitsForPerson = () =>
  eventually(async () => (await stateOf()) === 'unknown' && (await ledger.lanes())[0]!.waits_for === 'person');
const intentStates = async () => (await ledger.intents()).map(({ state }) => state);

async function start(...deliveries: PlannedDelivery[]): Promise<void> {
  await ledger.schedule(engine, deliveries.length > 0 ? deliveries : [buy('a1')]);
  engine.start();
}

describe('A paid call', () => {
  it('is written down before it leaves, with its key and cost, and its delivery is unknown meanwhile', async () => {
    let seen: unknown;
    courier.says = async (charge) => {
      seen = [await ledger.intents(), await ledger.open()];
      return delivered(charge());
    };
    await start();
    await isSettled();
    const intent = { number: 1, state: 'open', key: 'key-100', cost: '7.50', replica: 'replica-1' };
    expect(seen).toMatchObject([[intent], [{ state: 'unknown', tries: 0 }]]);
    expect(await ledger.intents()).toMatchObject([{ state: 'confirmed' }]);
    expect(await settledOf()).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(partner.charges).toEqual(['key-100']);
  });

  it('that is refused is parked, and what was reserved for it is given back', async () => {
    courier.says = () => refused('HTTP 422');
    await start();
    await eventually(async () => (await stateOf()) === 'parked');
    expect(await intentStates()).toEqual(['refused']);
    expect((await ledger.spend()).map(({ reserved }) => reserved)).toEqual(['0.00', '0.00']);
  });

  it('that was answered as not made is made again, each time with an intent of its own', async () => {
    courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
    const answers = [unavailable('HTTP 429'), unavailable('connection refused')];
    courier.says = (charge) => answers.shift() ?? delivered(charge());
    await start();
    await isSettled();
    expect(await intentStates()).toEqual(['not-made', 'not-made', 'confirmed']);
    expect((await ledger.spend()).map(({ reserved }) => reserved)).toEqual(['7.50', '7.50']);
    expect(partner.charges).toHaveLength(1);
  });

  it('of our own failing before anything left is parked, and nothing is spent', async () => {
    courier.says = () => {
      throw new NeverLeft('before the first request', { cause: new TypeError('no document') });
    };
    await start();
    await eventually(async () => (await stateOf()) === 'parked');
    expect(await intentStates()).toEqual(['not-made']);
    expect(await ledger.open()).toMatchObject([{ reason: 'a mistake of ours: TypeError: no document' }]);
  });

  it('planned without its permanent key is parked as our bug, and not made', async () => {
    await start(buy('a1', { operationKey: undefined }));
    await eventually(async () => (await stateOf()) === 'parked');
    expect(await ledger.intents()).toEqual([]);
    expect(courier.calls).toEqual([]);
  });

  it('is claimed alone, before and behind others of its lane', async () => {
    const seen: number[] = [];
    courier.says = async (charge) => {
      seen.push((await ledger.lanes())[0]!.leased ? courier.calls.length : -1);
      return delivered(charge());
    };
    const lane = { lane: 'x' };
    await start(movement('x'), movement('x'), buy('a1', lane), buy('a2', lane), movement('x'));
    await isSettled();
    expect(courier.calls.map(({ operation }) => operation)).toEqual(['title.put', 'title.put', BUY, BUY, 'title.put']);
    // The two before it in one claim, and one for each of the rest.
    expect((await ledger.lanes())[0]!.epoch).toBe('4');
  });
});

describe('What is asked for again under its permanent key', () => {
  it('is not planned, by whatever event and however much later, and the reason names the first', async () => {
    ledger.planner.script = () => [buy('a1')];
    await ledger.take(engine, message(opened('T1')));
    await start(buy('a2'));
    await isSettled();
    const again = opened('T2');
    expect(await ledger.take(engine, message(again))).toMatchObject({ planned: 0 });
    const [why] = (await ledger.inbox()).filter(({ event_id: id }) => id === again.id);
    expect(why).toMatchObject({ reason_code: 'already-asked', reason: expect.stringMatching(/delivery 200$/) });
    expect(await ledger.toldOf('event.unplanned.v1')).toHaveLength(1);
    expect(partner.charges).toHaveLength(2);
  });

  it('in one plan is planned once, and beside another operation leaves that alone', async () => {
    await start(buy('a1'), buy('a1', { lane: 'other' }), movement('a1'));
    await isSettled();
    expect(partner.charges).toHaveLength(1);
    expect(await ledger.settled()).toHaveLength(2);
  });
});

describe('A call of which nobody knows whether it took effect', () => {
  it('is verified at once, and delivered where the partner has it', async () => {
    courier.says = (charge) => {
      charge();
      return unknown('no answer within 20 s');
    };
    await start();
    await isSettled();
    expect(await ledger.attempts()).toMatchObject([
      { number: 1, outcome: 'unknown', counted: true },
      { number: 2, outcome: 'verified present', counted: false },
    ]);
    expect(await settledOf()).toMatchObject({ state: 'delivered', attempts: 1, reason: 'verified' });
    expect((await ledger.toldOf('delivery.delivered.v1'))[0]!.payload).toMatchObject({ reference: 'A1' });
    expect(await intentStates()).toEqual(['confirmed']);
    expect(partner.charges).toHaveLength(1);
  });

  it('is an exception too, once something may have left', async () => {
    courier.says = (charge) => {
      charge();
      throw new TypeError('the answer has no id');
    };
    await start();
    await isSettled();
    expect((await ledger.attempts())[0]).toMatchObject({ outcome: 'exception' });
    expect(await settledOf()).toMatchObject({ state: 'delivered' });
    expect(partner.charges).toHaveLength(1);
  });

  it('absent is not believed before the partner must show it: 30 s later it is there', async () => {
    partner.readLagMs = 30_000;
    courier.says = (charge) => {
      charge();
      return unknown('connection reset');
    };
    await start();
    await eventually(() => courier.verified.length > 0);
    await eventually(async () => (await ledger.attempts()).length > 1 && (await ledger.lanes())[0]!.leased === false);
    expect(await stateOf()).toBe('unknown');
    for (let seconds = 0; seconds < 60 && (await ledger.waiting()) > 0; seconds += 4) await ledger.passTime(4_000);
    await isSettled();
    expect(await settledOf()).toMatchObject({ state: 'delivered' });
    expect(new Set((await ledger.attempts()).slice(1, -1).map(({ outcome }) => outcome))).toEqual(
      new Set(['verified absent']),
    );
    expect(partner.charges).toHaveLength(1);
  });

  it('absent after that is sent again under the same key, while the partner honours it', async () => {
    courier.rules = { settlesWithinMs: 60_000, idempotencyKeyForMs: 86_400_000 };
    partner.honoursMs = 86_400_000;
    const answers = [unknown('connection reset')];
    courier.says = (charge) => answers.shift() ?? delivered(charge());
    await start();
    await eventually(() => courier.verified.length > 0);
    expect(courier.calls).toHaveLength(1);
    await ledger.passTime(61_000);
    await isSettled();
    expect(await intentStates()).toEqual(['absent', 'confirmed']);
    expect((await ledger.intents()).map(({ key }) => key)).toEqual(['key-100', 'key-100']);
    expect(partner.charges).toEqual(['key-100']);
    expect((await ledger.spend()).map(({ reserved }) => reserved)).toEqual(['7.50', '7.50']);
  });

  it('absent after that is a person’s where the partner honours no key', async () => {
    courier.says = () => unknown('connection reset');
    await start();
    await eventually(() => courier.verified.length > 0);
    await ledger.passTime(61_000);
    await waitsForPerson();
    expect(await ledger.toldOf('delivery.parked.v1')).toHaveLength(1);
    expect(courier.calls).toHaveLength(1);
    expect(await intentStates()).toEqual(['unknown']);
  });

  it('absent is a person’s where the key has expired meanwhile', async () => {
    courier.rules = { settlesWithinMs: 90_000_000, idempotencyKeyForMs: 86_400_000 };
    courier.says = () => unknown('connection reset');
    await start();
    await eventually(() => courier.verified.length > 0);
    await ledger.passTime(25 * 3_600_000);
    await waitsForPerson();
    expect((await ledger.open())[0]!.reason).toMatch(/key has expired/);
    expect(courier.calls).toHaveLength(1);
  });

  it('found absent in time is a person’s all the same when the key expires before it can be sent again', async () => {
    courier.rules = { settlesWithinMs: 60_000, idempotencyKeyForMs: 86_400_000 };
    courier.says = () => unknown('connection reset');
    await ledger.schedule(engine, [buy('a1')]);
    const [endpoint] = await engine.endpoints.ofIntegration('1');
    courier.finds = async () => {
      // Whoever pauses it now lets the verification end, and no call be made.
      if (courier.verified.length > 1)
        await engine.endpoints.pause(endpoint!, { reason: 'operator', detail: 'a look', setBy: 'ana' });
      return absent();
    };
    engine.start();
    await eventually(() => courier.verified.length > 0);
    await ledger.passTime(61_000);
    await eventually(async () => (await stateOf()) === 'pending');
    await ledger.passTime(25 * 3_600_000);
    await engine.endpoints.resume(endpoint!, 'operator', 'ana');
    await waitsForPerson();
    expect(courier.calls).toHaveLength(1);
    expect((await ledger.open())[0]!.reason).toMatch(/key has expired/);
    await engine.deliveries.resolve('100', { by: 'ana', reason: 'not on the bill', happened: false });
    courier.says = (charge) => delivered(charge());
    await isSettled();
    expect(await intentStates()).toEqual(['denied', 'confirmed']);
    expect(partner.charges).toHaveLength(1);
  });

  it('that may be somebody else’s is a person’s', async () => {
    courier.says = () => unknown('HTTP 502');
    courier.finds = () => ambiguous('two analyses of this document today');
    await start();
    await waitsForPerson();
    expect((await ledger.open())[0]!.reason).toMatch(/two analyses of this document today/);
  });

  it('that nobody can verify is asked for again a few times, and then a person’s', async () => {
    courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
    courier.says = () => unknown('HTTP 502');
    courier.finds = () => unavailable('HTTP 503');
    await start();
    await waitsForPerson();
    expect(courier.verified).toHaveLength(3);
    expect((await ledger.attempts()).map(({ outcome }) => outcome)).toEqual([
      'unknown',
      ...Array.from({ length: 3 }, () => 'verified unavailable'),
    ]);
    expect(await ledger.open()).toMatchObject([{ attempts: 1 }]);
  });

  it('whose verification is a mistake of ours is a person’s', async () => {
    courier.says = () => unknown('HTTP 502');
    courier.finds = () => {
      throw new TypeError('no such field');
    };
    await start();
    await waitsForPerson();
    expect((await ledger.open())[0]!.reason).toMatch(/TypeError: no such field/);
  });

  it('holds its lane, whatever waits behind it', async () => {
    courier.says = () => unknown('HTTP 502');
    courier.finds = () => ambiguous('two of them');
    await start(buy('a1'), movement('a1'));
    await waitsForPerson();
    expect(courier.calls.map(({ operation }) => operation)).toEqual([BUY]);
    courier.finds = () => present('A9');
    await engine.deliveries.resolve('100', { by: 'ana', reason: 'seen', happened: true, reference: 'A9' });
    await isSettled();
    expect(courier.calls.map(({ operation }) => operation)).toEqual([BUY, 'title.put']);
  });
});
