import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleOf, writeEvent, type HubEvent } from '#libs/contracts';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened } from '../test/events.js';
import { Ledger, LEDGER } from '../test/ledger.js';
import { readDirectPublishers, WaysIn, type DeliveryEngine } from './index.js';

const direct = readDirectPublishers('/erp/acme:erp.receivable.*.v1=erp-acme|erp-acme-2');
const WAYS = new WaysIn({ readers: ['ponte'], direct });
const objection = (source: string, type: string, userId?: string) => WAYS.objection({ source, type }, userId);

describe('a source comes in one way per type', () => {
  it('through the outbox, unless it is set to come direct', () => {
    expect(objection('/erp/demo', 'erp.receivable.opened.v1', 'ponte')).toBeUndefined();
    expect(objection('/erp/acme', 'erp.customer.changed.v1', 'ponte')).toBeUndefined();
    expect(objection('/erp/demo', 'erp.receivable.opened.v1', 'erp-demo')).toContain('comes through the outbox alone');
  });

  it('direct where it is set so, from each of its users, and then not through the outbox', () => {
    expect(objection('/erp/acme', 'erp.receivable.opened.v1', 'erp-acme')).toBeUndefined();
    expect(objection('/erp/acme', 'erp.receivable.settled.v1', 'erp-acme-2')).toBeUndefined();
    expect(objection('/erp/acme', 'erp.receivable.opened.v1', 'ponte')).toContain(
      'published directly by erp-acme, erp-acme-2',
    );
  });

  it("and never by the user of another source, nor by nobody's", () => {
    expect(objection('/erp/demo', 'erp.receivable.opened.v1', 'erp-acme')).toContain('"erp-acme" does not publish');
    expect(objection('/erp/acme', 'erp.receivable.opened.v1', 'erp-beta')).toContain('only erp-acme, erp-acme-2');
    expect(objection('/erp/acme', 'erp.customer.changed.v1', 'erp-acme')).toContain('comes through the outbox alone');
    expect(objection('/erp/demo', 'erp.receivable.opened.v1')).toContain('without a user_id');
  });

  it("while what the reader walks through the ERP's views may come beside direct events", () => {
    expect(objection('/erp/acme', 'erp.receivable.snapshot.v1', 'ponte')).toBeUndefined();
    expect(objection('/erp/acme', 'ponte.backfill.started.v1', 'ponte')).toBeUndefined();
    expect(objection('/erp/acme', 'ponte.backfill.started.v1', 'erp-acme')).toContain('does not publish');
  });
});

describe('the setting', () => {
  it('names sources, types and users, several of each', () => {
    expect(readDirectPublishers(' /erp/a:erp.customer.*.v1=one , /erp/b:erp.contract.signed.v1=two|three,')).toEqual([
      { source: '/erp/a', pattern: 'erp.customer.*.v1', users: ['one'] },
      { source: '/erp/b', pattern: 'erp.contract.signed.v1', users: ['two', 'three'] },
    ]);
  });

  it.each([
    ['/erp/a'],
    ['/erp/a=one'],
    ['/erp/a:erp.customer.*.v1='],
    ['erp/a:erp.customer.*.v1=one'],
    ['/erp/a:ponte.backfill.started.v1=one'],
    ['/erp/a:#=one'],
    ['/erp/a:erp.customer.#=one'],
    ['/ponte/a:erp.customer.*.v1=one'],
  ])('refuses %j with the line to write', (text) => {
    expect(() => readDirectPublishers(text)).toThrow('write <source>:<event types>=<broker user>');
  });
});

describe('what came the wrong way', () => {
  let database: PrivateDatabase;
  let ledger: Ledger;
  let engine: DeliveryEngine;

  beforeAll(async () => {
    database = await privateDatabase(LEDGER);
  });
  beforeEach(async () => {
    ledger = await Ledger.open(database);
    engine = await ledger.engine({ waysIn: WAYS });
  });
  afterEach(() => ledger.close());
  afterAll(() => database.drop());

  const by = (userId: string | undefined, event: HubEvent) => {
    const { content, properties } = message(event);
    return { content, properties: { ...properties, userId } };
  };
  const lanes = async () => (await ledger.open()).map(({ lane }) => lane);

  it('is parked with the sentence, said, and holds nothing', async () => {
    const count = await ledger.take(engine, by('erp-acme', opened('1')), by('ponte', opened('1')));
    expect(count).toEqual({ received: 2, repeated: 0, planned: 1, parked: 1 });
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'wrong-way-in', key: 'receivable/1', holds: false }]);
    expect(await ledger.toldOf('event.parked.v1')).toMatchObject([
      { payload: { kind: 'wrong-way-in', reason: expect.stringContaining('"erp-acme" does not publish') } },
    ]);
    expect(await lanes()).toEqual(['receivable/1']);
  });

  it('does not hold a key by being invalid, nor as a dead letter, nor takes the id of what comes the right way', async () => {
    const right = opened('1');
    const invalid = { ...right, data: { ...right.data, openAmount: '1.00' } } as HubEvent;
    await ledger.take(engine, by('erp-acme', invalid), by(undefined, { ...right, actor: 'somebody.else' }));
    await engine.takeDead([by('erp-acme', opened('1'))], 1_000);
    expect((await ledger.parked()).map((row) => [row.reason_code, row.holds])).toEqual([
      ['wrong-way-in', false],
      ['wrong-way-in', false],
      ['wrong-way-in', false],
    ]);
    expect(await ledger.take(engine, by('ponte', right))).toMatchObject({ repeated: 0, planned: 1, parked: 0 });
  });

  it('is not planned by a person while the settings say so, and is once they say otherwise', async () => {
    const event = opened('1');
    await ledger.take(engine, by('erp-demo', event));
    const [parked] = await ledger.parked();
    await expect(engine.parkedEvents.plan(parked!.id, 'rui')).rejects.toMatchObject({ code: 'still-invalid' });
    const more = readDirectPublishers(`${event.source}:erp.receivable.*.v1=erp-demo`);
    const later = await ledger.engine({ waysIn: new WaysIn({ readers: ['ponte'], direct: more }) });
    await later.parkedEvents.plan(parked!.id, 'rui');
    expect(await lanes()).toEqual(['receivable/1']);
    expect(await ledger.take(later, by('erp-demo', event))).toMatchObject({ repeated: 1, planned: 0 });
  });

  it('is not planned where it has come the right way since', async () => {
    const event = opened('1');
    await ledger.take(engine, by(undefined, event));
    await ledger.take(engine, by('ponte', event));
    const [parked] = await ledger.parked();
    const open = await ledger.engine();
    await expect(open.parkedEvents.plan(parked!.id, 'rui')).rejects.toThrow('was here before');
    expect(await lanes()).toEqual(['receivable/1']);
  });

  it('is a snapshot of somebody else as much as any event', async () => {
    const { content, properties } = writeEvent({ ...sampleOf('erp.receivable.snapshot.v1'), source: '/erp/acme' });
    const snapshot = (userId: string) => ({ content, properties: { ...properties, userId } });
    await ledger.take(engine, snapshot('erp-beta'));
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'wrong-way-in' }]);
  });
});
