import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { delivered, refused, type Outcome } from '#libs/contracts';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { Ledger, LEDGER } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { DeliveryRefusal, type DeliveryEngine } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;
/** What the partner refuses, by what `movement` wrote into the bodies. */
let refuses: Map<unknown, string>;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  refuses = new Map();
  ledger.courier.script = ({ body }) => answer((body as { n: unknown }).n);
  engine = await ledger.engine();
  engine.start();
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

function answer(n: unknown): Outcome {
  const why = refuses.get(n);
  return why === undefined ? delivered() : refused(why);
}

const called = () => ledger.courier.calls.map(({ body }) => (body as { n: unknown }).n);
const put = (lane: string, ...numbers: unknown[]) => numbers.map((n) => movement(lane, { n }));
const edit = (position: string, n: unknown) =>
  engine.deliveries.edit(position, { body: { n }, by: 'rui', reason: 'document typed wrong' });
const untilParked = (count: number) =>
  eventually(async () => expect((await ledger.open()).filter(({ state }) => state === 'parked')).toHaveLength(count));
const untilNothingWaits = () => eventually(async () => expect(await ledger.waiting()).toBe(0));
const positions = async () => (await ledger.settled()).map(({ position }) => position);

async function parkFirst(...numbers: number[]): Promise<string> {
  refuses.set(numbers[0], 'HTTP 422');
  await ledger.schedule(engine, put('title', ...numbers));
  await untilParked(1);
  return (await ledger.open())[0]!.position;
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeliveryRefusal);
  return (error as DeliveryRefusal).code;
}

