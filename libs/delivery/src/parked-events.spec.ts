import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { message, opened, sized } from '../test/events.js';
import { Ledger, LEDGER, VAULT } from '../test/ledger.js';
import { movement } from '../test/scripted-planner.js';
import { ParkedRefusal, type DeliveryEngine } from './index.js';

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

/** Valid but for one amount. */
function contradictory(title: string) {
  const event = opened(title);
  return { ...event, data: { ...event.data, openAmount: '1.00' } } as typeof event;
}

const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();

async function lanesOpen(): Promise<string[]> {
  return (await ledger.open()).map(({ lane }) => lane);
}

/** What `movement` wrote into the bodies, in the order of their positions. */
async function planned(): Promise<unknown[]> {
  return (await ledger.rows<{ body: { n: unknown } }>('select body from delivery order by position')).map(
    ({ body }) => body.n,
  );
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ParkedRefusal);
  return (error as ParkedRefusal).code;
}

describe('What arrives', () => {
  it('bytes that cannot be read are kept sealed and hold nothing', async () => {
    const bytes = Buffer.from('{"specversion": "1.0", oops');
    const count = await ledger.take(engine, { content: bytes, properties: {} }, message(opened('1')));
    expect(count).toMatchObject({ parked: 1, planned: 1 });
    const [row] = await ledger.parked();
    expect(row).toMatchObject({ state: 'parked', reason_code: 'unreadable', holds: false, key: null });
    expect(row!.content).toEqual(VAULT.seal(bytes));
    expect((await engine.parkedEvents.read(row!.id))!.content).toEqual(bytes);
    expect(await ledger.toldOf('event.parked.v1')).toMatchObject([{ payload: { kind: 'unreadable' } }]);
  });

  it('the same unreadable bytes again are kept once', async () => {
    const junk = { content: Buffer.from('junk'), properties: {} };
    await ledger.take(engine, junk, junk);
    await ledger.take(engine, junk);
    expect(await ledger.parked()).toHaveLength(1);
  });

  it('one that contradicts itself is parked with the reason and holds its key; other keys go on', async () => {
    const later = ['1', '1', '2'].map((title) => message(opened(title)));
    const count = await ledger.take(engine, message(contradictory('1')), ...later);
    expect(count).toEqual({ received: 4, repeated: 0, planned: 1, parked: 1 });
    expect(await lanesOpen()).toEqual(['receivable/2']);
    const [event] = await engine.parkedEvents.list({ limit: 10 });
    expect(event).toMatchObject({ reasonCode: 'invalid', key: 'receivable/1', waitingBehind: 2 });
    expect(event!.reason).toContain('openAmount');
    expect(await engine.parkedEvents.counts()).toMatchObject({ parked: 1, waiting: 2 });
  });

  it('one that comes batches later waits too', async () => {
    await ledger.take(engine, message(contradictory('1')));
    await ledger.take(engine, message(opened('1')), message(opened('2')));
    expect(await lanesOpen()).toEqual(['receivable/2']);
  });

  it('the same key of another company is not held', async () => {
    const event = opened('1', { company: '2' });
    const other = { ...event, data: { ...event.data, company: '2' } } as typeof event;
    await ledger.take(engine, message(contradictory('1')), message(other));
    expect(await ledger.waiting()).toBe(1);
  });

  it('a contradiction of a source that is set to warn is planned, then and when it is released', async () => {
    const lenient = await ledger.engine({ warnOnly: new Set(['/erp/demo']) });
    await ledger.take(engine, {
      ...message(opened('1')),
      content: Buffer.from(message(opened('1')).content.toString().replace('BRL', 'reais')),
    });
    expect(await ledger.take(lenient, message(contradictory('2')), message(contradictory('1')))).toMatchObject({
      planned: 1,
    });
    const [head] = await ledger.parked();
    await lenient.parkedEvents.skip(head!.id, 'rui', 'wrong currency');
    expect(await lanesOpen()).toEqual(['receivable/2', 'receivable/1']);
  });

  it('a type this version does not know is kept unplanned, listed, and holds its key', async () => {
    ledger.planner.unknown.add('erp.receivable.opened.v1');
    expect(await ledger.take(engine, message(opened('1')))).toMatchObject({ planned: 0, parked: 1 });
    expect(await engine.parkedEvents.list({ limit: 10 })).toMatchObject([
      { state: 'unknown-type', reasonCode: 'unknown-type', holds: true },
    ]);
    ledger.planner.unknown.clear();
    await ledger.take(engine, message(opened('1')), message(opened('2')));
    expect(await lanesOpen()).toEqual(['receivable/2']);
  });

  it.each([-31, 2])('one whose time is %d days from now is parked and holds nothing', async (count) => {
    await ledger.take(engine, message(opened('1', { time: days(count) })), message(opened('1')));
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'outside-horizon', holds: false }]);
    expect(await lanesOpen()).toEqual(['receivable/1']);
  });

  it('one from outside the horizon is planned when a person says so', async () => {
    await ledger.take(engine, message(opened('1', { time: days(-60) })));
    const [row] = await ledger.parked();
    await engine.parkedEvents.plan(row!.id, 'rui');
    expect(await lanesOpen()).toEqual(['receivable/1']);
  });

  it('one from outside the horizon does not pass what holds its key when a person plans it', async () => {
    await ledger.take(engine, message(opened('1', { time: days(-60) })), message(contradictory('1')));
    const [old, holder] = await ledger.parked();
    expect(await refusalOf(engine.parkedEvents.plan(old!.id, 'rui'))).toBe('behind-another');
    await engine.parkedEvents.skip(holder!.id, 'rui', 'entered twice');
    await engine.parkedEvents.plan(old!.id, 'rui');
    expect(await lanesOpen()).toEqual(['receivable/1']);
  });

  it('one far too large is parked and harms nobody', async () => {
    const count = await ledger.take(engine, sized(2 * 1024 * 1024), message(opened('1')));
    expect(count).toMatchObject({ parked: 1, planned: 1 });
  });

  it('what is parked is found by company, branch, reason, type, title, event and period', async () => {
    const event = { ...contradictory('1'), branch: '3' };
    event.data = { ...event.data, branch: '3' } as typeof event.data;
    await ledger.take(engine, message(event), { content: Buffer.from('junk'), properties: {} });
    const count = async (query: object) => (await engine.parkedEvents.list({ limit: 10, ...query })).length;
    const { source, type, subject, id: eventId } = event;
    const soon = new Date(Date.now() + 60_000);
    expect(await count({})).toBe(2);
    expect(
      await count({ source, company: '1', branch: '3', reasonCode: 'invalid', type, subject, eventId, to: soon }),
    ).toBe(1);
    const others: object[] = [
      { source: '/erp/other' },
      { company: '2' },
      { branch: '4' },
      { reasonCode: 'dead-letter' },
      { type: 'x' },
      { subject: 'receivable/2' },
      { eventId: 'x' },
      { from: soon },
      { seen: [] },
      { seen: [{ source, company: '1', branch: '4' }] },
    ];
    for (const other of others) expect([other, await count(other)]).toEqual([other, 0]);
    expect(await count({ seen: [{ source, company: '1', branch: '3' }] })).toBe(1);
  });

  it('headers no jsonb takes are kept as far as they can be', async () => {
    const odd = {
      'x-death': [{ reason: 'rejec\0ted', at: new Date(0) }],
      lone: '\ud800',
      bytes: Buffer.from([0, 255]),
    };
    const { content, properties } = message(contradictory('1'));
    await ledger.take(engine, { content, properties: { ...properties, headers: { ...properties.headers, ...odd } } });
    expect(await ledger.parked()).toHaveLength(1);
  });
});

