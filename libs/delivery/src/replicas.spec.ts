import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { delivered, unavailable, unknown, type Outcome } from '#libs/contracts';
import { SystemClock } from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { ScriptedCourier } from '../test/scripted-courier.js';
import { movement } from '../test/scripted-planner.js';

let database: PrivateDatabase;
let ledger: Ledger;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
afterAll(() => database.drop());

/** What one call does: most are answered, some slowly, some not at all, some are refused for a while. */
type Turn = 'answers' | 'answers slowly' | 'is unavailable' | 'is unknown' | 'hangs beyond its lease';

const clock = new SystemClock();
const DEADLINE_MS = 250;
const LEASE_MARGIN_MS = 150;

async function take(turn: Turn): Promise<Outcome> {
  switch (turn) {
    case 'answers':
      return delivered();
    case 'answers slowly':
      await clock.sleep(10);
      return delivered();
    case 'is unavailable':
      return unavailable('HTTP 503');
    case 'is unknown':
      await clock.sleep(5);
      return unknown('reset');
    case 'hangs beyond its lease':
      await clock.sleep(DEADLINE_MS + LEASE_MARGIN_MS + 100);
      return unknown('the socket was destroyed');
  }
}

const turns = fc.constantFrom<Turn[]>(
  'answers',
  'answers',
  'answers',
  'answers slowly',
  'is unavailable',
  'is unknown',
);
const workload = fc.record({
  lanes: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 40, maxLength: 90 }),
  turns: fc.array(turns, { minLength: 20, maxLength: 40 }),
  hangsAt: fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 2 }),
  replicas: fc.array(fc.record({ lanesMax: fc.integer({ min: 1, max: 5 }), perLane: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 2,
    maxLength: 3,
  }),
});

it('Replicas with a slow and failing partner deliver every lane in order, each delivery once', async () => {
  await fc.assert(
    fc.asyncProperty(workload, async (wish) => {
      ledger = await Ledger.open(database);
      try {
        await deliverAll(wish);
      } finally {
        await ledger.close();
      }
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

async function deliverAll({
  lanes,
  turns,
  hangsAt,
  replicas,
}: typeof workload extends fc.Arbitrary<infer T> ? T : never) {
  let count = 0;
  const courier = new ScriptedCourier(() => {
    const at = count++;
    return take(hangsAt.includes(at) ? 'hangs beyond its lease' : turns[at % turns.length]!);
  });
  courier.limits = { attempts: 1_000, deadlineMs: DEADLINE_MS, waitsMs: [0] };
  const engines = await Promise.all(
    replicas.map((wish) => ledger.engine({ courier, leaseMarginMs: LEASE_MARGIN_MS, ...wish })),
  );
  const half = Math.floor(lanes.length / 2);
  await ledger.schedule(
    engines[0]!,
    lanes.slice(0, half).map((lane) => movement(`lane-${lane}`)),
  );
  for (const engine of engines) engine.start();
  for (const lane of lanes.slice(half)) await ledger.schedule(engines[0]!, [movement(`lane-${lane}`)]);
  await eventually(async () => (await ledger.waiting()) === 0, { withinMs: 20_000 });
  await Promise.all(engines.map((engine) => engine.stop()));
  expectOnceInOrder(courier);
}

/** Of each lane, the successes rise by position and no position succeeds twice. */
function expectOnceInOrder({ calls }: ScriptedCourier): void {
  const successes = calls.filter(({ outcome }) => outcome?.kind === 'delivered');
  for (const [, ofLane] of Map.groupBy(successes, ({ lane }) => lane)) {
    const positions = ofLane.map(({ position }) => position);
    expect(positions).toEqual([...new Set(positions)].toSorted((one, other) => (one < other ? -1 : 1)));
  }
}

describe('Between companies', () => {
  beforeEach(async () => {
    ledger = await Ledger.open(database);
  });
  afterEach(() => ledger.close());

  it('one with 10,000 deliveries due does not delay one with five', async () => {
    const engine = await ledger.engine({ lanesMax: 8 });
    const noisy = Array.from({ length: 10_000 }, (_, n) => movement(`noisy-${n}`, { company: 1 }));
    await ledger.schedule(engine, noisy);
    const quiet = Array.from({ length: 5 }, (_, n) => movement(`quiet-${n}`, { company: 2 }));
    await ledger.schedule(engine, quiet, '11');
    engine.start();
    const isQuiet = ({ body }: { body: unknown }) => (body as { company: number }).company === 2;
    await eventually(() => ledger.courier.calls.filter(isQuiet).length === 5);
    await engine.stop();
    expect(ledger.courier.calls.findLastIndex(isQuiet)).toBeLessThan(40);
  });

  it.each([1, 4])(
    'one with many integrations gets no more turns than one with one, %d lanes at once',
    async (lanesMax) => {
      const engine = await ledger.engine({ lanesMax });
      const many = (company: number) => Array.from({ length: 60 }, (_, n) => movement(`title-${n}`, { company }));
      for (const integrationId of ['1', '2', '3', '4', '5', '6', '7', '8'])
        await ledger.schedule(engine, many(1), integrationId);
      await ledger.schedule(engine, many(2), '11');
      engine.start();
      await eventually(() => ledger.courier.calls.length >= 120);
      await engine.stop();
      const shares = Map.groupBy(
        ledger.courier.calls.slice(0, 100),
        ({ body }) => (body as { company: number }).company,
      );
      // Half of the turns, less what was in hand at the edges; by integrations it would be a ninth.
      expect(shares.get(2)!.length).toBeGreaterThan(30);
    },
  );

  it('and of two endpoints neither has more calls at once than its limit, over all replicas', async () => {
    let inCall = 0;
    let most = 0;
    const courier = new ScriptedCourier(async () => {
      inCall += 1;
      most = Math.max(most, inCall);
      await clock.sleep(5);
      inCall -= 1;
      return delivered();
    });
    const engines = await Promise.all([1, 2, 3].map(() => ledger.engine({ courier })));
    await ledger.schedule(
      engines[0]!,
      Array.from({ length: 60 }, (_, n) => movement(`title-${n}`)),
    );
    await engines[0]!.endpoints.limit('1', 3);
    for (const engine of engines) engine.start();
    await eventually(async () => (await ledger.waiting()) === 0, { withinMs: 20_000 });
    expect(most).toBe(3);
  });
});
