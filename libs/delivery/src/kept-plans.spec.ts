import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { inTransaction, prepared, type Prepared } from '#libs/runtime';
import { KeptPlans, privateDatabase, type PrivateDatabase } from '#libs/testing';
import {
  CROWD_AWAITS,
  CROWD_ENDPOINT,
  CROWD_HEADS,
  CROWD_IN_WINDOWS,
  CROWD_INBOX,
  CROWD_LONG,
  CROWD_OF_LANES,
  CROWD_PARKED,
  CROWD_WAITS,
} from '../test/crowd.sql.js';
import { LEDGER, openPool } from '../test/ledger.js';
import { AWAITED } from './awaiting.sql.js';
import * as endpoints from './endpoints.sql.js';
import * as intake from './intake.sql.js';
import * as lanes from './lanes.sql.js';
import * as ledger from './ledger.sql.js';

const MANY = 20_000;
/** These are long: a lane's head must be found without reading the lane. */
const LONG = 20;
const PER_LONG_LANE = 5_000;
const AT_ONCE = 1_000;
/** What the best plans do for each lane, in rows that pass from node to node of the plan, and half again. */
const STEPS_FOR_EACH = 20;
/** So many are written together at most, because these may be joined each with each. */
const VERDICTS_AT_ONCE = 200;
const VERDICT_STEPS = 2 * VERDICTS_AT_ONCE ** 2 + VERDICTS_AT_ONCE * STEPS_FOR_EACH;
/** What does not look at lanes one by one. */
const IDLE = new Set(['LOCK_ENDPOINT', 'READ_ENDPOINT', 'LOCK_EPOCH']);
/** Growing with the lanes, and looked up by key. */
const GROWN = ['lane', 'delivery', 'parked_event'];

/** What the planner knew: of lanes, and of how many there had been and were deleted. */
const MOMENTS = [
  { moment: 'there was no lane', few: 0, gone: 0 },
  { moment: 'there was one', few: 1, gone: 0 },
  { moment: 'there were three', few: 3, gone: 0 },
  { moment: 'there were thirty', few: 30, gone: 0 },
  { moment: 'there were three hundred', few: 300, gone: 0 },
  { moment: 'many had gone and one was left', few: 1, gone: 20_000 },
];

/** The positions of the first lanes' heads. */
let heads: string[] = [];
const HEADS = 'select head::text as head from lane where id <= $1 order by lane.id';

const of = (count: number) => Array.from({ length: Math.min(count, AT_ONCE) }, (_, at) => String(at + 1));
const each = (count: number, value: unknown) => of(count).map(() => value);
const verdicts = (count: number, state: string, rest: unknown[]) => {
  const positions = heads.slice(0, Math.min(count, VERDICTS_AT_ONCE));
  return [positions, ...[0, 1, 1, state, null, ...rest].map((value) => positions.map(() => value))];
};
const byKey = (count: number) => [each(count, '1'), of(count).map((id) => `crowd-${id}`)];

/** Of every prepared statement that reads: itself, and values for so many lanes. */
const READING: Record<string, [Prepared, (count: number) => unknown[]]> = {
  LOCK_LANES_BY_KEY: [lanes.LOCK_LANES_BY_KEY, byKey],
  LOCK_LANES: [lanes.LOCK_LANES, (count) => [of(count)]],
  RECOMPUTE_LANES: [lanes.RECOMPUTE_LANES, (count) => [of(count)]],
  RELEASE_LANES: [lanes.RELEASE_LANES, (count) => [of(count)]],
  RENEW_LANES: [lanes.RENEW_LANES, (count) => [of(count), each(count, 1_000)]],
  CLAIM_DUE_LANES: [lanes.CLAIM_DUE_LANES, (count) => ['1', count, 60_000, 0, ['title.put']]],
  CLAIM_RELEASED_LANES: [lanes.CLAIM_RELEASED_LANES, (count) => ['1', count, 60_000, '1', ['title.put']]],
  HEADS_OF_LANES: [lanes.HEADS_OF_LANES, (count) => [of(count), 5]],
  LOCK_ENDPOINT: [endpoints.LOCK_ENDPOINT, () => ['1']],
  READ_ENDPOINT: [endpoints.READ_ENDPOINT, () => ['1']],
  DRAW_POSITIONS: [ledger.DRAW_POSITIONS, (count) => [count]],
  SETTLE_DELIVERIES: [ledger.SETTLE_DELIVERIES, (count) => verdicts(count, 'delivered', [null, null])],
  KEEP_DELIVERIES: [ledger.KEEP_DELIVERIES, (count) => verdicts(count, 'pending', [1_000])],
  LOCK_EPOCH: [intake.LOCK_EPOCH, () => ['events']],
};

const remembered = (count: number) => [
  each(count, '/erp/demo'),
  of(count).map((id) => createHash('md5').update(id).digest('hex')),
  of(count).map(() => new Date().toISOString().slice(0, 10)),
];

