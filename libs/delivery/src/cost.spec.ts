import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { CROWD_ENDPOINT, CROWD_HEADS, CROWD_OF_LANES } from '../test/crowd.sql.js';
import type { Prepared } from '#libs/runtime';
import { Ledger, LEDGER, textOf } from '../test/ledger.js';
import { ANY_WAITERS } from './awaiting.sql.js';
import { DUE_CADENCES } from './cadence.sql.js';
import { filterValues } from './deliveries-filter.js';
import { LANE_OF, LIST_OPEN, LIST_SETTLED } from './deliveries.sql.js';
import { READ_ENDPOINT } from './endpoints.sql.js';
import { EXPLAIN_INBOX, HASHES_OF, HOLDS_ON, LOCK_KEY } from './intake.sql.js';
import {
  BLOCKED_LANES,
  CLAIM_DUE_LANES,
  CLAIM_RELEASED_LANES,
  DEPENDENTS_OF,
  DUE_ENDPOINTS,
  HEADS_OF_LANES,
  LANES_TO_SWEEP,
  LOCK_LANES,
  LOCK_LANES_BY_KEY,
  RECOMPUTE_LANES,
  RELEASE_LANES,
  RENEW_LANES,
} from './lanes.sql.js';
import { KEEP_DELIVERIES, LAST_OPEN_OF_LANES, SETTLE_DELIVERIES, SUPERSEDED_STATES } from './ledger.sql.js';
import { RUNS_THROUGH, START_SCHEDULED_RUNS } from './run.sql.js';

const FEW = 2_000;
const SOME = 20_000;
const MANY = 100_000;
const AT_ONCE = 200;

let database: PrivateDatabase;
let ledger: Ledger;
let endpoint: string;
let few: { claim: Plan; scan: Plan };

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
  ledger = await Ledger.open(database);
  [endpoint] = (await ledger.rows<{ id: string }>(CROWD_ENDPOINT, ['1', '/erp/demo|1'])).map(({ id }) => id) as [
    string,
  ];
  await crowd(1, FEW);
  for (const statement of OTHER_ROWS) await ledger.rows(statement);
});
afterAll(async () => {
  await ledger.abandon();
  await database.drop();
});

/** Of other things, enough that reading all of them would show. */
const OTHER_ROWS = [
  `insert into inbox (source, event_id, day, hash, company, type, subject)
   select '/erp/demo', md5(n::text)::uuid, current_date - n % 20, '', '1', 'x', 'y' from generate_series(1, 40000) n`,
  `insert into parked_event (state, source, company, key, holds, reason_code, reason, queue, hash, content, properties,
     resolved_at)
   select 'skipped', '/erp/demo', '1', 'receivable/' || n, false, 'invalid', '', 'q', int4send(n), '', '{}', now()
   from generate_series(1, 20000) n`,
  `insert into cadence (integration_id, every_seconds, zone, next_at)
   select n, 3600, 'America/Sao_Paulo', now() + interval '1 hour' from generate_series(100, 5000) n`,
  `insert into run (integration_id, kind, zone, started_by, from_position, up_to, finished_at)
   select 1 + n % 500, 'manual', 'UTC', 'x', n, n, now() from generate_series(1, 20000) n`,
  `insert into delivery_settled (position, lane_id, integration_id, endpoint_id, operation, kind, source, company, subject,
     body, state)
   select -n, n % 500, n % 50, 1, 'title.put', 'movement', '/erp/demo', '1', 'receivable/' || n, '{}', 'delivered'
   from generate_series(1, 20000) n`,
  `insert into attempt (position, number, epoch, counted, outcome, replica, started_at)
   select -n, 1, 1, true, 'delivered', 'x', now() from generate_series(1, 20000) n`,
];

