import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { absent, delivered, refused, unavailable, unknown, type Outcome } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER, MovedClock } from '../test/ledger.js';
import { BUY, PaidPartner, PaidScript } from '../test/paid-partner.js';
import { movement } from '../test/scripted-planner.js';
import type { PlannedDelivery } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let partner: PaidPartner;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  partner = new PaidPartner(ledger.clock);
});
afterEach(async () => {
  for (const letGo of held.splice(0)) letGo();
  await ledger.close();
});
afterAll(() => database.drop());

/** Calls that hang when a test ends. */
const held: (() => void)[] = [];

const LEASE_MS = 7_000; // a deadline of 2 s and a margin of 5 s
const WINDOW_MS = 60_000;

const buy = (key: string, more: Partial<PlannedDelivery> = {}) =>
  movement(key, { key }, { operation: BUY, operationKey: key, cost: '10.00', ...more });
const intentStates = async () => (await ledger.intents()).map(({ state }) => state);
const outcomes = async () => (await ledger.attempts()).map(({ outcome, late }) => (late ? `late ${outcome}` : outcome));
const isSettled = () => eventually(async () => (await ledger.waiting()) === 0);
const waitsForPerson = () =>
  eventually(async () => (await ledger.lanes()).some(({ waits_for: waits }) => waits === 'person'));
const confirmed = async () => (await ledger.intents()).filter(({ state }) => state === 'confirmed').length;

/** A replica that stands still in the middle of its call until it is let go, and then answers so. */
async function stoppedReplica(answer: (charge: () => string) => Outcome, when: 'charged' | 'before' = 'charged') {
  const letGo = Promise.withResolvers<void>();
  held.push(letGo.resolve);
  const courier = new PaidScript(partner);
  courier.says = async (charge) => {
    let reference: string | undefined;
    if (when === 'charged') reference = charge();
    await letGo.promise;
    return answer(() => reference ?? charge());
  };
  const engine = await ledger.engine({ courier, lanesMax: 1 });
  return { engine, courier, letGo: letGo.resolve };
}

async function replica(with_: Partial<Pick<PaidScript, 'rules' | 'budget' | 'says' | 'finds' | 'limits'>> = {}) {
  const courier = Object.assign(new PaidScript(partner), with_);
  return { courier, engine: await ledger.engine({ courier }) };
}

/** The first replica is in its call when its lease ends. */
async function takenOver(stopped: Awaited<ReturnType<typeof stoppedReplica>>): Promise<void> {
  await ledger.schedule(stopped.engine, [buy('a1')]);
  stopped.engine.start();
  await eventually(() => stopped.courier.calls.length === 1);
  await ledger.passTime(LEASE_MS);
}

describe('Of two replicas', () => {
  it('one makes each call', async () => {
    const [one, other] = [await replica(), await replica()];
    const keys = Array.from({ length: 12 }, (_, n) => `a${n}`);
    one.engine.start();
    other.engine.start();
    await ledger.schedule(
      one.engine,
      keys.map((key) => buy(key)),
    );
    await isSettled();
    expect(new Set(partner.charges).size).toBe(12);
    expect(partner.charges).toHaveLength(12);
    expect(await confirmed()).toBe(12);
  });

  it('never more than the cap is spent together, and it is said once', async () => {
    const budget = { zone: 'America/Sao_Paulo', daily: '35.00' };
    const [one, other] = [await replica({ budget }), await replica({ budget })];
    const keys = Array.from({ length: 10 }, (_, n) => buy(`a${n}`));
    await ledger.schedule(one.engine, keys);
    one.engine.start();
    other.engine.start();
    await eventually(async () => (await ledger.toldOf('endpoint.paused.v1')).length > 0);
    await eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));
    expect(partner.charges).toHaveLength(3);
    expect((await ledger.spend()).map(({ reserved }) => reserved)).toEqual(['30.00', '30.00']);
    const [told, ...more] = await ledger.toldOf('endpoint.paused.v1');
    expect(more).toEqual([]);
    expect(told!.payload).toMatchObject({
      pauseReason: 'spend-cap',
      until: expect.stringMatching(/T03:00:00\.\d{3}Z/),
    });
    expect((await ledger.open()).every(({ attempts, tries }) => attempts === 0 && tries === 0)).toBe(true);
  });
});

