import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, unavailable, unknown, type Outcome } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { ScriptedCourier } from '../test/scripted-courier.js';
import { movement } from '../test/scripted-planner.js';
import { LaneClaimer } from './claim.js';
import type { DeliveryEngine, PauseReason } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;
let endpointId: string;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  engine = await ledger.engine();
  await ledger.schedule(engine, [movement('first', { n: 0 })]);
  [endpointId] = (await engine.endpoints.ofIntegration('1')) as [string];
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

const pause = (reason: PauseReason, until?: Date) =>
  engine.endpoints.pause(endpointId, { reason, detail: `because of ${reason}`, setBy: 'test', until });
const lanesOf = (count: number) => Array.from({ length: count }, (_, n) => movement(`title-${n}`, { n: n + 1 }));
const spent = async () => (await ledger.open()).reduce((sum, { attempts }) => sum + attempts, 0);

/** A partner that is down until it is not; the breaker of whoever meets it opens at the third failure in a row. */
function partner(owner: () => DeliveryEngine) {
  const world = { down: true, failures: 0, opened: false };
  const courier = new ScriptedCourier(async ({ endpointId: id }, { probe }): Promise<Outcome> => {
    if (!world.down) return delivered();
    world.failures += 1;
    if (world.failures >= 3 && !probe) {
      world.opened = true;
      await owner().endpoints.pause(id, { reason: 'breaker', detail: 'three failures in a row', setBy: 'replica' });
    }
    return unavailable('HTTP 503');
  });
  courier.limits = { attempts: 3, deadlineMs: 2_000, waitsMs: [0] };
  return { world, courier };
}

describe('While an endpoint is paused', () => {
  it.each<PauseReason>(['breaker', 'rate-limit', 'credential', 'spend-cap', 'maintenance', 'off', 'operator'])(
    'by %s, nothing is claimed and the attempts stay as they are',
    async (reason) => {
      await pause(reason, new Date(Date.now() + 60_000));
      engine.start();
      await ledger.schedule(engine, [movement('other', { n: 1 })], '2');
      await eventually(async () => (await ledger.settled()).length === 1);
      expect(ledger.courier.calls).toHaveLength(1);
      expect(await ledger.open()).toMatchObject([{ lane: 'first', attempts: 0, tries: 0 }]);
      expect(await ledger.lanes()).toMatchObject([{ key: 'first', epoch: '0' }, { key: 'other' }]);
    },
  );

  it('a claim in hand goes back unsent, without an attempt', async () => {
    ledger.courier.script = async ({ body }) => {
      if ((body as { n: number }).n === 1) await pause('operator');
      return delivered();
    };
    await ledger.schedule(
      engine,
      [1, 2, 3].map((n) => movement('title', { n })),
    );
    engine.start();
    await eventually(
      async () => (await ledger.lanes()).every(({ leased }) => !leased) && (await ledger.waiting()) === 2,
    );
    expect(await ledger.open()).toMatchObject([
      { attempts: 0, tries: 0 },
      { attempts: 0, tries: 0 },
    ]);
    expect((await ledger.attempts()).filter(({ outcome }) => outcome !== 'delivered')).toEqual([]);
  });

  it('a pause another replica has set stops this one within a quarter of a second', async () => {
    const next = await ledger.engine();
    const second = Promise.withResolvers<void>();
    ledger.courier.script = async ({ body }) => {
      if ((body as { n: number }).n === 1) await second.promise;
      return delivered();
    };
    await ledger.schedule(
      engine,
      [1, 2].map((n) => movement('title', { n })),
    );
    engine.start();
    await eventually(() => ledger.courier.calls.some(({ body }) => (body as { n: number }).n === 1));
    await next.endpoints.pause(endpointId, { reason: 'operator', detail: 'by hand', setBy: 'rui' });
    await eventually(() => engine.endpoints.isPaused(endpointId), { withinMs: 2_000 });
    second.resolve();
    await eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));
    expect(await ledger.waiting()).toBe(1);
  });

  it('is said once that it stopped, by whom and why, and once that it goes on', async () => {
    await Promise.all([pause('credential'), pause('credential'), pause('operator')]);
    await pause('credential');
    await engine.endpoints.resume(endpointId, 'credential', 'rui');
    await engine.endpoints.resume(endpointId, 'credential', 'rui');
    const told = await ledger.toldOf('endpoint.paused.v1');
    expect(told.map(({ payload }) => payload.pauseReason).toSorted()).toEqual(['credential', 'operator']);
    expect(await ledger.toldOf('endpoint.resumed.v1')).toMatchObject([
      { payload: { pauseReason: 'credential', standing: ['operator'], actor: 'rui', operationGroup: 'default' } },
    ]);
    expect(await engine.endpoints.standing()).toMatchObject([{ reason: 'operator', detail: 'because of operator' }]);
  });
});

