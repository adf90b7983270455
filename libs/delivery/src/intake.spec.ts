import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER, openPool } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import type { DeliveryEngine } from './index.js';

let database: PrivateDatabase;
let ledger: Ledger;
let engine: DeliveryEngine;

beforeAll(async () => {
  database = await privateDatabase(LEDGER);
});
beforeEach(async () => {
  ledger = await Ledger.open(database);
  engine = await ledger.engine();
});
afterEach(() => ledger.close());
afterAll(() => database.drop());

describe('Once in', () => {
  it('what was taken and is delivered to us again changes nothing', async () => {
    const batch = ['1', '2'].map((title) => message(opened(title)));
    expect(await ledger.take(engine, ...batch)).toEqual({ received: 2, repeated: 0, planned: 2, parked: 0 });
    const before = await ledger.open();
    expect(await ledger.take(engine, ...batch)).toEqual({ received: 2, repeated: 2, planned: 0, parked: 0 });
    expect(await ledger.open()).toEqual(before);
    expect(await ledger.told()).toEqual([]);
  });

  it('the same message twice in one batch is taken once', async () => {
    const [one, other] = [message(opened('1')), message(opened('1'))];
    expect(await ledger.take(engine, one, other, one, one)).toMatchObject({ repeated: 2, planned: 2 });
    expect(await ledger.inbox()).toHaveLength(2);
  });

  it('a process that dies after its commit and before its acknowledgement has taken the batch all the same', async () => {
    const batch = ['1', '2', '3'].map((title) => message(opened(title)));
    await ledger.take(engine, ...batch);
    const next = await ledger.engine();
    expect(await ledger.take(next, ...batch, message(opened('4')))).toMatchObject({ repeated: 3, planned: 1 });
    expect((await ledger.open()).map(({ lane }) => lane)).toEqual([1, 2, 3, 4].map((title) => `receivable/${title}`));
  });

  it('a process that dies before its commit has taken nothing', async () => {
    const pool = openPool(database.url, 2);
    const dying = await ledger.engine({ pool });
    const inPlan = Promise.withResolvers<void>();
    ledger.planner.reading = async (client) => {
      inPlan.resolve();
      await client.query('select pg_sleep(30)');
    };
    const batch = [message(opened('1'))];
    const taking = ledger.take(dying, ...batch).catch(() => 'died');
    await inPlan.promise;
    await eventually(async () => {
      const ended = await ledger.rows(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where query = 'select pg_sleep(30)' and state = 'active' and datname = current_database()`,
      );
      return ended.length === 1;
    });
    expect(await taking).toBe('died');
    ledger.planner.reading = async () => undefined;
    expect(await ledger.inbox()).toEqual([]);
    expect(await ledger.take(engine, ...batch)).toMatchObject({ repeated: 0, planned: 1 });
  });

  it('the same id with another body is parked, in its place, and holds its key', async () => {
    const event = opened('1');
    await ledger.take(engine, message(event));
    const changed = message({ ...event, actor: 'somebody.else' });
    const count = await ledger.take(engine, changed, message(opened('1')), message(opened('2')));
    expect(count).toEqual({ received: 3, repeated: 0, planned: 1, parked: 1 });
    expect(await ledger.parked()).toMatchObject([
      { state: 'parked', reason_code: 'id-reused', key: 'receivable/1' },
      { state: 'waiting', key: 'receivable/1' },
    ]);
    expect(await ledger.toldOf('event.parked.v1')).toMatchObject([{ payload: { kind: 'id-reused' } }]);
  });

  it('the same id with another body within one batch is parked too', async () => {
    const event = opened('1');
    await ledger.take(engine, message(event), message({ ...event, actor: 'somebody.else' }));
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'id-reused' }]);
    expect(await ledger.waiting()).toBe(1);
  });

  it('the same id of two sources is two events', async () => {
    const event = opened('1');
    const other = { ...event, source: '/erp/other' };
    expect(await ledger.take(engine, message(event), message(other))).toMatchObject({ repeated: 0, planned: 2 });
  });

  it('in binary mode two events with the same body are told apart by their attributes', async () => {
    const binary = (id: string) => {
      const { data, ...attributes } = { ...opened('1'), id };
      const headers = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [`cloudEvents:${name}`, value]),
      );
      return { content: Buffer.from(JSON.stringify(data)), properties: { contentType: 'application/json', headers } };
    };
    const id = '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0001';
    const [one, other] = [binary(id), binary(id)];
    (other.properties.headers as Record<string, unknown>)['cloudEvents:actor'] = 'somebody.else';
    expect(await ledger.take(engine, one, one, other)).toMatchObject({ repeated: 1, planned: 1, parked: 1 });
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'id-reused' }]);
  });
});

describe('In order', () => {
  it('deliveries of one lane rise in the order of the messages, over many batches', async () => {
    for (let batch = 0; batch < 5; batch += 1) {
      const messages = Array.from({ length: 8 }, (_, at) =>
        message(opened(String(at % 2), { sequence: String(batch * 8 + at) })),
      );
      await ledger.take(engine, ...messages);
    }
    ledger.courier.limits = { attempts: 3, deadlineMs: 2_000 };
    engine.start();
    await eventually(async () => (await ledger.waiting()) === 0);
    for (const lane of ['receivable/0', 'receivable/1']) {
      const settled = (await ledger.settled()).filter((row) => row.lane === lane);
      expect(settled).toHaveLength(20);
    }
    const sequences = ledger.courier.calls.map(({ lane, body }) => ({
      lane,
      at: Number((body as { sequence: string }).sequence),
    }));
    for (const [, calls] of Map.groupBy(sequences, ({ lane }) => lane))
      expect(calls.map(({ at }) => at)).toEqual(calls.map(({ at }) => at).toSorted((one, other) => one - other));
  });

  it('two companies with the same title never share a lane', async () => {
    ledger.planner.integrations = ['1', '11'];
    await ledger.take(engine, message(opened('4711-2')));
    expect(await ledger.lanes()).toHaveLength(2);
  });
});

describe('What was planned', () => {
  it('is nothing where the plan says why, and the reason is found by the event and told', async () => {
    ledger.planner.script = () => 'only titles above R$ 10 are sent';
    const event = opened('1');
    expect(await ledger.take(engine, message(event))).toMatchObject({ planned: 0, parked: 0 });
    expect(await ledger.inbox()).toMatchObject([
      { event_id: event.id, reason_code: 'filtered', reason: 'only titles above R$ 10 are sent' },
    ]);
    expect(await ledger.toldOf('event.unplanned.v1')).toMatchObject([
      { payload: { event: { id: event.id }, integration: { id: '1' }, reasonCode: 'filtered' } },
    ]);
  });

  it('goes to endpoints of their own groups, as concurrent as the integration already is', async () => {
    await ledger.schedule(engine, [movement('1')]);
    await engine.endpoints.limit('1', 3);
    await ledger.schedule(engine, [movement('1', {}, { group: 'removals' })]);
    expect(await ledger.rows('select operation_group, concurrency from endpoint order by id')).toEqual([
      { operation_group: 'default', concurrency: 3 },
      { operation_group: 'removals', concurrency: 3 },
    ]);
  });

  it('by two loads at once, on lanes and endpoints nobody has made before, is all there', async () => {
    const lanes = Array.from({ length: 40 }, (_, at) => movement(String(at), {}, { group: `group-${at % 5}` }));
    await Promise.all([1, 2, 3, 4].map((turn) => ledger.schedule(engine, turn % 2 ? lanes : lanes.toReversed())));
    expect(await ledger.waiting()).toBe(160);
    expect(await ledger.lanes()).toHaveLength(40);
  });
});
