import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { Sessions } from '../test/sessions.js';
import { LOCK_ENDPOINT, READ_ENDPOINT } from './endpoints.sql.js';
import type { DeliveryEngine } from './index.js';
import {
  CLAIM_DUE_LANES,
  DUE_ENDPOINTS,
  HEADS_OF_LANES,
  LOCK_LANES,
  RECOMPUTE_LANES,
  RELEASE_LANES,
} from './lanes.sql.js';
import { recomputeLanes } from './lane-locks.js';
import { INSERT_DELIVERIES } from './ledger.sql.js';

let database: PrivateDatabase;
let ledger: Ledger;
let sessions: Sessions;
let engine: DeliveryEngine;
let a: PoolClient;
let b: PoolClient;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  engine = await ledger.engine();
  sessions = new Sessions(ledger.pool);
  a = await sessions.open();
  b = await sessions.open();
});
afterEach(async () => {
  sessions.close();
  await ledger.abandon();
});
afterAll(() => database.drop());

const GATE = 4711;

/** Waits at a gate between its snapshot and its locks, as a busy machine makes it wait. */
function gated(claim: string): string {
  return claim
    .replace('from lane l\n', `from lane l, (select pg_advisory_xact_lock(${GATE})) as gate\n`)
    .replace('for no key update skip', 'for no key update of l skip');
}

async function positionsOf(lane: string): Promise<string[]> {
  return (await ledger.open()).filter((row) => row.lane === lane).map((row) => row.position);
}

async function laneId(key: string): Promise<string> {
  return (await ledger.lanes()).find((lane) => lane.key === key)!.id;
}

async function endpointId(): Promise<string> {
  return (await ledger.rows<{ id: string }>('select id::text as id from endpoint'))[0]!.id;
}

async function claimValues(): Promise<unknown[]> {
  return [await endpointId(), 10, 60_000, 0, ['title.put']];
}

/** Another holder claims the lane, delivers its head and lets the lane go, all within this call. */
async function deliverHead(client: PoolClient, id: string): Promise<void> {
  await client.query('begin');
  await client.query('update lane set epoch = epoch + 1, lease_until = now() where id = $1', [id]);
  await client.query('delete from delivery where position = (select min(position) from delivery where lane_id = $1)', [
    id,
  ]);
  await client.query(RELEASE_LANES, [[id]]);
  await client.query('commit');
}

describe('A lane settled while somebody claims it', () => {
  /** Naive: one statement claims the lanes and reads their heads. */
  const CLAIM_WITH_HEADS = `
    with claimed as (${gated(CLAIM_DUE_LANES.text)})
    select d.position::text as position
    from claimed c
    cross join lateral (
      select position from delivery where lane_id = c.id::bigint order by position limit 1) d`;

  async function claimedWhileSettled(claim: () => Promise<string[]>): Promise<string[]> {
    await a.query('select pg_advisory_lock($1)', [GATE]);
    const claiming = claim();
    await eventually(() => sessions.waits(b));
    await deliverHead(a, await laneId('title'));
    await a.query('select pg_advisory_unlock($1)', [GATE]);
    return claiming;
  }

  it('is handed out again with its delivered head when the claiming statement reads the heads', async () => {
    await ledger.schedule(engine, [movement('title'), movement('title')]);
    const [first] = await positionsOf('title');
    const values = await claimValues();
    const positions = await claimedWhileSettled(async () =>
      (await b.query<{ position: string }>(CLAIM_WITH_HEADS, values)).rows.map((row) => row.position),
    );
    expect(positions).toEqual([first]);
  });

  it('is handed out with its next delivery, because the heads are read in a statement of their own', async () => {
    await ledger.schedule(engine, [movement('title'), movement('title')]);
    const [, second] = await positionsOf('title');
    const values = await claimValues();
    const positions = await claimedWhileSettled(async () => {
      const { rows } = await b.query<{ id: string }>(gated(CLAIM_DUE_LANES.text), values);
      const heads = await b.query<{ position: string }>(HEADS_OF_LANES, [rows.map(({ id }) => id), 1]);
      return heads.rows.map((row) => row.position);
    });
    expect(positions).toEqual([second]);
  });
});