describe('A plan that fails for one integration', () => {
  beforeEach(() => {
    ledger.planner.integrations = ['1', '2'];
    ledger.planner.script = (event, integrationId) => {
      if (integrationId === '2' && event.sequence === '13') throw new Error('no branch code');
      return [movement(event.subject, { n: event.sequence })];
    };
  });

  const numbered = (title: string, n: number) => message(opened(title, { sequence: String(n) }));
  const plannedFor = async (integrationId: string) =>
    (
      await ledger.rows<{ n: string }>(
        `select body ->> 'n' as n from delivery where integration_id = $1 order by position`,
        [integrationId],
      )
    ).map(({ n }) => n);

  it('holds the key for that one only, within the batch and after it', async () => {
    await ledger.take(engine, numbered('1', 12), numbered('1', 13), numbered('1', 14), numbered('2', 20));
    await ledger.take(engine, numbered('1', 15));
    expect(await plannedFor('1')).toEqual(['12', '13', '14', '20', '15']);
    expect(await plannedFor('2')).toEqual(['12', '20']);
    expect(await engine.parkedEvents.list({ limit: 10 })).toMatchObject([
      { reasonCode: 'plan-failed', integrationId: '2', reason: 'no branch code', waitingBehind: 2 },
    ]);
  });

  it('is planned for that one only when it is released, and what waited behind it in order', async () => {
    await ledger.take(engine, numbered('1', 13), numbered('1', 14), numbered('1', 15));
    ledger.planner.script = (event) => [movement(event.subject, { n: event.sequence })];
    const [head] = await ledger.parked();
    await engine.parkedEvents.plan(head!.id, 'rui');
    expect(await plannedFor('1')).toEqual(['13', '14', '15']);
    expect(await plannedFor('2')).toEqual(['13', '14', '15']);
    await ledger.take(engine, numbered('1', 16));
    expect(await plannedFor('2')).toEqual(['13', '14', '15', '16']);
  });

  it('and fails again changes nothing, and says why', async () => {
    await ledger.take(engine, numbered('1', 13), numbered('1', 14));
    const [head] = await ledger.parked();
    await expect(engine.parkedEvents.plan(head!.id, 'rui')).rejects.toThrow('no branch code');
    expect(await engine.parkedEvents.list({ limit: 10 })).toMatchObject([{ id: head!.id, waitingBehind: 1 }]);
  });

  it('keeps its hold when an event of the whole key is released before it', async () => {
    await ledger.take(engine, message(contradictory('1')), numbered('1', 13), numbered('1', 14));
    const [head] = await ledger.parked();
    await engine.parkedEvents.skip(head!.id, 'rui', 'twice in the ERP');
    expect(await plannedFor('1')).toEqual(['13', '14']);
    expect(await plannedFor('2')).toEqual([]);
    await ledger.take(engine, message(contradictory('1')), numbered('1', 15));
    const [, invalid] = await engine.parkedEvents.list({ limit: 10 });
    await engine.parkedEvents.skip(invalid!.id, 'rui', 'again');
    expect(await plannedFor('1')).toEqual(['13', '14', '15']);
    expect(await plannedFor('2')).toEqual([]);
  });
});