describe('A budget that is spent', () => {
  const budget = { zone: 'America/Sao_Paulo', daily: '10.00', monthly: '1000.00' };

  it('lets the next day begin where the local day does', async () => {
    const { engine } = await replica({ budget });
    await ledger.schedule(engine, [buy('a1'), buy('a2')]);
    engine.start();
    await eventually(async () => (await engine.endpoints.standing()).length === 1);
    expect(partner.charges).toHaveLength(1);
    const [pause] = await engine.endpoints.standing();
    await ledger.passTime(pause!.until!.getTime() - ledger.clock.now().getTime() + 1_000);
    await isSettled();
    expect(partner.charges).toHaveLength(2);
    expect((await ledger.spend()).filter(({ period }) => period.length === 10)).toHaveLength(2);
  });

  it('goes on as soon as it is raised', async () => {
    const { engine, courier } = await replica({ budget });
    await ledger.schedule(engine, [buy('a1'), buy('a2')]);
    engine.start();
    await eventually(async () => (await engine.endpoints.standing()).length === 1);
    courier.budget = { ...budget, daily: '20.00' };
    const [pause] = await engine.endpoints.standing();
    await engine.endpoints.resume(pause!.endpointId, 'spend-cap', 'ana');
    await isSettled();
    expect(partner.charges).toHaveLength(2);
  });

  it('of the month stops until the next month, whatever the day has left', async () => {
    const { engine } = await replica({ budget: { zone: 'America/Sao_Paulo', monthly: '9.99' } });
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await eventually(async () => (await engine.endpoints.standing()).length === 1);
    expect(partner.charges).toEqual([]);
    expect((await engine.endpoints.standing())[0]!.until!.toISOString()).toMatch(/-01T03:00:00/);
    expect(await ledger.intents()).toEqual([]);
  });

  it('keeps nobody from finding out what became of a call', async () => {
    const { engine, courier } = await replica({ budget });
    courier.says = (charge) => {
      charge();
      return unknown('HTTP 502');
    };
    courier.finds = () => absent();
    await ledger.schedule(engine, [buy('a1'), buy('a2')]);
    engine.start();
    await eventually(async () => (await engine.endpoints.standing()).length === 1 && courier.verified.length > 0);
    courier.finds = (key) => partner.find(key);
    await ledger.passTime(WINDOW_MS / 2);
    await eventually(async () => (await ledger.settled()).length === 1);
    expect(partner.charges).toHaveLength(1);
    expect((await engine.endpoints.standing()).map(({ reason }) => reason)).toEqual(['spend-cap']);
  });

  it('does not hold what nothing caps', async () => {
    const { engine } = await replica({ budget: undefined });
    await ledger.schedule(engine, [buy('a1'), buy('a2')]);
    engine.start();
    await isSettled();
    expect(await ledger.spend()).toEqual([]);
    expect(partner.charges).toHaveLength(2);
  });
});