describe('An outage', () => {
  it('with many waiting spends no attempts beyond the calls that opened the breaker', async () => {
    const { world, courier } = partner(() => engine);
    engine = await ledger.engine({ courier, firstProbeMs: 60_000 });
    await engine.endpoints.limit('1', 4);
    await ledger.schedule(engine, lanesOf(200));
    engine.start();
    await eventually(() => world.opened);
    await eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));
    const calls = courier.calls.length;
    expect(calls).toBeLessThanOrEqual(3 + 4);
    expect(await spent()).toBeLessThanOrEqual(calls);
    expect((await ledger.open()).filter(({ state }) => state !== 'pending')).toEqual([]);
    await ledger.passTime(30_000);
    engine.stir();
    expect(courier.calls).toHaveLength(calls);
  });

  it('is probed by one replica at a time, on one lane, without an attempt, less and less often', async () => {
    const { world, courier } = partner(() => engine);
    world.failures = 3;
    const engines = await Promise.all([1, 2, 3].map(() => ledger.engine({ courier, firstProbeMs: 5_000 })));
    await ledger.schedule(engine, lanesOf(20));
    await pause('breaker');
    for (const each of engines) each.start();
    const probeIsIn = async () => (await engine.endpoints.standing())[0]!.probeAt!.getTime() - Date.now();
    for (const [at, nextMs] of [10_000, 20_000, 40_000].entries()) {
      await ledger.passTime((await probeIsIn()) + 100);
      await eventually(() => courier.calls.length === at + 1);
      await eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));
      expect(await probeIsIn()).toBeGreaterThan(nextMs - 5_000);
      expect(await probeIsIn()).toBeLessThanOrEqual(nextMs * 1.25);
    }
    expect(courier.calls.map(({ probe }) => probe)).toEqual([true, true, true]);
    expect(await spent()).toBe(0);
    expect((await ledger.attempts()).map(({ counted }) => counted)).toEqual([false, false, false]);
  });

  it('ends when the probe is answered: the pause is gone for all, and 1, 2, 4 … go in each second', async () => {
    const { world, courier } = partner(() => engine);
    world.failures = 3;
    const engines = await Promise.all([1, 2].map(() => ledger.engine({ courier })));
    await ledger.schedule(engine, lanesOf(40));
    await pause('breaker');
    world.down = false;
    await ledger.passTime(7_000);
    for (const each of engines) each.start();
    await eventually(() => courier.calls.length === 2);
    expect(courier.calls.map(({ probe }) => probe)).toEqual([true, false]);
    expect(await engine.endpoints.standing()).toEqual([]);
    for (const more of [2, 4, 8]) {
      const before = courier.calls.length;
      await ledger.rows('update endpoint set ramp_from = ramp_from - make_interval(secs => 1)');
      await eventually(() => courier.calls.length >= before + more);
    }
    await ledger.passTime(10_000);
    await eventually(async () => (await ledger.waiting()) === 0);
  });

  it('never lets more through than the ramp allows, whatever the number of replicas', async () => {
    const { world, courier } = partner(() => engine);
    world.down = false;
    const engines = await Promise.all([1, 2, 3].map(() => ledger.engine({ courier })));
    await ledger.schedule(engine, lanesOf(40));
    await pause('credential');
    await engine.endpoints.resume(endpointId, 'credential', 'rui');
    const startedAt = performance.now();
    for (const each of engines) each.start();
    await eventually(() => courier.calls.length >= 3);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(courier.calls.length).toBeLessThanOrEqual(2 ** (Math.floor(seconds) + 2));
    expect(seconds).toBeGreaterThan(0.5);
    await ledger.passTime(10_000);
    await eventually(async () => (await ledger.waiting()) === 0);
  });

  it('lets one delivery go where the ramp lets one go, however many wait on its lane', async () => {
    const { world, courier } = partner(() => engine);
    world.down = false;
    const ramping = await ledger.engine({ courier });
    await ledger.schedule(
      engine,
      [1, 2, 3].map((n) => movement('first', { n })),
    );
    await pause('credential');
    await engine.endpoints.resume(endpointId, 'credential', 'rui');
    // Its first second lasts.
    await ledger.rows(`update endpoint set ramp_from = now() + interval '1 hour'`);
    ramping.start();
    await eventually(async () => (await ledger.settled()).length >= 1);
    await eventually(async () => (await ledger.lanes()).every(({ leased }) => !leased));
    expect(courier.calls).toHaveLength(1);
    await ledger.rows('update endpoint set ramp_from = null');
    await eventually(async () => (await ledger.waiting()) === 0);
  });

  it('in which the probe dies with its process is probed again by another', async () => {
    const hang = Promise.withResolvers<void>();
    const stopped = new ScriptedCourier(async () => {
      await hang.promise;
      return unknown('too late');
    });
    const dying = await ledger.engine({ courier: stopped, lanesMax: 1 });
    await pause('breaker');
    await ledger.passTime(7_000);
    dying.start();
    await eventually(() => stopped.calls.length === 1);
    const next = await ledger.engine();
    next.start();
    await ledger.passTime(20_000);
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(ledger.courier.calls).toMatchObject([{ probe: true }]);
    hang.resolve();
  });

  it('is not probed while another reason stands', async () => {
    await pause('breaker');
    await pause('operator');
    engine.start();
    await ledger.passTime(600_000);
    await ledger.schedule(engine, [movement('other', { n: 1 })], '2');
    await eventually(async () => (await ledger.settled()).length === 1);
    expect(ledger.courier.calls).toHaveLength(1);
    await engine.endpoints.resume(endpointId, 'operator', 'rui');
    engine.stir();
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(ledger.courier.calls).toMatchObject([{}, { probe: true }]);
  });

  it('is not probed by one who looked before another reason came', async () => {
    await pause('breaker');
    await ledger.passTime(600_000);
    const due = { endpointId, integrationId: '1', ownerKey: '/erp/demo|1', priorities: [0] };
    const { limits, operations } = ledger.courier;
    const wish = { room: 1, limits, operations, leaseMs: 60_000, perLane: 1 };
    const claimer = new LaneClaimer(ledger.pool, ledger.clock);
    await pause('operator');
    expect(await claimer.claimProbe(due, wish, 1_000)).toEqual({ claims: [] });
    await engine.endpoints.resume(endpointId, 'operator', 'rui');
    expect(await claimer.claimProbe(due, wish, 1_000)).toMatchObject({ claims: [{ probe: 1, laneKey: 'first' }] });
    expect(await claimer.claimProbe(due, wish, 1_000)).toEqual({ claims: [] });
  });

  it('met by a probe that times out costs nothing: what is unknown of an endpoint says nothing of the delivery', async () => {
    ledger.courier.script = () => unknown('no answer');
    engine = await ledger.engine({ firstProbeMs: 1_000 });
    await pause('breaker');
    engine.start();
    const fourProbes = async () => {
      if ((await ledger.attempts()).length >= 4) return true;
      await ledger.passTime(80_000);
      return false;
    };
    await eventually(fourProbes, { withinMs: 30_000, everyMs: 500 });
    await engine.stop();
    const tries = (await ledger.attempts()).length;
    expect(await ledger.open()).toMatchObject([{ state: 'pending', attempts: 0, tries }]);
  });

  it('met by a probe that is refused is over: the partner answers', async () => {
    ledger.courier.script = () => refused('HTTP 422');
    await pause('breaker');
    await ledger.passTime(7_000);
    engine.start();
    await eventually(async () => (await ledger.open())[0]!.state === 'parked');
    expect(await engine.endpoints.standing()).toEqual([]);
    expect(ledger.courier.resumedEndpoints).toEqual([endpointId]);
  });
});