describe('An edited delivery', () => {
  it('is a new one in the place of the original, which stays as it was with its attempts', async () => {
    const original = await parkFirst(1, 2, 3);
    const replacement = await edit(original, 10);
    await untilNothingWaits();
    expect(called()).toEqual([1, 10, 2, 3]);
    expect(await engine.deliveries.bodyOf(original)).toEqual({ n: 1 });
    expect(await engine.deliveries.bodyOf(replacement)).toEqual({ n: 10 });
    expect(await engine.deliveries.read(original)).toMatchObject({
      delivery: { state: 'superseded', attempts: 1 },
      attempts: [{ outcome: 'refused' }],
      actions: [{ action: 'edited', by: 'rui', reason: 'document typed wrong', replacedBy: replacement }],
    });
    expect(await engine.deliveries.read(replacement)).toMatchObject({
      delivery: { state: 'delivered', attempts: 1 },
      attempts: [{ number: 1, outcome: 'delivered' }],
      replaces: original,
    });
  });

  it('is told of with who and why, of the original and of the new one', async () => {
    const original = await parkFirst(1);
    const replacement = await edit(original, 10);
    await untilNothingWaits();
    const who = { actor: 'rui', note: 'document typed wrong' };
    expect(await ledger.toldOf('delivery.superseded.v1')).toMatchObject([
      { payload: { ...who, deliveryId: original, supersededBy: replacement } },
    ]);
    expect(await ledger.toldOf('delivery.retried.v1')).toMatchObject([
      { payload: { ...who, deliveryId: replacement, replaces: original } },
    ]);
  });

  it('is edited again, as often as the partner refuses it, and keeps its place', async () => {
    let position = await parkFirst(1, 2);
    for (const n of [10, 11]) {
      refuses.set(n, 'HTTP 422');
      position = await edit(position, n);
      await untilParked(1);
    }
    await edit(position, 12);
    await untilNothingWaits();
    expect(called()).toEqual([1, 10, 11, 12, 2]);
  });

  it('keeps others waiting for it, as they waited for the original', async () => {
    const original = await parkFirst(1);
    await ledger.schedule(engine, [movement('dependent', { n: 'after' }, { after: ['title'] })]);
    refuses.set(10, 'HTTP 422');
    const replacement = await edit(original, 10);
    await untilParked(1);
    expect(called()).toEqual([1, 10]);
    const dependent = (await ledger.open()).find(({ lane }) => lane === 'dependent')!;
    expect((await engine.deliveries.read(dependent.position))!.waitsFor).toMatchObject([{ position: replacement }]);
    await edit(replacement, 11);
    await untilNothingWaits();
    expect(called()).toEqual([1, 10, 11, 'after']);
  });

  it('may have been delivered, while nothing of its lane was sent after it', async () => {
    await ledger.schedule(engine, put('title', 1));
    await untilNothingWaits();
    const [original] = await positions();
    const replacement = await edit(original!, 10);
    await untilNothingWaits();
    expect(called()).toEqual([1, 10]);
    expect(await engine.deliveries.read(replacement)).toMatchObject({
      delivery: { state: 'delivered' },
      replaces: original,
    });
    expect(await refusalOf(edit(original!, 11))).toBe('replaced');
  });

  it('is refused when it was delivered and a newer one of its lane was delivered, which it says', async () => {
    await ledger.schedule(engine, put('title', 1, 2));
    await untilNothingWaits();
    const [older, newer] = await positions();
    await expect(edit(older!, 10)).rejects.toThrow(`${newer}, which is newer and of the same lane`);
    expect(await refusalOf(edit(older!, 10))).toBe('overtaken');
    expect(called()).toEqual([1, 2]);
  });

  it('is refused when it was delivered and a newer one may have been', async () => {
    refuses.set(2, 'HTTP 500 after we had it');
    await ledger.schedule(engine, put('title', 1, 2));
    await untilParked(1);
    const [older] = await positions();
    expect(await refusalOf(edit(older!, 10))).toBe('overtaken');
  });

  it('that no database takes changes nothing', async () => {
    const original = await parkFirst(1);
    expect(await refusalOf(edit(original, '\0'))).toBe('not-storable');
    expect((await engine.deliveries.read(original))!.delivery.state).toBe('parked');
  });

  it('by five people at once has one in its place', async () => {
    const original = await parkFirst(1, 2);
    ledger.courier.script = () => delivered();
    const all = await Promise.allSettled([10, 11, 12, 13, 14].map((n) => edit(original, n)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await untilNothingWaits();
    expect(called()).toHaveLength(3);
    expect(called().at(-1)).toBe(2);
  });
});

describe('What people do', () => {
  it('is on record with who and why: retried, skipped', async () => {
    const position = await parkFirst(1);
    await engine.deliveries.retry(position, 'ana', 'client registered');
    await eventually(async () => expect((await ledger.open())[0]).toMatchObject({ state: 'parked', tries: 2 }));
    await engine.deliveries.skip(position, 'rui', 'settled by phone');
    expect((await engine.deliveries.read(position))!.actions).toMatchObject([
      { action: 'retried', by: 'ana', reason: 'client registered' },
      { action: 'skipped', by: 'rui', reason: 'settled by phone' },
    ]);
    expect(await ledger.toldOf('delivery.retried.v1')).toMatchObject([
      { payload: { deliveryId: position, actor: 'ana', note: 'client registered' } },
    ]);
  });
});

describe('Failures', () => {
  const failed = (lane: string, why: string) => {
    refuses.set(lane, why);
    return movement(lane, { n: lane });
  };

  it('that differ in numbers, ids and quoted values are one group, the largest first', async () => {
    await ledger.schedule(engine, [
      failed('1', 'HTTP 422: título 4711-2 de "João Silva": cliente 88 desconhecido'),
      failed('2', 'HTTP 422: título 9 de "Ana": cliente 7101 desconhecido'),
      failed('3', 'HTTP 422: título 77/A de "Zé": cliente 3f2b8c9a-0000-4000-8000-00000000beef desconhecido'),
      failed('4', 'HTTP 422: "external_id_client" is required'),
      failed('5', 'HTTP 422: "external_id_contract" is required'),
      failed('6', 'HTTP 500: ask joao.silva@acme.example'),
      failed('7', 'HTTP 500: ask ana@acme.example'),
      failed('8', 'HTTP 400: {"error":"bad_document","value":"123"}'),
      failed('9', 'HTTP 400: {"error":"bad_document","value":"Ana B"}'),
    ]);
    await untilParked(9);
    const { items, lookedAt, complete } = await engine.deliveries.failures(undefined, {}, 10);
    expect({ lookedAt, complete }).toEqual({ lookedAt: 9, complete: true });
    expect(items.map(({ reason, count }) => [count, reason]).toSorted()).toEqual([
      [1, 'HTTP 422: "external_id_client" is required'],
      [1, 'HTTP 422: "external_id_contract" is required'],
      [2, 'HTTP 400: {"error":"bad_document","value":"#"}'],
      [2, 'HTTP 500: ask [masked]'],
      [3, 'HTTP 422: título # de "#": cliente # desconhecido'],
    ]);
    expect(items[0]).toMatchObject({ count: 3, operation: 'title.put', subjects: 1, sample: ['receivable/1'] });
    expect(items[0]!.firstSeen.getTime()).toBeLessThanOrEqual(items[0]!.lastSeen.getTime());
    const { fingerprint } = items[0]!;
    expect(await engine.deliveries.list({ settled: false, limit: 10, fingerprint })).toHaveLength(3);
    expect(await engine.deliveries.failures(undefined, {}, 1)).toMatchObject({
      items: [{ count: 3 }],
      complete: false,
    });
  });

  it('are those of the companies and branches somebody may see', async () => {
    await ledger.schedule(engine, [failed('1', 'HTTP 422')], '1');
    await ledger.schedule(engine, [failed('2', 'HTTP 422')], '11');
    await untilParked(2);
    const countOf = async (...seen: { company: string; branch?: string }[]) => {
      const territories = seen.map((one) => ({ source: '/erp/demo', ...one }));
      return (await engine.deliveries.failures(territories, {}, 10)).lookedAt;
    };
    expect(await countOf({ company: '1' })).toBe(1);
    expect(await countOf({ company: '1' }, { company: '2' })).toBe(2);
    expect(await countOf({ company: '1', branch: '3' })).toBe(0);
    expect(await countOf()).toBe(0);
    await ledger.rows(`update delivery set branch = '3'`);
    expect(await countOf({ company: '1', branch: '3' }, { company: '2', branch: '4' })).toBe(1);
  });
});

it('Deliveries are found by company, branch, business key, event, reason and period', async () => {
  refuses.set(1, 'HTTP 422: client unknown');
  const keys = { titleNumber: '4711', customerId: '8841' };
  await ledger.schedule(engine, [movement('one', { n: 1 }, { keys })], '1');
  await ledger.schedule(engine, [movement('two', { n: 2 }, { keys: { titleNumber: '9' } })], '11');
  await untilParked(1);
  await eventually(async () => expect(await ledger.settled()).toHaveLength(1));
  const eventId = '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0002';
  await ledger.rows(`update delivery set branch = '3', event_id = $1`, [eventId]);
  const count = async (filter: object, settled = false) =>
    (await engine.deliveries.list({ settled, limit: 10, ...filter })).length;
  const soon = new Date(Date.now() + 60_000);
  const found = { source: '/erp/demo', company: '1', branch: '3', operation: 'title.put', state: 'parked', eventId };
  expect(await count({ ...found, keys, to: soon, reasonContains: 'CLIENT' })).toBe(1);
  const others: object[] = [
    { source: '/erp/other' },
    { company: '2' },
    { branch: '4' },
    { operation: 'x' },
    { state: 'pending' },
    { eventId: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0003' },
    { keys: { titleNumber: '4711', customerId: '1' } },
    { from: soon },
    { reasonContains: 'contract' },
  ];
  for (const other of others) expect([other, await count(other)]).toEqual([other, 0]);
  expect(await count({ keys: { titleNumber: '9' }, to: soon }, true)).toBe(1);
  expect(await count({ from: soon }, true)).toBe(0);
});