describe('Between the claim and the intent', () => {
  it('a pause set by another replica stops the call: its row is read, not the copy', async () => {
    const other = await ledger.engine();
    const { engine, courier } = await replica();
    let paused = false;
    const { budgetOf } = courier.paid;
    courier.paid.budgetOf = async (...of) => {
      if (!paused) {
        paused = true;
        const [endpoint] = await other.endpoints.ofIntegration('1');
        await other.endpoints.pause(endpoint!, { reason: 'operator', detail: 'wait', setBy: 'ana' });
      }
      return budgetOf(...of);
    };
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await eventually(async () => paused && (await ledger.lanes())[0]!.leased === false);
    expect(courier.calls).toEqual([]);
    expect(await ledger.intents()).toEqual([]);
    expect(await ledger.attempts()).toEqual([]);
    expect(await ledger.open()).toMatchObject([{ state: 'pending', attempts: 0, tries: 0 }]);
  });

  it('a lane that was lost is called by its new holder alone', async () => {
    const letGo = Promise.withResolvers<void>();
    held.push(letGo.resolve);
    const courier = new PaidScript(partner);
    const slow = { courier, engine: await ledger.engine({ courier, lanesMax: 1 }) };
    const { budgetOf } = slow.courier.paid;
    let asked = false;
    slow.courier.paid.budgetOf = async (...of) => {
      asked = true;
      await letGo.promise;
      return budgetOf(...of);
    };
    await ledger.schedule(slow.engine, [buy('a1')]);
    slow.engine.start();
    await eventually(() => asked);
    // Its own room is taken, so that it does not claim its lane again.
    await ledger.passTime(LEASE_MS);
    const next = await replica();
    next.engine.start();
    await isSettled();
    letGo.resolve();
    await slow.engine.stop();
    expect(partner.charges).toHaveLength(1);
    expect(slow.courier.calls.length + next.courier.calls.length).toBe(1);
    expect(await intentStates()).toEqual(['confirmed']);
  });

  it('a lease that is over by then leaves no call, and the intent says so', async () => {
    const clock = new MovedClock();
    const courier = new PaidScript(partner);
    const engine = await ledger.engine({ courier, clock });
    const { budgetOf } = courier.paid;
    let late = true;
    courier.paid.budgetOf = async (...of) => {
      if (late) clock.aheadMs += LEASE_MS;
      late = false;
      return budgetOf(...of);
    };
    await ledger.schedule(engine, [buy('a1')]);
    engine.start();
    await eventually(async () => (await intentStates()).includes('not-made'));
    await isSettled();
    expect(await intentStates()).toEqual(['not-made', 'confirmed']);
    expect(partner.charges).toHaveLength(1);
    expect(await ledger.settled()).toMatchObject([{ attempts: 1, tries: 2 }]);
  });

  it('a database that ends our session makes no call: no paid call without the ledger', async () => {
    const { engine, courier } = await replica();
    await ledger.schedule(engine, [buy('a1')]);
    const blocker = await ledger.pool.connect();
    await blocker.query('begin; lock table intent in share row exclusive mode');
    engine.start();
    const waiting = async () =>
      await ledger.rows<{ pid: number }>(
        `select pid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into intent%'`,
      );
    await eventually(async () => (await waiting()).length === 1);
    expect(courier.calls).toEqual([]);
    await ledger.rows('select pg_terminate_backend($1)', [(await waiting())[0]!.pid]);
    await blocker.query('commit');
    blocker.release();
    await isSettled();
    expect(partner.charges).toHaveLength(1);
    expect(await outcomes()).toEqual(['unavailable', 'delivered']);
    expect(ledger.troubles.length).toBeGreaterThan(0);
  });
});

describe('A call whose process was never heard of again', () => {
  it('is verified by who takes its lane over, and delivered where the partner has it', async () => {
    const stopped = await stoppedReplica((charge) => delivered(charge()));
    await takenOver(stopped);
    const next = await replica();
    next.engine.start();
    await isSettled();
    expect(next.courier.calls).toEqual([]);
    expect(await outcomes()).toEqual(['unknown', 'verified present']);
    expect(await intentStates()).toEqual(['confirmed']);
    stopped.letGo();
    await eventually(async () => (await outcomes()).includes('late delivered'));
    expect(partner.charges).toHaveLength(1);
    expect(await ledger.toldOf('delivery.delivered.v1')).toHaveLength(1);
  });

  it('absent is never sent again by itself, whatever key the partner honours: the stopped process may still send it', async () => {
    const rules = { settlesWithinMs: WINDOW_MS, idempotencyKeyForMs: 86_400_000 };
    const stopped = await stoppedReplica((charge) => delivered(charge()), 'before');
    await takenOver(stopped);
    const next = await replica({ rules });
    next.engine.start();
    await eventually(() => next.courier.verified.length > 0);
    await ledger.passTime(WINDOW_MS + 1_000);
    await waitsForPerson();
    expect(next.courier.calls).toEqual([]);
    expect(await intentStates()).toEqual(['lost']);
    // It wakes up and sends: one charge, and its word settles what was left to a person.
    stopped.letGo();
    await isSettled();
    expect(await intentStates()).toEqual(['confirmed']);
    expect(partner.charges).toHaveLength(1);
    expect(await outcomes()).toContain('late delivered');
    expect((await ledger.lanes())[0]).toMatchObject({ waits_for: null });
  });

  it('that says late it was never made is made then, once', async () => {
    const stopped = await stoppedReplica(() => unavailable('connection refused'), 'before');
    await takenOver(stopped);
    const next = await replica();
    next.engine.start();
    await eventually(async () => (await intentStates()).includes('lost'));
    stopped.letGo();
    await stopped.engine.stop();
    await ledger.passTime(WINDOW_MS);
    await isSettled();
    expect(await intentStates()).toEqual(['not-made', 'confirmed']);
    expect(partner.charges).toHaveLength(1);
  });

  it('that was refused says so late, and is parked', async () => {
    const stopped = await stoppedReplica(() => refused('HTTP 422'), 'before');
    await takenOver(stopped);
    const next = await replica();
    next.engine.start();
    await eventually(async () => (await intentStates()).includes('lost'));
    stopped.letGo();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    expect(await intentStates()).toEqual(['refused']);
    expect((await ledger.spend()).map(({ reserved }) => reserved)).toEqual(['0.00', '0.00']);
  });

  it('speaks late of a call a person denied: before the next one is begun it is believed', async () => {
    const stopped = await stoppedReplica((charge) => delivered(charge()), 'before');
    await takenOver(stopped);
    const next = await replica();
    next.engine.start();
    await eventually(() => next.courier.verified.length > 0);
    await ledger.passTime(WINDOW_MS + 1_000);
    await waitsForPerson();
    const [endpoint] = await next.engine.endpoints.ofIntegration('1');
    await next.engine.endpoints.pause(endpoint!, { reason: 'operator', detail: 'wait', setBy: 'ana' });
    await next.engine.deliveries.resolve('100', { by: 'ana', reason: 'not on the bill', happened: false });
    expect(await intentStates()).toEqual(['denied']);
    stopped.letGo();
    await isSettled();
    await next.engine.endpoints.resume(endpoint!, 'operator', 'ana');
    expect(await intentStates()).toEqual(['confirmed']);
    expect(partner.charges).toHaveLength(1);
    expect(next.courier.calls).toEqual([]);
  });

  it('speaks late while its successor verifies: the first word counts, and no second call is made', async () => {
    const rules = { settlesWithinMs: 0, idempotencyKeyForMs: 86_400_000 };
    const stopped = await stoppedReplica((charge) => delivered(charge()));
    const asked = Promise.withResolvers<void>();
    const mayAnswer = Promise.withResolvers<void>();
    held.push(mayAnswer.resolve);
    await takenOver(stopped);
    const next = await replica({
      rules,
      finds: async () => {
        asked.resolve();
        await mayAnswer.promise;
        return absent();
      },
    });
    next.engine.start();
    await asked.promise;
    stopped.letGo();
    await isSettled();
    mayAnswer.resolve();
    await eventually(async () => (await outcomes()).includes('verified absent'));
    expect(await intentStates()).toEqual(['confirmed']);
    expect(partner.charges).toHaveLength(1);
    expect(await ledger.toldOf('delivery.delivered.v1')).toHaveLength(1);
  });
});