describe('A pause the partner asks for', () => {
  const limited = (until?: Date) =>
    unavailable('HTTP 429', { pause: { reason: 'rate-limit', until, detail: 'too many calls' } });

  it('holds until then, costs no attempt, and ends by itself', async () => {
    const answers = [limited(new Date(Date.now() + 30_000))];
    ledger.courier.script = () => answers.shift() ?? delivered();
    engine.start();
    await eventually(async () => (await ledger.open())[0]?.tries === 1);
    expect(await ledger.open()).toMatchObject([{ attempts: 0, tries: 1 }]);
    expect(await engine.endpoints.standing()).toMatchObject([{ reason: 'rate-limit', until: expect.any(Date) }]);
    await ledger.passTime(25_000);
    expect(ledger.courier.calls).toHaveLength(1);
    await ledger.passTime(6_000);
    await eventually(async () => (await ledger.waiting()) === 0);
    expect(await ledger.toldOf('endpoint.resumed.v1')).toMatchObject([{ payload: { pauseReason: 'rate-limit' } }]);
  });

  it.each([
    ['names no end', undefined],
    ['has ended already', new Date(Date.now() - 60_000)],
  ])('that %s is believed for a while: it is not asked again at once', async (_, until) => {
    ledger.courier.script = () => limited(until);
    engine.start();
    await eventually(async () => (await ledger.attempts()).length === 1);
    const [standing] = await engine.endpoints.standing();
    expect(standing!.until!.getTime() - Date.now()).toBeGreaterThan(0);
    expect(standing!.until!.getTime() - Date.now()).toBeLessThan(61_000);
  });

  it('that is longer than the one that stands replaces it, a shorter one does not', async () => {
    const endsIn = async () => (await engine.endpoints.standing())[0]!.until!.getTime() - Date.now();
    await pause('rate-limit', new Date(Date.now() + 60_000));
    await pause('rate-limit', new Date(Date.now() + 10_000));
    expect(await endsIn()).toBeGreaterThan(50_000);
    await pause('rate-limit', new Date(Date.now() + 120_000));
    expect(await endsIn()).toBeGreaterThan(110_000);
  });

  it('with words no database takes is set all the same', async () => {
    ledger.courier.script = () =>
      unavailable('HTTP 401', { pause: { reason: 'credential', detail: 'user \0 unknown \ud800' } });
    engine.start();
    await eventually(async () => (await engine.endpoints.standing()).length === 1);
    await eventually(async () => (await ledger.attempts()).length === 1);
    expect(ledger.courier.calls).toHaveLength(1);
  });

  it('for its credentials stands until somebody clears it', async () => {
    const answers = [unavailable('HTTP 401', { pause: { reason: 'credential', detail: 'wrong password' } })];
    ledger.courier.script = () => answers.shift() ?? delivered();
    engine.start();
    await eventually(async () => (await engine.endpoints.standing()).length === 1);
    await ledger.passTime(30 * 86_400_000);
    expect(await engine.endpoints.endPauses()).toEqual([]);
    await engine.endpoints.resume(endpointId, 'credential', 'rui');
    engine.stir();
    await eventually(async () => (await ledger.waiting()) === 0);
  });
});