async function crowd(from: number, count: number): Promise<void> {
  await ledger.rows(CROWD_OF_LANES, ['1', from, count]);
  await ledger.rows(CROWD_HEADS);
  await ledger.rows('vacuum analyze');
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

interface Plan {
  root: PlanNode;
  blocks: number;
  ms: number;
}

/** Carried out and rolled back. */
async function planOf(statement: string | Prepared, values: unknown[], before?: string): Promise<Plan> {
  const client = await ledger.pool.connect();
  try {
    await client.query('begin');
    if (before) await client.query(before);
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${textOf(statement)}`, values);
    const explained = rows[0]['QUERY PLAN'][0] as { Plan: PlanNode; 'Execution Time': number };
    const blocks = explained.Plan['Shared Hit Blocks'] + explained.Plan['Shared Read Blocks'];
    return { root: explained.Plan, blocks, ms: explained['Execution Time'] };
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** But for tables in which nothing is. */
function scannedWhole(node: PlanNode): string[] {
  const blocks = node['Shared Hit Blocks'] + node['Shared Read Blocks'];
  const own = node['Node Type'] === 'Seq Scan' && blocks > 0 ? [node['Relation Name'] ?? 'something'] : [];
  return [...own, ...(node.Plans ?? []).flatMap(scannedWhole)];
}

const claim = () => planOf(CLAIM_DUE_LANES, [endpoint, AT_ONCE, 60_000, 0, ['title.put']]);

async function someLanes(): Promise<string[]> {
  const rows = await ledger.rows<{ id: string }>(
    'select id::text as id from lane where id % 7 = 0 order by lane.id limit $1',
    [AT_ONCE],
  );
  return rows.map(({ id }) => id);
}

describe('With some lanes, no statement of the daily work reads a whole table', () => {
  beforeAll(async () => {
    few = { claim: await claim(), scan: await planOf(DUE_ENDPOINTS, []) };
    await crowd(FEW + 1, SOME - FEW);
  });
  readsNoWholeTable('endpoint');
});

describe('With fifty times as many lanes due', () => {
  let many: { claim: Plan; scan: Plan };

  beforeAll(async () => {
    await crowd(SOME + 1, MANY - SOME);
    many = { claim: await claim(), scan: await planOf(DUE_ENDPOINTS, []) };
  });

  it('a claim of two hundred reads about as much', () => {
    expect(many.claim.blocks).toBeLessThan(few.claim.blocks * 2);
  });

  it('finding out which endpoints have work costs about as much', () => {
    expect(many.scan.blocks).toBeLessThan(few.scan.blocks * 2 + 20);
  });

  it('and ten thousand endpoints without work beside, it still does', async () => {
    await ledger.rows(
      `insert into endpoint (integration_id, operation_group, owner_key, concurrency)
       select n, 'default', '/erp/demo|' || n, 8 from generate_series(10000, 19999) n`,
    );
    await ledger.rows('vacuum analyze endpoint');
    expect((await planOf(DUE_ENDPOINTS, [])).blocks).toBeLessThan(many.scan.blocks * 2 + 20);
  });
});

describe('With most lanes backing off', () => {
  /** Naive: one index by head for everything that is open. */
  const BY_HEAD = `
    select id from lane
    where head is not null and endpoint_id = $1 and waits_for = 'nothing' and ready_at <= now()
    order by head
    limit 200`;

  it('a claim reads only what is due, where an index by head reads past all that are not', async () => {
    await ledger.rows('create index lane_by_head on lane (endpoint_id, head) where head is not null');
    await ledger.rows(`update lane set ready_at = now() + interval '1 hour' where id % 100 <> 0 or id < $1`, [
      MANY * 0.9,
    ]);
    await ledger.rows('vacuum analyze lane');
    const ours = await planOf(
      `select l.id from lane l
       where l.waits_for = 'nothing' and l.endpoint_id = $1 and l.priority = 0 and l.ready_at <= now()
       order by l.ready_at limit 200`,
      [endpoint],
    );
    const naive = await planOf(BY_HEAD, [endpoint], 'drop index lane_ready');
    expect(ours.blocks).toBeLessThan(500);
    expect(naive.blocks).toBeGreaterThan(ours.blocks * 5);
    await ledger.rows('drop index lane_by_head');
  });
});

describe('With most lanes backing off, no statement of the daily work reads a whole table', () => {
  readsNoWholeTable();
});

/** Where the planner might take the short cut that is long when the table has grown. */
function readsNoWholeTable(...alsoSmall: string[]) {
  const statements: [string, string | Prepared, (lanes: string[]) => unknown[]][] = [
    ['claiming due lanes', CLAIM_DUE_LANES, () => [endpoint, AT_ONCE, 60_000, 0, ['title.put']]],
    ['claiming released lanes', CLAIM_RELEASED_LANES, () => [endpoint, AT_ONCE, 60_000, '1', ['title.put']]],
    ['finding due endpoints', DUE_ENDPOINTS, () => []],
    ['reading an endpoint', READ_ENDPOINT, () => [endpoint]],
    ['reading heads', HEADS_OF_LANES, (lanes) => [lanes, 5]],
    ['locking lanes', LOCK_LANES, (lanes) => [lanes]],
    ['locking lanes by key', LOCK_LANES_BY_KEY, (lanes) => [lanes.map(() => '1'), lanes.map((id) => `crowd-${id}`)]],
    ['recomputing lanes', RECOMPUTE_LANES, (lanes) => [lanes]],
    ['releasing lanes', RELEASE_LANES, (lanes) => [lanes]],
    ['renewing leases', RENEW_LANES, (lanes) => [lanes, lanes.map(() => 1_000)]],
    ['settling', SETTLE_DELIVERIES, (lanes) => verdicts(lanes, 'delivered', [null, null])],
    ['keeping', KEEP_DELIVERIES, (lanes) => verdicts(lanes, 'pending', [1_000])],
    [
      'looking for what may be superseded',
      SUPERSEDED_STATES,
      (lanes) => [lanes, lanes, lanes, lanes.map(() => MANY * 2)],
    ],
    ['reading the last of lanes', LAST_OPEN_OF_LANES, (lanes) => [lanes]],
    ['asking whether anything waits for a settlement', ANY_WAITERS, () => []],
    ['finding dependents', DEPENDENTS_OF, (lanes) => [lanes]],
    ['sweeping', LANES_TO_SWEEP, () => ['500', 500]],
    ['sweeping the blocked', BLOCKED_LANES, () => ['0', 500]],
    [
      'reading holds',
      HOLDS_ON,
      (lanes) => [lanes.map(() => '/erp/demo'), lanes.map(() => '1'), lanes.map((id) => `receivable/${id}`)],
    ],
    ['remembering why nothing was planned', EXPLAIN_INBOX, (lanes) => [...remembered(lanes), lanes, lanes]],
    ['reading what came before', HASHES_OF, remembered],
    ['reading what holds a key', LOCK_KEY, () => ['/erp/demo', '1', 'receivable/4']],
    ['finding due cadences', DUE_CADENCES, () => [500]],
    ['finding runs that are through', RUNS_THROUGH, () => [null, null]],
    ['starting runs', START_SCHEDULED_RUNS, () => [['1'], ['x'], ['UTC'], 1, 'r']],
    ['finding the lane of a delivery', LANE_OF, () => ['77']],
    ['listing open deliveries', LIST_OPEN, () => [...filterValues(undefined, {}), MANY, 50]],
    [
      'listing open deliveries of one integration',
      LIST_OPEN,
      () => [...filterValues(undefined, { integrationId: '1' }), MANY, 50],
    ],
    [
      'listing settled deliveries of one title',
      LIST_SETTLED,
      () => [...filterValues(undefined, { subject: 'receivable/4' }), MANY, 50],
    ],
  ];

  function remembered(lanes: string[]): unknown[] {
    const ids = lanes.map((id) => createHash('md5').update(id).digest('hex'));
    return [lanes.map(() => '/erp/demo'), ids, lanes.map(() => new Date())];
  }

  function verdicts(lanes: string[], state: string, rest: unknown[]): unknown[] {
    return [lanes, ...[0, 1, 1, state, null, ...rest].map((value) => lanes.map(() => value))];
  }

  it.each(statements)('%s', async (_, statement, values) => {
    const { root } = await planOf(statement, values(await someLanes()));
    const small = ['endpoint_pause', 'position', 'outbox', ...alsoSmall];
    expect(scannedWhole(root).filter((table) => !small.includes(table))).toEqual([]);
  });
}