describe('A delivery planned while its lane is being settled', () => {
  /** Holds the lane, puts a second delivery on it and commits once the settling session waits for the lane. */
  async function planWhile(settle: () => Promise<unknown>): Promise<void> {
    const id = await laneId('title');
    await b.query('begin');
    await b.query('delete from delivery where lane_id = $1', [id]);
    await a.query('begin');
    await a.query(LOCK_LANES, [[id]]);
    await a.query(INSERT_DELIVERIES, oneDelivery(id, await endpointId()));
    const settling = settle();
    await eventually(() => sessions.waits(b));
    await a.query('commit');
    await settling;
    await b.query('commit');
  }

  function oneDelivery(lane: string, endpoint: string): unknown[] {
    const row = ['900', lane, '1', endpoint, 'title.put', 'movement', null, 0, '/erp/demo', '1', null, null, null];
    return [...row, 'receivable/1', null, null, '{}', null, null].map((value) => [value]);
  }

  it('sleeps for ever when the lane is looked at in the statement that waited for its lock', async () => {
    await ledger.schedule(engine, [movement('title')]);
    const id = await laneId('title');
    await planWhile(() => b.query(RECOMPUTE_LANES, [[id]]));
    expect(await ledger.lanes()).toMatchObject([{ waits_for: null }]);
    expect(await ledger.waiting()).toBe(1);
  });

  it('is due at once, because the lane is looked at in a new statement after the lock', async () => {
    await ledger.schedule(engine, [movement('title')]);
    const id = await laneId('title');
    await planWhile(async () => {
      await b.query(LOCK_LANES, [[id]]);
      await b.query(RECOMPUTE_LANES, [[id]]);
    });
    expect(await ledger.lanes()).toMatchObject([{ waits_for: 'nothing', head: '900' }]);
  });
});

describe('The delivery behind a parked one', () => {
  /** Naive: the head is the first delivery that could be made. */
  const FIRST_PENDING = `
    select d.position::text as position from delivery d
    where d.lane_id = $1 and d.state = 'pending' order by d.position limit 1`;

  beforeEach(async () => {
    await ledger.schedule(engine, [movement('title'), movement('title')]);
    const id = await laneId('title');
    await ledger.rows(
      `update delivery set state = 'parked' where position = (select min(position) from delivery where lane_id = $1)`,
      [id],
    );
    await ledger.rows(RECOMPUTE_LANES, [[id]]);
  });

  it('is handed out when the head is the first that is pending', async () => {
    const [, second] = await positionsOf('title');
    expect(await ledger.rows(FIRST_PENDING, [await laneId('title')])).toEqual([{ position: second }]);
  });

  it('waits, because the head is the lowest open one whatever its state', async () => {
    expect(await ledger.lanes()).toMatchObject([{ waits_for: 'person' }]);
    expect(await ledger.rows(CLAIM_DUE_LANES, await claimValues())).toEqual([]);
  });
});

describe('Work that arrives while somebody finds none', () => {
  /** Naive: a flag on the endpoint, put up by whoever plans and taken down by whoever finds nothing to claim. */
  it('is forgotten by a flag that says whether the endpoint has work', async () => {
    await ledger.schedule(engine, [movement('first')]);
    await ledger.rows('create table flag as select id as endpoint_id, true as has_work from endpoint');
    await ledger.rows('delete from delivery');
    await ledger.rows(RECOMPUTE_LANES, [[await laneId('first')]]);
    const found = await b.query(CLAIM_DUE_LANES, await claimValues());
    await ledger.schedule(engine, [movement('second')]);
    await a.query('update flag set has_work = true');
    if (found.rowCount === 0) await b.query('update flag set has_work = false');
    expect(await ledger.rows('select has_work from flag')).toEqual([{ has_work: false }]);
    expect(await ledger.waiting()).toBe(1);
    await ledger.rows('drop table flag');
  });

  it('is found, because what is due is derived from the lanes', async () => {
    await ledger.schedule(engine, [movement('first')]);
    await ledger.rows('delete from delivery');
    await ledger.rows(RECOMPUTE_LANES, [[await laneId('first')]]);
    expect(await ledger.rows(DUE_ENDPOINTS)).toEqual([]);
    await ledger.schedule(engine, [movement('second')]);
    expect(await ledger.rows(DUE_ENDPOINTS)).toMatchObject([{ priority: 0, paused: false }]);
  });
});

describe('The limit of an endpoint', () => {
  const GATED_LOCK = LOCK_ENDPOINT.text
    .replace('from endpoint where', `from endpoint, (select pg_advisory_xact_lock(${GATE})) as gate where`)
    .replace('for no key update', 'for no key update of endpoint');

  /** Naive: the leases are counted in the statement that locks the endpoint. */
  const LOCK_AND_COUNT = GATED_LOCK.replace(
    'select id::text as id',
    `select concurrency - (
       select count(*)::int from lane l where l.endpoint_id = endpoint.id and l.lease_until > now()) as room`,
  );

  async function roomAfterAnotherClaim(count: (endpoint: string) => Promise<number>): Promise<number> {
    await ledger.schedule(engine, [movement('1'), movement('2'), movement('3')]);
    await engine.endpoints.limit('1', 2);
    const values = await claimValues();
    await a.query('select pg_advisory_lock($1)', [GATE]);
    const counting = count(await endpointId());
    await eventually(() => sessions.waits(b));
    await a.query(CLAIM_DUE_LANES, [values[0], 2, ...values.slice(2)]);
    await a.query('select pg_advisory_unlock($1)', [GATE]);
    return counting;
  }

  it('is passed when the leases are counted in the statement that locks it', async () => {
    const room = await roomAfterAnotherClaim(async (endpoint) => {
      const { rows } = await b.query<{ room: number }>(LOCK_AND_COUNT, [endpoint]);
      return rows[0]!.room;
    });
    expect(room).toBe(2);
  });

  it('holds, because the leases are counted in a new statement after the lock', async () => {
    const room = await roomAfterAnotherClaim(async (endpoint) => {
      await b.query(GATED_LOCK, [endpoint]);
      const { rows } = await b.query<{ concurrency: number; in_use: number }>(READ_ENDPOINT, [endpoint]);
      return rows[0]!.concurrency - rows[0]!.in_use;
    });
    expect(room).toBe(0);
  });
});

