import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readEvent, type ReceivableChanged } from '#libs/contracts';
import { SystemClock } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { addDays, todayInSaoPaulo } from './calendar.js';
import { Erp } from './erp.js';
import { generate } from './generate.js';
import { putBranch, putBusinessUnit, putCustomer } from './register-changes.js';

const MARIA = { actor: 'maria' };
const clock = new SystemClock();
const today = todayInSaoPaulo(clock.now());
const NEW_TITLE = {
  company: '1',
  branch: '01',
  customerId: 'C1',
  issueDate: addDays(today, -800),
  dueDate: addDays(today, -770),
  amount: 100_00n,
};

interface Told {
  type: string;
  aggregateid: string;
  company: string;
  branch: string;
  sequence: string;
  actor: string;
  payload: Record<string, unknown>;
}

describe('the registers of the sandbox ERP', () => {
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

  beforeEach(() => erp.pool.query('truncate erp_outbox, settlement, title, branch, business_unit, customer'));

  const told = async () => (await erp.pool.query<Told>('select * from erp_outbox order by position')).rows;
  const exported = async (view: string, company = '1') => {
    type Row = { id: string; branch: string | null; data: Record<string, unknown> };
    const { rows } = await erp.pool.query<Row>(`select * from ponte_export.${view} where company = $1 order by id`, [
      company,
    ]);
    return rows;
  };

  it('tell of what a title names before they tell of the title, once', async () => {
    await erp.openTitle(NEW_TITLE, MARIA);
    await erp.openTitle({ ...NEW_TITLE, branch: '02' }, MARIA);
    const rows = await told();
    expect(rows.map(({ type, aggregateid }) => `${type} ${aggregateid}`.replace(/\d+-1$/, 'title'))).toEqual([
      'erp.branch.registered.v1 01',
      'erp.business-unit.registered.v1 01',
      'erp.customer.registered.v1 C1',
      'erp.receivable.opened.v1 title',
      'erp.branch.registered.v1 02',
      'erp.business-unit.registered.v1 02',
      'erp.receivable.opened.v1 title',
    ]);
    expect(rows[1]).toMatchObject({
      branch: '01',
      actor: 'maria',
      payload: { code: '01', parent: '01', active: true },
    });
    for (const row of rows) expect(problemsOf(row)).toEqual([]);
  });

  it('are entered and changed by a person, each change told under a higher sequence', async () => {
    expect(await putBranch(erp.pool, { company: '1', code: '07' }, MARIA)).toMatchObject({ code: '07', sequence: 1 });
    const renamed = await putBranch(
      erp.pool,
      { company: '1', code: '07', name: 'Filial do Cais', active: false },
      MARIA,
    );
    expect(renamed).toMatchObject({
      name: 'Filial do Cais',
      active: false,
      timeZone: 'America/Sao_Paulo',
      sequence: 2,
    });
    await putBusinessUnit(erp.pool, { company: '1', code: '12', branch: '07', name: 'Loteamentos' }, MARIA);
    await putBusinessUnit(erp.pool, { company: '1', code: '12', name: 'Chácaras' }, MARIA);
    await putCustomer(erp.pool, { company: '1', id: 'C9' }, MARIA);
    await putCustomer(erp.pool, { company: '1', id: 'C9', email: 'nova@exemplo.example' }, MARIA);
    const rows = await told();
    expect(rows.map(({ type, aggregateid, sequence }) => `${type} ${aggregateid} ${sequence}`)).toEqual([
      'erp.branch.registered.v1 07 1',
      'erp.branch.changed.v1 07 2',
      'erp.business-unit.registered.v1 12 1',
      'erp.business-unit.changed.v1 12 2',
      'erp.customer.registered.v1 C9 1',
      'erp.customer.changed.v1 C9 2',
    ]);
    expect(rows.map(({ branch }) => branch)).toEqual(['07', '07', '07', '07', '', '']);
    expect(rows[1]!.payload).toEqual(renamed);
    expect(rows[3]!.payload).toMatchObject({ name: 'Chácaras', parent: '07' });
    expect(rows[5]!.payload).toMatchObject({ email: 'nova@exemplo.example' });
    for (const row of rows) expect(problemsOf(row)).toEqual([]);
  });

  it('are entered once when two enter them at once, and the other changes them', async () => {
    const names = ['um', 'dois', 'três', 'quatro'];
    await Promise.all(names.map((name) => putBranch(erp.pool, { company: '1', code: '08', name }, MARIA)));
    const rows = await told();
    expect(rows.map(({ type, sequence }) => `${type.split('.')[2]} ${sequence}`)).toEqual([
      'registered 1',
      'changed 2',
      'changed 3',
      'changed 4',
    ]);
    expect((await exported('branches'))[0]!.data).toEqual(rows[3]!.payload);
  });

  it('leave nothing behind when the event cannot be written', async () => {
    await erp.pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$;
      create trigger refuse before insert on erp_outbox for each row execute function refuse()`);
    await expect(putBranch(erp.pool, { company: '1', code: '09' }, MARIA)).rejects.toThrow('the disk is full');
    await erp.pool.query('drop function refuse cascade');
    expect(await exported('branches')).toEqual([]);
  });

  it('are exported as their last event told them', async () => {
    await erp.openTitle(NEW_TITLE, MARIA);
    await putBranch(erp.pool, { company: '1', code: '01', name: 'Matriz' }, MARIA);
    const last = new Map((await told()).map((row) => [row.type.split('.')[1]!, row]));
    for (const [view, aggregate] of [
      ['branches', 'branch'],
      ['business_units', 'business-unit'],
      ['customers', 'customer'],
    ] as const) {
      const rows = await exported(view);
      expect(rows.map(({ data }) => data)).toEqual([last.get(aggregate)!.payload]);
    }
  });

  it('export titles exactly as the ERP shows them', async () => {
    await generate(erp, { companies: 1, titles: 80, movementsPerTitle: 9, seed: 3 }, clock);
    const shown = (await erp.titles({}, 200)).filter(({ status }) => ['open', 'partially-settled'].includes(status));
    const settled = (await erp.titles({ status: 'settled' }, 200)).filter(wasSettledSince(addDays(today, -365)));
    const canceled = (await erp.titles({ status: 'canceled' }, 200)).filter(wasSettledSince(addDays(today, -365)));
    const expected = [...shown, ...settled, ...canceled].map((title) => JSON.parse(JSON.stringify(title)));
    const rows = (await exported('receivables')).map(({ data }) => data as unknown as ReceivableChanged);
    expect(rows).toEqual(expected.toSorted((one, other) => (one.receivableId < other.receivableId ? -1 : 1)));
    expect(rows.length).toBeGreaterThan(20);
    for (const data of rows) {
      const row = { type: 'erp.receivable.snapshot.v1', aggregateid: data.receivableId, ...data, actor: 'x' };
      expect(problemsOf({ ...row, sequence: String(data.sequence), payload: { ...data } })).toEqual([]);
    }
  });

  it('export everything open, however old, plus everything with a settlement in the last 365 days, and no deleted title', async () => {
    const open = async (number: string) => {
      await erp.openTitle({ ...NEW_TITLE, number }, MARIA);
      return { company: '1', id: `${number}-1` };
    };
    await open('1');
    const partly = await open('2');
    await erp.settle(partly, { date: addDays(today, -500), amount: 40_00n }, MARIA);
    await erp.settle(await open('3'), { date: addDays(today, -365) }, MARIA);
    await erp.settle(await open('4'), { date: addDays(today, -366) }, MARIA);
    await erp.delete(await open('5'), today, MARIA);
    await erp.cancel(await open('6'), today, MARIA);
    expect((await exported('receivables')).map(({ id }) => id)).toEqual(['1-1', '2-1', '3-1']);
  });

  it('export titles by the very view the ERP guide shows', async () => {
    await generate(erp, { companies: 1, titles: 40, movementsPerTitle: 9, seed: 8 }, clock);
    const rows = await exported('receivables');
    const guide = readFileSync(join(process.cwd(), 'docs', 'erp-guide.md'), 'utf8');
    const view = /```sql\n(create or replace view ponte_export\.receivables[^`]+)```/.exec(guide)![1]!;
    await erp.pool.query('drop view ponte_export.receivables');
    await erp.pool.query(view);
    expect(await exported('receivables')).toEqual(rows);
    expect(rows.length).toBeGreaterThan(10);
  });

  it('read a page of titles by their index alone', async () => {
    await generate(erp, { companies: 2, titles: 600, movementsPerTitle: 1, seed: 4 }, clock);
    await erp.pool.query('analyze title');
    const { rows } = await erp.pool.query<{ 'QUERY PLAN': string }>(
      `explain select id, data from ponte_export.receivables where company = '1' and id > '' order by id limit 100`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/^Limit .*\n\s*->  Index Scan using title_pkey on title t/);
    expect(plan).not.toContain('Seq Scan');
  });
});

function wasSettledSince(day: string) {
  return ({ settlements }: ReceivableChanged) => settlements.some(({ date }) => date >= day);
}

/** What a reader of events has against the row. */
function problemsOf(row: Told): string[] {
  const { payload: data, type, company, branch, actor, sequence } = row;
  const event = {
    specversion: '1.0',
    id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0001',
    source: '/erp/demo',
    type,
    subject: `${type.split('.')[1]}/${row.aggregateid}`,
    time: '2026-07-10T12:00:00Z',
    company,
    branch,
    actor,
    sequence,
    data,
  };
  const read = readEvent(Buffer.from(JSON.stringify(event)), { contentType: 'application/cloudevents+json' });
  if (read.kind === 'event') return [];
  return read.kind === 'invalid' ? read.problems : [read.kind];
}
