import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import { eventually } from '#libs/testing';
import { OutboxDatabase } from '../test/outbox-database.js';
import { KeyQueues } from './key-queues.js';
import type { OutboxReader } from './outbox-reader.js';
import { ReadAhead } from './read-ahead.js';

let database: OutboxDatabase;
let reader: OutboxReader;
let queues: KeyQueues;
let readAhead: ReadAhead;
let other: Client;

beforeAll(async () => {
  database = await OutboxDatabase.create();
  reader = database.reader();
  other = await database.session();
});
beforeEach(() => {
  queues = new KeyQueues();
  readAhead = new ReadAhead(reader, queues);
});
afterEach(() => database.empty());
afterAll(() => database.drop());

const read = () => readAhead.read(() => true);

/** Published as the relay does it: handed out, confirmed, marked, forgotten. */
async function publishAll(): Promise<string[]> {
  const ids: string[] = [];
  for (let row = queues.next(); row; row = queues.next()) {
    ids.push(row.subject.replace('receivable/', ''));
    queues.done(row);
    await reader.mark([row.position]);
    queues.forget([row.position]);
  }
  return ids;
}

/** So often that the floor has risen as far as it can. */
async function settleFloor(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await read();
}

test('a transaction that commits after a later one is not skipped', async () => {
  await other.query('begin');
  await database.write({ aggregateid: 'late' }, other);
  await database.write({ aggregateid: 'early' });
  await read();
  expect(await publishAll()).toEqual(['early']);
  await settleFloor();
  await other.query('commit');
  await read();
  expect(await publishAll()).toEqual(['late']);
});

test('the naive cursor, on from the highest position seen, skips it for ever', async () => {
  await other.query('begin');
  await database.write({ aggregateid: 'late' }, other);
  await database.write({ aggregateid: 'early' });
  const seen: string[] = [];
  let cursor = '0';
  const readOn = async () => {
    const { rows } = await database.erp.query<{ position: string; aggregateid: string }>(
      'select position::text, aggregateid from erp_outbox where position > $1 and published_at is null order by 1',
      [cursor],
    );
    for (const row of rows) seen.push(row.aggregateid);
    cursor = rows.at(-1)?.position ?? cursor;
  };
  await readOn();
  await other.query('commit');
  await readOn();
  await readOn();
  expect(seen).toEqual(['early']);
});

test('a row that commits late goes before a later row of its key, however long others were read meanwhile', async () => {
  await other.query('begin');
  const late = await database.write({ aggregateid: 'K' }, other);
  for (let i = 0; i < 3; i += 1) {
    await database.write({ aggregateid: `between ${i}` });
    await read();
  }
  await other.query('commit');
  const last = await database.write({ aggregateid: 'K' });
  await read();
  const positions: string[] = [];
  for (let row = queues.next(); row; row = queues.next()) {
    if (row.subject === 'receivable/K') positions.push(row.position);
    queues.done(row);
  }
  expect(positions).toEqual([late, last]);
});

test('the naive pair, a fast cursor and a sweep now and then, takes the later row of the key first', async () => {
  await other.query('begin');
  const late = await database.write({ aggregateid: 'K' }, other);
  await database.write({ aggregateid: 'between' });
  const open = 'published_at is null and parked_reason is null';
  const select = `select position::text, aggregateid from erp_outbox where ${open}`;
  const first = await database.erp.query<{ position: string }>(`${select} order by position`);
  const cursor = first.rows.at(-1)!.position;
  await other.query('commit');
  const last = await database.write({ aggregateid: 'K' });
  const fast = await database.erp.query<{ position: string }>(`${select} and position > $1`, [cursor]);
  const sweep = await database.erp.query<{ position: string }>(`${select} and position <= $1 and position <> all($2)`, [
    cursor,
    first.rows.map((row) => row.position),
  ]);
  expect([...fast.rows, ...sweep.rows].map((row) => row.position)).toEqual([last, late]);
});

test('the floor does not rise past an open transaction, however many rows are read and published meanwhile', async () => {
  await read();
  await other.query('begin');
  await other.query('select pg_current_xact_id()');
  await database.write({ aggregateid: 'of the open transaction' }, other);
  for (let i = 0; i < 20; i += 1) {
    await database.write({ aggregateid: `other ${i}` });
    await read();
    await publishAll();
  }
  await other.query('commit');
  await read();
  expect(await publishAll()).toEqual(['of the open transaction']);
});

test('released rows are found with the next look at what is parked, though the floor has risen above them', async () => {
  const asked: string[] = [];
  const watched = Object.assign(Object.create(reader), {
    readOpen: (wish: Parameters<OutboxReader['readOpen']>[0]) => {
      asked.push(wish.above);
      return reader.readOpen(wish);
    },
  }) as OutboxReader;
  readAhead = new ReadAhead(watched, queues);
  const bad = await database.write({ aggregateid: 'K' });
  const follower = await database.write({ aggregateid: 'K' });
  await read();
  await readAhead.park(queues.next()!, 'a reason');
  await eventually(async () => {
    await database.write({ aggregateid: 'other' });
    await read();
    await publishAll();
    return Number(asked.at(-1)) > Number(follower);
  });
  await reader.release(bad);
  await eventually(
    async () => {
      await read();
      return queues.size === 2;
    },
    { withinMs: 2_500 },
  );
  expect(queues.next()!.position).toBe(bad);
});

test('what was read while the lease was lost is thrown away and found again, lowest first', async () => {
  await read();
  await database.write({ aggregateid: 'a' });
  await readAhead.read(() => false);
  expect(queues.size).toBe(0);
  await settleFloor();
  expect(await publishAll()).toEqual(['a']);
});

test('a large payload is never brought into memory, and its size is', async () => {
  await database.erp.query(
    `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch)
     values ('receivable', 'huge', 'erp.receivable.settled.v1', jsonb_build_object('x', repeat('x', 5000000)), '1', '01')`,
  );
  await read();
  const row = queues.next()!;
  expect(row.payload).toBeNull();
  expect(row.payload_bytes).toBe(5_000_009);
  expect(queues.bytes).toBe(0);
});

test('a read stops after some bytes, and the next one goes on where it stopped', async () => {
  await database.erp.query(
    `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch)
     select 'receivable', n::text, 'erp.receivable.settled.v1', jsonb_build_object('x', repeat('x', 900000)), '1', '01'
     from generate_series(1, 25) n`,
  );
  const { found, isCut } = await read();
  expect(found).toBe(9);
  expect(isCut).toBe(true);
  while ((await read()).isCut);
  expect(queues.size).toBe(25);
});

test('positions beyond what a number holds keep their order', async () => {
  await database.erp.query(`select setval(pg_get_serial_sequence('erp_outbox', 'position'), 9007199254740995)`);
  for (let i = 0; i < 5; i += 1) await database.write({ aggregateid: 'K', payload: { n: i } });
  await read();
  const payloads: unknown[] = [];
  for (let row = queues.next(); row; row = queues.next()) {
    payloads.push(JSON.parse(row.payload!));
    queues.done(row);
  }
  expect(payloads).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })));
});
