import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readEvent, type ReceivableChanged } from '#libs/contracts';
import { SystemClock } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { openErpDatabase } from './erp-database.js';
import { Erp } from './erp.js';
import { generate } from './generate.js';
import { readHistoryRows } from './read-history-row.js';
import { replayHistory } from './replay-history.js';

const MARIA = { actor: 'maria' };
const NEW_TITLE = {
  company: '1',
  branch: '01',
  customerId: 'C1',
  issueDate: '2026-07-01',
  dueDate: '2026-07-31',
  amount: 100_00n,
};
const date = '2026-07-10';

interface OutboxRow {
  position: string;
  id: string;
  aggregateid: string;
  type: string;
  payload: ReceivableChanged;
  company: string;
  branch: string;
  sequence: string;
  actor: string;
  traceparent: string | null;
}

describe('the sandbox ERP', () => {
  let database: PrivateDatabase;
  let erp: Erp;

  beforeAll(async () => {
    database = await privateDatabase();
    erp = await Erp.open(database.url);
  });

  afterAll(async () => {
    await erp?.close();
    await database?.drop();
  });

  beforeEach(() => erp.pool.query('truncate erp_outbox, settlement, title'));

  it('can be opened twice on one database', async () => {
    await erp.openTitle(NEW_TITLE, MARIA);
    const again = await openErpDatabase(database.url);
    await again.end();
    expect(await outbox()).toHaveLength(1);
  });

  it('writes with every operation the event that tells the state it leaves behind', async () => {
    const opened = await erp.openTitle(NEW_TITLE, {
      actor: 'maria',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const key = { company: '1', id: opened.receivableId };
    const settled = await erp.settle(key, { date, amount: 40_00n, fine: 2_00n }, MARIA);
    await erp.reverseSettlement(key, settled.movement!.id, date, MARIA);
    await erp.adjust(key, { kind: 'due-date', date, dueDate: '2026-08-31' }, MARIA);
    await erp.adjust(key, { kind: 'discount', date, amount: 10_00n }, MARIA);
    await erp.cancel(key, date, MARIA);
    await erp.delete(key, date, MARIA);

    const rows = await outbox();
    expect(rows.map(({ type, sequence }) => `${type} ${sequence}`)).toEqual([
      'erp.receivable.opened.v1 1',
      'erp.receivable.settled.v1 2',
      'erp.receivable.settlement-reversed.v1 3',
      'erp.receivable.adjusted.v1 4',
      'erp.receivable.adjusted.v1 5',
      'erp.receivable.canceled.v1 6',
      'erp.receivable.deleted.v1 7',
    ]);
    expect(rows[0]).toMatchObject({
      aggregateid: opened.receivableId,
      company: '1',
      branch: '01',
      actor: 'maria',
    });
    expect(rows[0]!.traceparent).toMatch(/^00-0af7651916cd43dd/);
    expect([rows[0]!.payload, rows[1]!.payload]).toEqual([opened, settled]);
    const { movement: _, ...last } = rows[6]!.payload;
    expect(await erp.title(key)).toEqual(last);
    expect(last).toMatchObject({
      status: 'deleted',
      dueDate: '2026-08-31',
      originalDueDate: '2026-07-31',
      discountAmount: '10.00',
    });
  });

  it('writes events that the contract accepts, whatever the movement', async () => {
    await generate(erp, { companies: 2, titles: 60, movementsPerTitle: 12, seed: 7 }, new SystemClock());
    const rows = await outbox();
    for (const row of rows) expect(read(row)).toEqual('event');
    expect(new Set(rows.map(({ payload }) => payload.movement!.kind))).toEqual(
      new Set([
        'entry',
        'settlement',
        'settlement-reversal',
        'discount',
        'fine',
        'interest',
        'due-date',
        'cancellation',
        'deletion',
      ]),
    );
    expect(new Set(rows.map(({ payload }) => payload.customer.personType))).toEqual(new Set(['F', 'J']));
  });

  it('leaves the title as it was when the outbox row cannot be written', async () => {
    const { receivableId: id } = await erp.openTitle(NEW_TITLE, MARIA);
    await erp.pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$;
      create trigger refuse before insert on erp_outbox for each row execute function refuse()`);
    await expect(erp.settle({ company: '1', id }, { date }, MARIA)).rejects.toThrow('the disk is full');
    await expect(erp.openTitle({ ...NEW_TITLE, number: '9999' }, MARIA)).rejects.toThrow('the disk is full');
    await erp.pool.query('drop function refuse cascade');
    expect(await erp.title({ company: '1', id })).toMatchObject({ status: 'open', sequence: 1, settlements: [] });
    await expect(erp.title({ company: '1', id: '9999-1' })).rejects.toThrow('There is no title 9999-1');
  });

  it('leaves no outbox row when the transaction fails at its very end', async () => {
    const { receivableId: id } = await erp.openTitle(NEW_TITLE, MARIA);
    await erp.pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused at commit'; end $$;
      create constraint trigger refuse after update on title deferrable initially deferred for each row execute function refuse()`);
    await expect(erp.settle({ company: '1', id }, { date }, MARIA)).rejects.toThrow('refused at commit');
    await erp.pool.query('drop function refuse cascade');
    expect(await outbox()).toHaveLength(1);
  });

  it('refuses what a title does not allow and writes nothing', async () => {
    const { receivableId: id } = await erp.openTitle(NEW_TITLE, MARIA);
    await expect(erp.settle({ company: '1', id }, { date, amount: 100_01n }, MARIA)).rejects.toThrow('owes');
    await expect(erp.settle({ company: '2', id }, { date }, MARIA)).rejects.toThrow(
      `There is no title ${id} of company 2.`,
    );
    await expect(erp.openTitle({ ...NEW_TITLE, number: id.slice(0, -2) }, MARIA)).rejects.toThrow('is there already');
    expect(await outbox()).toHaveLength(1);
  });

  it('keeps the titles of two companies apart where their numbers are the same', async () => {
    await erp.openTitle({ ...NEW_TITLE, number: '4711' }, MARIA);
    await erp.openTitle({ ...NEW_TITLE, company: '2', number: '4711', amount: 5_00n }, MARIA);
    await erp.settle({ company: '2', id: '4711-1' }, { date }, MARIA);
    expect((await erp.title({ company: '1', id: '4711-1' })).status).toBe('open');
    expect(await erp.titles({}, 10)).toMatchObject([{ company: '1' }, { company: '2', status: 'settled' }]);
    expect(await erp.titles({}, 10, { company: '1', id: '4711-1' })).toMatchObject([{ company: '2' }]);
    expect(await erp.titles({ status: 'open' }, 10)).toMatchObject([{ company: '1' }]);
  });

  it('gives one title its outbox rows in the order of its movements, however many move it at once', async () => {
    const { receivableId: id } = await erp.openTitle(NEW_TITLE, MARIA);
    await Promise.all(
      Array.from({ length: 20 }, () => erp.settle({ company: '1', id }, { date, amount: 5_00n }, MARIA)),
    );
    const rows = await outbox();
    expect(rows.map(({ sequence }) => Number(sequence))).toEqual(Array.from({ length: 21 }, (_, at) => at + 1));
    expect(rows.map(({ payload }) => payload.settlements.length)).toEqual(Array.from({ length: 21 }, (_, at) => at));
    expect(await erp.title({ company: '1', id })).toMatchObject({ status: 'settled', paidAmount: '100.00' });
  });

  it('opens one title once when two open it at once', async () => {
    const tries = await Promise.allSettled([1, 2].map(() => erp.openTitle({ ...NEW_TITLE, number: '5000' }, MARIA)));
    expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await outbox()).toHaveLength(1);
  });

  it('generates as many rows as it is asked for, in order per title, and the same movements for the same seed', async () => {
    const wish = { companies: 3, titles: 40, movementsPerTitle: 6, seed: 42 };
    const clock = new SystemClock();
    expect(await generate(erp, wish, clock)).toMatchObject({ titles: 40, events: 240 });
    const first = await outbox();
    await erp.pool.query('truncate erp_outbox, settlement, title');
    await generate(erp, wish, clock);
    const second = await outbox();
    expect(first).toHaveLength(240);
    expect(second.map(story).toSorted()).toEqual(first.map(story).toSorted());
    expect(new Set(first.map(({ company }) => company))).toEqual(new Set(['1', '2', '3']));
    expectRising(first);
  });

  it('replays a history in the order of its dates and leaves every invoice settled', async () => {
    const rows = readHistoryRows([
      {
        countryCode: '391',
        customerID: '0379-NEVHP',
        invoiceNumber: '0000611365',
        InvoiceDate: '1/2/2013',
        DueDate: '2/1/2013',
        InvoiceAmount: '55.94',
        Disputed: 'No',
        SettledDate: '1/15/2013',
      },
      {
        countryCode: '406',
        customerID: '8976-AMJEO',
        invoiceNumber: '0007900770',
        InvoiceDate: '1/3/2013',
        DueDate: '2/25/2013',
        InvoiceAmount: '94',
        Disputed: 'Yes',
        SettledDate: '1/3/2013',
      },
      {
        countryCode: '391',
        customerID: '0379-NEVHP',
        invoiceNumber: '0009231909',
        InvoiceDate: '1/1/2013',
        DueDate: '1/31/2013',
        InvoiceAmount: '68.8',
        Disputed: 'No',
        SettledDate: '',
      },
    ]);
    const wish = { rows, source: 'sample', company: '1' };
    expect(await replayHistory(erp, wish, new SystemClock())).toMatchObject({ titles: 3, events: 5 });
    const written = await outbox();
    expect(written.map(({ aggregateid, type }) => `${aggregateid} ${type.split('.')[2]}`)).toEqual([
      '0009231909-1 opened',
      '0000611365-1 opened',
      '0007900770-1 opened',
      '0007900770-1 settled',
      '0000611365-1 settled',
    ]);
    for (const row of written) expect(read(row)).toBe('event');
    expect(written[0]).toMatchObject({
      actor: 'history sample',
      branch: '391',
      payload: { amount: '68.80', disputed: false },
    });
    expect(await erp.title({ company: '1', id: '0007900770-1' })).toMatchObject({
      status: 'settled',
      paidAmount: '94.00',
      disputed: true,
      issueDate: '2013-01-03',
      settlements: [{ date: '2013-01-03' }],
    });

    expect(await replayHistory(erp, wish, new SystemClock())).toMatchObject({ titles: 3, events: 0 });
    expect(await outbox()).toHaveLength(5);
  });

  it('says which rows of a history it cannot read, and replays none', () => {
    const good = {
      countryCode: '391',
      customerID: 'A',
      invoiceNumber: '1',
      InvoiceDate: '1/2/2013',
      DueDate: '2/1/2013',
      InvoiceAmount: '1',
      Disputed: 'No',
      SettledDate: '',
    };
    const bad = [
      { ...good, InvoiceAmount: '1.234' },
      { ...good, DueDate: '2/30/2013' },
      { ...good, customerID: '' },
      { ...good, InvoiceAmount: '0.00' },
    ];
    expect(() => readHistoryRows([good, ...bad])).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({
          errors: [1, 2, 3, 4].map((at) => expect.objectContaining({ pointer: `/rows/${at}` })),
        }),
      }),
    );
  });

  it('counts its outbox', async () => {
    await erp.openTitle(NEW_TITLE, MARIA);
    await erp.pool.query('truncate erp_outbox');
    const { receivableId: id } = await erp.openTitle(NEW_TITLE, MARIA);
    await erp.settle({ company: '1', id }, { date }, MARIA);
    const { rows } = await erp.pool.query<{ position: string }>(
      'select max(position)::text as position from erp_outbox',
    );
    await erp.pool.query('update erp_outbox set published_at = now() where sequence = 1');
    expect(await erp.outboxSummary()).toEqual({
      total: 2,
      published: 1,
      waiting: 1,
      parked: 0,
      lastPosition: rows[0]!.position,
      byType: { 'erp.receivable.opened.v1': 1, 'erp.receivable.settled.v1': 1 },
    });
  });

  async function outbox(): Promise<OutboxRow[]> {
    const titles = `select * from erp_outbox where aggregatetype = 'receivable' order by position`;
    return (await erp.pool.query<OutboxRow>(titles)).rows;
  }
});

/** The row as the reader publishes it, read as a connector reads it. */
function read(row: OutboxRow): unknown {
  const { payload: data, id, type, company, branch, actor } = row;
  const event = {
    specversion: '1.0',
    id,
    source: '/erp/demo',
    type,
    subject: `receivable/${row.aggregateid}`,
    time: '2026-07-10T12:00:00Z',
    company,
    branch,
    actor,
    sequence: Number(row.sequence),
    data,
  };
  const answer = readEvent(Buffer.from(JSON.stringify(event)), { contentType: 'application/cloudevents+json' });
  return answer.kind === 'event' ? 'event' : answer;
}

/** What happened, without the numbers that differ between runs. */
function story({ type, company, payload }: OutboxRow): string {
  const { openAmount, customer, dueDate, movement } = payload;
  const moved = { ...movement, id: undefined, reverses: undefined };
  return JSON.stringify({ type, company, openAmount, document: customer.document, dueDate, moved });
}

function expectRising(rows: OutboxRow[]): void {
  const last = new Map<string, number>();
  for (const { company, aggregateid, sequence } of rows) {
    const key = `${company}/${aggregateid}`;
    expect(Number(sequence)).toBe((last.get(key) ?? 0) + 1);
    last.set(key, Number(sequence));
  }
}