/** Of the statements of every day that are planned each time, those that look many rows up. */
const PLANNED_EACH_TIME: Record<string, [string, (count: number) => unknown[]]> = {
  SUPERSEDED_STATES: [
    ledger.SUPERSEDED_STATES,
    (count) => [of(count), each(count, 'title.put'), of(count), each(count, '9000000000')],
  ],
  LAST_OPEN_OF_LANES: [ledger.LAST_OPEN_OF_LANES, (count) => [of(count)]],
  DEPENDENTS_OF: [lanes.DEPENDENTS_OF, (count) => [of(count)]],
  AWAITED: [AWAITED, (count) => [of(count), heads.slice(0, count), 100]],
  HOLDS_ON: [
    intake.HOLDS_ON,
    (count) => [each(count, '/erp/demo'), each(count, '1'), of(count).map((id) => `receivable/${id}`)],
  ],
  HASHES_OF: [intake.HASHES_OF, remembered],
  EXPLAIN_INBOX: [
    intake.EXPLAIN_INBOX,
    (count) => [...remembered(count), each(count, 'stale'), each(count, 'older than what is known')],
  ],
};

it('every prepared statement of the ledger that reads is looked at here', () => {
  const isPrepared = (value: unknown): value is Prepared =>
    typeof value === 'object' && value !== null && 'text' in value;
  const all = Object.entries({ ...lanes, ...endpoints, ...ledger, ...intake });
  const reading = all.filter(([, value]) => isPrepared(value) && !/^\s*insert into/.test(value.text));
  expect(Object.keys(READING).toSorted()).toEqual(reading.map(([name]) => name).toSorted());
});

describe.each(MOMENTS)('Planned while $moment', ({ few, gone }) => {
  let database: PrivateDatabase;
  let pool: Pool;
  let plans: KeptPlans;

  beforeAll(async () => {
    database = await privateDatabase(LEDGER);
    pool = openPool(database.url, 1);
    plans = new KeptPlans(pool, inTransaction);
    for (const table of GROWN) await pool.query(`alter table ${table} set (autovacuum_enabled = off)`);
    await pool.query(CROWD_ENDPOINT, ['1', '/erp/demo|1']);
    await crowd(1, few + gone);
    await pool.query('delete from delivery where lane_id > $1', [few]);
    await pool.query('delete from lane where id > $1', [few]);
    await pool.query('delete from parked_event where id > $1', [few]);
    await pool.query('delete from inbox where subject::int > $1', [few]);
    await pool.query('analyze');
    for (const [statement, values] of Object.values(READING)) await plans.keep(statement, values(few));
    for (const [text, values] of Object.values(PLANNED_EACH_TIME)) await plans.keep(prepared(text), values(few));
    await pool.query(`select setval('lane_id_seq', $1, false)`, [few + 1]);
    await crowd(few + 1, MANY - few);
    await pool.query(CROWD_LONG, [LONG, PER_LONG_LANE]);
    await pool.query(CROWD_WAITS, [LONG, AT_ONCE / 2]);
    await pool.query(CROWD_AWAITS, [AT_ONCE / 2, AT_ONCE]);
    await pool.query(CROWD_IN_WINDOWS, [MANY - AT_ONCE]);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  async function crowd(from: number, count: number): Promise<void> {
    await pool.query(CROWD_OF_LANES, ['1', from, count]);
    await pool.query(CROWD_HEADS);
    await pool.query(CROWD_INBOX, [from, count]);
    await pool.query(CROWD_PARKED, [from, count]);
    heads = (await pool.query<{ head: string }>(HEADS, [AT_ONCE])).rows.map(({ head }) => head);
  }

  describe.each([
    ['its plan kept', 'then'],
    ['planned anew by what was known then', 'anew'],
  ] as const)('and %s', (_, planned) => {
    it.each(Object.keys(READING))('%s does no more than its lanes ask for', async (name) => {
      const [statement, values] = READING[name]!;
      const steps = await plans.steps(statement, values(AT_ONCE), planned);
      const isVerdict = name.endsWith('_DELIVERIES');
      expect(steps).toBeLessThan(isVerdict ? VERDICT_STEPS : AT_ONCE * STEPS_FOR_EACH);
      if (!IDLE.has(name)) expect(steps).toBeGreaterThanOrEqual(isVerdict ? VERDICTS_AT_ONCE : AT_ONCE);
    });
  });

  it.each(Object.keys(PLANNED_EACH_TIME))(
    'and planned each time, by what was known then, %s reads no more than its lanes',
    async (name) => {
      const [text, values] = PLANNED_EACH_TIME[name]!;
      const steps = await plans.steps(prepared(text), values(AT_ONCE), 'anew');
      expect(steps).toBeGreaterThan(400);
      expect(steps).toBeLessThan(AT_ONCE * STEPS_FOR_EACH + 2 * LONG * PER_LONG_LANE);
    },
  );
});