describe('An operator’s pause', () => {
  it('never ends by itself, even where an end was asked for', async () => {
    await pause('operator', new Date(Date.now() + 1_000));
    await ledger.passTime(30 * 86_400_000);
    await engine.endpoints.endPauses();
    expect(await engine.endpoints.standing()).toMatchObject([{ reason: 'operator' }]);
  });

  it('of an integration without endpoints yet can be set as soon as they are made', async () => {
    const engines = await engine.endpoints.ofIntegration('7');
    expect(engines).toEqual([]);
  });
});

it('Pausing, resuming, ending and probing at once never wait for each other in a ring', async () => {
  engine = await ledger.engine({ firstProbeMs: 0 });
  ledger.courier.script = () => unavailable('HTTP 503');
  await ledger.schedule(engine, lanesOf(5));
  await pause('breaker');
  engine.start();
  const soon = () => new Date(Date.now() + 1);
  for (let turn = 0; turn < 25; turn += 1) {
    await Promise.all([
      pause('breaker'),
      engine.endpoints.resume(endpointId, 'breaker', 'probe'),
      pause('rate-limit', soon()),
      engine.endpoints.resume(endpointId, 'rate-limit', 'rui'),
      engine.endpoints.endPauses(),
    ]);
    await ledger.rows('update endpoint_pause set probe_at = now() where probe_at is not null');
    await ledger.rows('update endpoint_pause set until = now() where until is not null');
  }
  expect(ledger.troubles.map(({ message }) => message)).toEqual([]);
});
