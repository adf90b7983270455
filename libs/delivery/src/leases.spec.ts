import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER, MovedClock } from '../test/ledger.js';
import { ScriptedCourier } from '../test/scripted-courier.js';
import { movement } from '../test/scripted-planner.js';

let database: PrivateDatabase;
let ledger: Ledger;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
});
afterEach(async () => {
  for (const letGo of held.splice(0)) letGo();
  await ledger.close();
});
afterAll(() => database.drop());

/** Calls that hang when a test ends. */
const held: (() => void)[] = [];

const LEASE_MS = 7_000; // a deadline of 2 s and a margin of 5 s
const numbers = (courier: ScriptedCourier) => courier.calls.map(({ body }) => (body as { n: number }).n);
const three = [1, 2, 3].map((n) => movement('title', { n }));

/** A process that claims one lane and then stands still: it has no room to claim its own lane again. */
const STANDING_STILL = { lanesMax: 1 };

/** A courier whose calls do not come back before they are let. */
function stoppedCourier() {
  const letGo = Promise.withResolvers<void>();
  held.push(letGo.resolve);
  const courier = new ScriptedCourier(async () => {
    await letGo.promise;
    return delivered('late');
  });
  return { courier, letGo: letGo.resolve };
}

describe('A holder that stopped', () => {
  it('loses its lane when the lease is over; the lost try is on record as unknown and counts', async () => {
    const { courier, letGo } = stoppedCourier();
    const stopped = await ledger.engine({ courier, ...STANDING_STILL });
    await ledger.schedule(stopped, three);
    stopped.start();
    await eventually(() => courier.calls.length === 1);
    await ledger.passTime(LEASE_MS);
    const next = await ledger.engine();
    next.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(numbers(ledger.courier)).toEqual([1, 2, 3]);
    expect(await ledger.settled()).toMatchObject([{ attempts: 2, tries: 2 }, { attempts: 1 }, { attempts: 1 }]);
    expect((await ledger.attempts()).slice(0, 2)).toMatchObject([
      { number: 1, outcome: 'unknown', counted: true, replica: 'replica-2' },
      { number: 2, outcome: 'delivered' },
    ]);
    letGo();
  });

  it('and wakes up late leaves its result as evidence, tells nothing and calls nothing more', async () => {
    const { courier, letGo } = stoppedCourier();
    const stopped = await ledger.engine({ courier, ...STANDING_STILL });
    await ledger.schedule(stopped, three);
    stopped.start();
    await eventually(() => courier.calls.length === 1);
    await ledger.passTime(LEASE_MS);
    const next = await ledger.engine();
    next.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    letGo();
    await eventually(async () => (await ledger.attempts()).some(({ late }) => late));
    const late = (await ledger.attempts()).filter((attempt) => attempt.late);
    expect(late).toMatchObject([{ number: 1, outcome: 'delivered', counted: false, replica: 'replica-1' }]);
    expect(numbers(courier)).toEqual([1]);
    expect(await ledger.toldOf('delivery.delivered.v1')).toHaveLength(3);
  });

  it('and wakes up while the next holder calls does not disturb it', async () => {
    const first = stoppedCourier();
    const second = stoppedCourier();
    const stopped = await ledger.engine({ courier: first.courier, ...STANDING_STILL });
    await ledger.schedule(stopped, three);
    stopped.start();
    await eventually(() => first.courier.calls.length === 1);
    await ledger.passTime(LEASE_MS);
    const next = await ledger.engine({ courier: second.courier });
    next.start();
    await eventually(() => second.courier.calls.length === 1);
    first.letGo();
    await eventually(async () => (await ledger.attempts()).some(({ late }) => late));
    expect(await ledger.lanes()).toMatchObject([{ leased: true, epoch: '2' }]);
    expect(await ledger.waiting()).toBe(3);
    second.letGo();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(numbers(second.courier)).toEqual([1, 2, 3]);
  });

  it('by a delivery that kills whoever sends it has it parked in the end', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      const { courier } = stoppedCourier();
      const engine = await ledger.engine({ courier, ...STANDING_STILL });
      if (turn === 0) await ledger.schedule(engine, three);
      engine.start();
      await eventually(() => courier.calls.length === 1);
      await ledger.passTime(LEASE_MS);
    }
    const last = await ledger.engine();
    last.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    expect(ledger.courier.calls).toEqual([]);
    expect(await ledger.open()).toMatchObject([{ attempts: 3, state: 'parked' }, { attempts: 0 }, { attempts: 0 }]);
  });

  it('before its lease is over keeps its lane', async () => {
    const { courier, letGo } = stoppedCourier();
    const stopped = await ledger.engine({ courier, ...STANDING_STILL });
    await ledger.schedule(stopped, three);
    stopped.start();
    await eventually(() => courier.calls.length === 1);
    await ledger.passTime(LEASE_MS - 5_000);
    const next = await ledger.engine();
    next.start();
    await ledger.schedule(next, [movement('other', { n: 9 })]);
    await eventually(async () => (await ledger.settled()).length === 1);
    expect(numbers(ledger.courier)).toEqual([9]);
    letGo();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(numbers(courier)).toEqual([1, 2, 3]);
  });
});