describe('Releasing a parked event', () => {
  beforeEach(() => {
    ledger.planner.script = (event) => [movement(event.subject, { n: event.sequence })];
  });
  const numbered = (n: number) => message(opened('1', { sequence: String(n) }));
  const invalid = (n: number) => message({ ...contradictory('1'), sequence: String(n) });

  it('by skipping it lets what waits behind it go, in order, up to the next that holds the key', async () => {
    await ledger.take(engine, invalid(1), numbered(2), numbered(3), invalid(4), numbered(5));
    const [first, second] = await engine.parkedEvents.list({ limit: 10 });
    await engine.parkedEvents.skip(first!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual(['2', '3']);
    await engine.parkedEvents.skip(second!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual(['2', '3', '5']);
    expect(await ledger.toldOf('event.released.v1')).toMatchObject([
      { payload: { parkedId: first!.id, how: 'skipped', actor: 'rui', reason: 'entered twice' } },
      { payload: { parkedId: second!.id } },
    ]);
  });

  it('lets many go in the order they came, and not in that of the text of their numbers', async () => {
    const count = 15;
    await ledger.rows('alter table parked_event alter column id restart with 92');
    await ledger.take(engine, invalid(0), ...Array.from({ length: count }, (_, n) => numbered(n + 1)));
    const [head] = await engine.parkedEvents.list({ limit: 10 });
    await engine.parkedEvents.skip(head!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual(Array.from({ length: count }, (_, n) => String(n + 1)));
  });

  it('behind another that holds the key does not let anything pass that one', async () => {
    await ledger.take(engine, invalid(1), numbered(2), invalid(3), numbered(4));
    const [first, second] = await engine.parkedEvents.list({ limit: 10 });
    await engine.parkedEvents.skip(second!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual([]);
    await engine.parkedEvents.skip(first!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual(['2', '4']);
  });

  it('that cannot be planned as it stands is refused, with the reason', async () => {
    await ledger.take(engine, invalid(1));
    const [row] = await ledger.parked();
    expect(await refusalOf(engine.parkedEvents.plan(row!.id, 'rui'))).toBe('still-invalid');
  });

  it('with mended bytes plans it in its place, and keeps the bytes as they came', async () => {
    const broken = contradictory('1');
    await ledger.take(engine, message({ ...broken, sequence: '1' }), numbered(2));
    const [row] = await ledger.parked();
    const mended = message(opened('1', { id: broken.id, sequence: '1' })).content;
    await engine.parkedEvents.fix(row!.id, mended, 'rui', 'amount typed wrong');
    expect(await planned()).toEqual(['1', '2']);
    expect((await engine.parkedEvents.read(row!.id))!.content).toEqual(message({ ...broken, sequence: '1' }).content);
    expect(await ledger.toldOf('event.released.v1')).toMatchObject([{ payload: { how: 'fixed' } }]);
  });

  it('with bytes of another key is refused', async () => {
    await ledger.take(engine, invalid(1));
    const [row] = await ledger.parked();
    const other = message(opened('2')).content;
    expect(await refusalOf(engine.parkedEvents.fix(row!.id, other, 'rui', 'oops'))).toBe('still-invalid');
  });

  it('by skipping it opens nothing of it: what is only left aside stays sealed', async () => {
    const openedBytes: Buffer[] = [];
    const open = (sealed: Buffer) => openedBytes[openedBytes.push(VAULT.open(sealed)) - 1]!;
    const sealing = await ledger.engine({ vault: { ...VAULT, open } });
    await ledger.take(sealing, invalid(1));
    const [row] = await ledger.parked();
    await sealing.parkedEvents.find(row!.id);
    await sealing.parkedEvents.skip(row!.id, 'rui', 'entered twice');
    expect(openedBytes).toEqual([]);
    const { id, type } = opened('1', { id: row!.event_id! });
    expect(await ledger.toldOf('event.released.v1')).toMatchObject([
      { payload: { how: 'skipped', event: { id, type } } },
    ]);
  });

  it('with mended bytes under an id that was here before is refused: it would be sent twice', async () => {
    const sent = opened('2');
    await ledger.take(engine, { content: Buffer.from('{oops'), properties: {} }, message(sent));
    const [row] = await ledger.parked();
    expect(await refusalOf(engine.parkedEvents.fix(row!.id, message(sent).content, 'rui', 'read by hand'))).toBe(
      'still-invalid',
    );
    const fresh = message(opened('3'));
    await engine.parkedEvents.fix(row!.id, fresh.content, 'rui', 'read by hand');
    expect(await lanesOpen()).toEqual(['receivable/2', 'receivable/3']);
    expect(await ledger.take(engine, fresh)).toMatchObject({ repeated: 1, planned: 0 });
  });

  it('with mended bytes is refused where the person may not write for whom they are', async () => {
    await ledger.take(engine, invalid(1));
    const [row] = await ledger.parked();
    const mended = message(opened('1', { branch: '9' })).content;
    const allows = ({ branch }: { branch?: string | null }) => {
      if (branch === '9') throw new Error('not yours');
    };
    await expect(engine.parkedEvents.fix(row!.id, mended, 'rui', 'typo', { allows })).rejects.toThrow('not yours');
    expect(await ledger.waiting()).toBe(0);
  });

  it('twice is refused the second time, and one that only waits in line cannot be released by itself', async () => {
    await ledger.take(engine, invalid(1), numbered(2));
    const [head, waiting] = await ledger.parked();
    expect(await refusalOf(engine.parkedEvents.skip(waiting!.id, 'rui', 'impatient'))).toBe('not-found');
    await engine.parkedEvents.skip(head!.id, 'rui', 'entered twice');
    expect(await refusalOf(engine.parkedEvents.skip(head!.id, 'rui', 'again'))).toBe('resolved');
    expect(await refusalOf(engine.parkedEvents.plan('999', 'rui'))).toBe('not-found');
  });

  it('one that waited and cannot be planned in its turn is parked itself, and what is behind it waits on', async () => {
    await ledger.take(engine, invalid(1), numbered(2), numbered(3), numbered(4));
    ledger.planner.script = (event) => [
      movement(event.subject, { n: event.sequence, odd: event.sequence === '3' ? '\0' : '' }),
    ];
    const [head] = await ledger.parked();
    await engine.parkedEvents.skip(head!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual(['2']);
    expect(await engine.parkedEvents.list({ limit: 10 })).toMatchObject([
      { reasonCode: 'plan-failed', waitingBehind: 1 },
    ]);
    ledger.planner.script = (event) => [movement(event.subject, { n: event.sequence })];
    const [stuck] = await engine.parkedEvents.list({ limit: 10 });
    await engine.parkedEvents.plan(stuck!.id, 'rui');
    expect(await planned()).toEqual(['2', '3', '4']);
  });

  it('of a type unknown before is done by the first process that knows it, in order, counting each once', async () => {
    ledger.planner.unknown.add('erp.receivable.opened.v1');
    await ledger.take(engine, numbered(1), numbered(2));
    ledger.planner.unknown.clear();
    await ledger.take(engine, numbered(3));
    expect(await engine.parkedEvents.planKnownAtLast(['erp.receivable.settled.v1'])).toBe(0);
    expect(await engine.parkedEvents.planKnownAtLast(['erp.receivable.opened.v1'])).toBe(2);
    expect(await planned()).toEqual(['1', '2', '3']);
    expect(await ledger.toldOf('event.released.v1')).toHaveLength(2);
  });

  it('before one of a type known by now lets that one go in its turn', async () => {
    ledger.planner.unknown.add('erp.receivable.opened.v1');
    await ledger.take(engine, invalid(1), numbered(2));
    ledger.planner.unknown.clear();
    await ledger.take(engine, numbered(3));
    expect(await engine.parkedEvents.planKnownAtLast(['erp.receivable.opened.v1'])).toBe(0);
    const [head] = await engine.parkedEvents.list({ limit: 10 });
    await engine.parkedEvents.skip(head!.id, 'rui', 'entered twice');
    expect(await planned()).toEqual(['2', '3']);
  });
});

describe('Dead letters', () => {
  it('come in again as parked, each holding its key', async () => {
    await engine.takeDead([message(opened('1'))], 1);
    await ledger.take(engine, message(opened('1')), message(opened('2')));
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'dead-letter', holds: true }, { state: 'waiting' }]);
    expect(await lanesOpen()).toEqual(['receivable/2']);
    const [row] = await ledger.parked();
    await engine.parkedEvents.plan(row!.id, 'rui');
    expect(await lanesOpen()).toEqual(['receivable/2', 'receivable/1', 'receivable/1']);
  });

  it('that had been taken in are known, and nothing is parked', async () => {
    const event = message(opened('1'));
    await ledger.take(engine, event);
    expect(await engine.takeDead([event], 1)).toMatchObject({ repeated: 1, parked: 0 });
    expect(await ledger.parked()).toEqual([]);
  });

  it('that cannot be read are kept and hold nothing', async () => {
    await engine.takeDead([{ content: Buffer.from('junk'), properties: {} }], 1);
    expect(await ledger.parked()).toMatchObject([{ reason_code: 'dead-letter', holds: false }]);
  });
});