describe('A column added by the next version while this one runs', () => {
  const prepared = (name: string, text: string, values: unknown[]) => b.query({ name, text, values });

  it('breaks a prepared statement that selects everything', async () => {
    await prepared('everything', 'select * from delivery where lane_id = $1', ['1']);
    await a.query('alter table delivery add column of_tomorrow text');
    await expect(prepared('everything', 'select * from delivery where lane_id = $1', ['1'])).rejects.toThrow(
      'cached plan must not change result type',
    );
    await a.query('alter table delivery drop column of_tomorrow');
  });

  it('is not noticed by the heads, whose columns are named', async () => {
    await ledger.schedule(engine, [movement('title')]);
    const values = [[await laneId('title')], 5];
    await prepared('heads', HEADS_OF_LANES.text, values);
    await a.query('alter table delivery add column of_tomorrow text');
    expect((await prepared('heads', HEADS_OF_LANES.text, values)).rows).toHaveLength(1);
    await a.query('alter table delivery drop column of_tomorrow');
  });
});

describe('A lane with thousands waiting', () => {
  /** Naive: everything of the lane is read to find its head. */
  const ALL_HEADS = `
    select distinct on (d.lane_id) d.position from delivery d where d.lane_id = any($1::bigint[])
    order by d.lane_id, d.position`;

  async function rowsRead(statement: string, values: unknown[]): Promise<number> {
    const plan = await ledger.rows<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, timing off, format json) ${statement}`,
      values,
    );
    return mostRows(plan[0]!['QUERY PLAN'][0].Plan);
  }

  interface PlanNode {
    'Actual Rows': number;
    'Actual Loops': number;
    Plans?: PlanNode[];
  }

  function mostRows(node: PlanNode): number {
    return Math.max(node['Actual Rows'] * node['Actual Loops'], ...(node.Plans ?? []).map(mostRows));
  }

  it('is read to its end when the heads have no limit, and to its first few when they have one', async () => {
    await ledger.schedule(
      engine,
      Array.from({ length: 2_000 }, () => movement('title')),
    );
    await ledger.rows('analyze delivery');
    const id = await laneId('title');
    expect(await rowsRead(ALL_HEADS, [[id]])).toBe(2_000);
    expect(await rowsRead(HEADS_OF_LANES.text, [[id], 5])).toBe(5);
  });
});

describe('Two who need the same lanes', () => {
  /** Naive: ordered by what the statement answers, which is text: "10" comes before "9". */
  const LOCK_AS_TEXT = LOCK_LANES.text.replace('order by lane.id', 'order by id');

  const TOGETHER = 12;

  async function lockedInTurn(client: PoolClient, statement: string, ids: string[]): Promise<string[]> {
    const { rows } = await client.query<{ id: string }>(statement, [ids]);
    return rows.map((row) => row.id);
  }

  it('would lock them in two orders when one of them sorts the text of their ids', async () => {
    await ledger.rows('alter sequence lane_id_seq restart with 5');
    await ledger.schedule(
      engine,
      Array.from({ length: TOGETHER }, (_, n) => movement(`title-${n}`)),
    );
    const ids = (await ledger.lanes()).map(({ id }) => id);
    expect(await lockedInTurn(a, LOCK_AS_TEXT, ids)).not.toEqual(ids);
    expect(await lockedInTurn(a, LOCK_LANES.text, ids.toReversed())).toEqual(ids);
  });

  it('never wait for each other in a ring, however often they meet', async () => {
    await ledger.rows('alter sequence lane_id_seq restart with 95');
    const deliveries = Array.from({ length: TOGETHER }, (_, n) => movement(`title-${n}`));
    await ledger.schedule(engine, deliveries);
    const ids = (await ledger.lanes()).map(({ id }) => id);
    const turns = Array.from({ length: 15 }, (_, turn) => [
      ledger.schedule(engine, turn % 2 ? deliveries : deliveries.toReversed()),
      recomputeLanes(ledger.pool, turn % 2 ? ids.toReversed() : ids),
    ]);
    await expect(Promise.all(turns.flat())).resolves.toHaveLength(30);
  });
});