describe('A holder', () => {
  it('whose clock ran on during a call has its lease renewed before the next', async () => {
    const clock = new MovedClock();
    const courier = new ScriptedCourier(() => {
      clock.aheadMs += LEASE_MS - 1_000;
      return delivered();
    });
    const engine = await ledger.engine({ courier, clock });
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(numbers(courier)).toEqual([1, 2, 3]);
    expect((await ledger.lanes())[0]!.epoch).toBe('1');
  });

  it('whose calls are quick keeps the lease it has, and its lane is written once when it is claimed', async () => {
    const leases: string[] = [];
    const courier = new ScriptedCourier(async () => {
      const [lane] = await ledger.rows<{ until: string }>('select lease_until::text as until from lane');
      leases.push(lane!.until);
      return delivered();
    });
    const engine = await ledger.engine({ courier });
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(leases).toEqual([leases[0], leases[0], leases[0]]);
  });

  it('whose lease does not outlast a call does not make it: it hands the lane back without an attempt', async () => {
    const engine = await ledger.engine({ leaseMarginMs: -1 });
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => Number((await ledger.lanes())[0]!.epoch) > 1);
    await engine.stop();
    expect(ledger.courier.calls).toEqual([]);
    expect(await ledger.attempts()).toEqual([]);
    expect(await ledger.open()).toMatchObject([{ attempts: 0, tries: 0 }, {}, {}]);
    expect(await ledger.lanes()).toMatchObject([{ leased: false, waits_for: 'nothing' }]);
  });

  it('that stops lets its call end, settles it and hands back what it has not sent, without an attempt', async () => {
    const { courier, letGo } = stoppedCourier();
    const engine = await ledger.engine({ courier });
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(() => courier.calls.length === 1);
    const stopping = engine.stop();
    letGo();
    await stopping;
    expect(numbers(courier)).toEqual([1]);
    expect(await ledger.settled()).toHaveLength(1);
    expect(await ledger.open()).toMatchObject([
      { attempts: 0, tries: 0 },
      { attempts: 0, tries: 0 },
    ]);
    expect(await ledger.lanes()).toMatchObject([{ leased: false, waits_for: 'nothing' }]);
  });

  it('whose first of several is not delivered sends the rest back unsent', async () => {
    ledger.courier.script = () => refused('HTTP 422');
    const engine = await ledger.engine();
    await ledger.schedule(engine, three);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    expect(numbers(ledger.courier)).toEqual([1]);
    expect(await ledger.open()).toMatchObject([{ tries: 1 }, { tries: 0 }, { tries: 0 }]);
  });
});