describe('Through an open breaker', () => {
  async function withOpenBreaker(answersCheck: boolean, ...deliveries: PlannedDelivery[]) {
    const courier = new PaidScript(partner);
    courier.answersCheck = answersCheck;
    const engine = await ledger.engine({ courier, firstProbeMs: 0 });
    await ledger.schedule(engine, deliveries);
    const [endpoint] = await engine.endpoints.ofIntegration('1');
    await engine.endpoints.pause(endpoint!, { reason: 'breaker', detail: 'three failures', setBy: 'replica' });
    engine.start();
    return { courier, engine };
  }

  it('no paid call probes: the connection test does, and then the paid calls go', async () => {
    const { courier, engine } = await withOpenBreaker(true, buy('a1'), buy('a2'));
    await isSettled();
    expect(courier.checks).toEqual(['default']);
    expect(courier.calls.every(({ probe }) => !probe)).toBe(true);
    expect(await engine.endpoints.standing()).toEqual([]);
    expect(courier.resumedEndpoints.length).toBeGreaterThan(0);
  });

  it('a partner that does not answer the test is asked again later, and called by nothing', async () => {
    const { courier, engine } = await withOpenBreaker(false, buy('a1'));
    await eventually(() => courier.checks.length > 2);
    expect(courier.calls).toEqual([]);
    expect((await engine.endpoints.standing()).map(({ reason }) => reason)).toEqual(['breaker']);
  });

  it('what may be repeated probes before any test', async () => {
    const { courier } = await withOpenBreaker(true, buy('a1'), movement('title'));
    await isSettled();
    expect(courier.checks).toEqual([]);
    expect(courier.calls.find(({ probe }) => probe)).toMatchObject({ operation: 'title.put' });
  });
});

it('An endpoint that is exempt goes on without a ramp', async () => {
  const { engine } = await replica();
  await ledger.schedule(engine, [buy('a0')]);
  await ledger.rows('update endpoint set exempt = true');
  const [endpoint] = await engine.endpoints.ofIntegration('1');
  await engine.endpoints.pause(endpoint!, { reason: 'operator', detail: 'wait', setBy: 'ana' });
  await engine.endpoints.resume(endpoint!, 'operator', 'ana');
  expect(await ledger.rows('select ramp_from from endpoint')).toEqual([{ ramp_from: null }]);
});
