import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool, type PoolClient } from 'pg';
import { sampleOf, type EventTypesMatching, type HubEvent, type ReceivableStatus } from '#libs/contracts';
import { connectionSettings, inTransaction, migrate } from '#libs/runtime';
import { eventually, privateDatabase, type PrivateDatabase } from '#libs/testing';
import {
  applyReceivables,
  beginWalk,
  countMissed,
  endWalk,
  isFillStale,
  lockTitlesToLoad,
  readFill,
  readReceivable,
  renewFillWish,
  sayFillWishes,
  RECEIVABLES_MIGRATIONS,
  wantFill,
  type ReceivableEvent,
} from './index.js';

const SOURCE = '/erp/demo';
const STARTED_AT = '2026-08-01T03:00:00.000Z';

let database: PrivateDatabase;
let pool: Pool;
let position = 0n;
let company: string;
let companies = 0;

beforeAll(async () => {
  database = await privateDatabase({
    template: 'receivables',
    migrate: (url) => migrate(url, 'receivables', RECEIVABLES_MIGRATIONS),
  });
  pool = new Pool(connectionSettings({ url: database.url, schema: 'receivables', applicationName: 'fill-spec' }));
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(() => {
  companies += 1;
  company = String(companies);
});

type Kind = EventTypesMatching<'erp.receivable.*.v1'>;
interface Shape {
  sequence?: number;
  status?: ReceivableStatus;
  settledOn?: string;
}

function title(type: Kind, id: string, { sequence = 1, status = 'open', settledOn }: Shape = {}): ReceivableEvent {
  const event = { ...sampleOf('erp.receivable.opened.v1'), type } as ReceivableEvent;
  const settlements = settledOn
    ? [{ id: 's', date: settledOn, amount: '1.00', discount: '0.00', fine: '0.00', interest: '0.00' }]
    : [];
  const data = { ...event.data, receivableId: id, sequence, status, settlements };
  return { ...event, id: randomUUID(), company, data };
}

/** Each with the next position, in one batch. */
const apply = (...events: ReceivableEvent[]) =>
  inTransaction(pool, (client) =>
    applyReceivables(
      client,
      events.map((event) => ({ event, position: ++position })),
    ),
  );

async function begin(backfillId = randomUUID()): Promise<string> {
  await inTransaction(pool, (client) => beginWalk(client, walkEvent({ backfillId }), ++position));
  return backfillId;
}

async function end(backfillId: string, more: { skipped?: number; skippedIds?: string[] } = {}): Promise<void> {
  const data = { backfillId, rows: 1, finishedAt: STARTED_AT, ...more };
  await inTransaction(pool, (client) => endWalk(client, walkEvent(data), ++position));
}

function walkEvent(data: object): HubEvent {
  const event = sampleOf('ponte.backfill.started.v1') as HubEvent;
  return { ...event, company, data: { ...event.data, company, startedAt: STARTED_AT, ...data } } as HubEvent;
}

const statusOf = async (id: string) => (await readReceivable(pool as never, SOURCE, company, id))?.data.status;

function load(
  wish: { above?: string; notMovedAfter?: string; owedOrSettledSince?: string },
  client: Pool | PoolClient = pool,
) {
  const { above = '0', notMovedAfter = String(position), owedOrSettledSince } = wish;
  const all = { source: SOURCE, company, after: '', above, notMovedAfter, owedOrSettledSince, limit: 100 };
  return lockTitlesToLoad(client, all).then((titles) => titles.map(({ receivableId }) => receivableId));
}

describe('A walk through the titles of an ERP', () => {
  it('sweeps as deleted what it had to show and did not', async () => {
    await apply(
      title('erp.receivable.opened.v1', 'seen'),
      title('erp.receivable.opened.v1', 'gone'),
      title('erp.receivable.settled.v1', 'paid lately', { status: 'settled', settledOn: '2026-07-01' }),
    );
    const walk = await begin();
    await apply(title('erp.receivable.snapshot.v1', 'seen'));
    await end(walk);
    expect(await statusOf('seen')).toBe('open');
    expect(await statusOf('gone')).toBe('deleted');
    expect(await statusOf('paid lately')).toBe('deleted');
    expect(await readFill(pool, SOURCE, company)).toMatchObject({ rows: 1, swept: 2, walking: false });
  });

  it('leaves what it need not show: settled more than a year ago, canceled', async () => {
    await apply(
      title('erp.receivable.settled.v1', 'old', { status: 'settled', settledOn: '2025-07-30' }),
      title('erp.receivable.canceled.v1', 'canceled', { status: 'canceled' }),
    );
    await end(await begin());
    expect([await statusOf('old'), await statusOf('canceled')]).toEqual(['settled', 'canceled']);
  });

  it('leaves what had an event since it began, though its row was read before it was there', async () => {
    const walk = await begin();
    await apply(title('erp.receivable.opened.v1', 'new'));
    await end(walk);
    expect(await statusOf('new')).toBe('open');
  });

  it('leaves what had an event older than what is known, since it began', async () => {
    await apply(title('erp.receivable.opened.v1', 'late', { sequence: 5 }));
    const walk = await begin();
    await apply(title('erp.receivable.adjusted.v1', 'late', { sequence: 4 }));
    await end(walk);
    expect(await statusOf('late')).toBe('open');
  });

  it('leaves rows it could not read, and sweeps nothing where it cannot name them all', async () => {
    await apply(title('erp.receivable.opened.v1', 'unreadable'), title('erp.receivable.opened.v1', 'gone'));
    await end(await begin(), { skipped: 200, skippedIds: ['unreadable'] });
    expect(await statusOf('gone')).toBe('open');
    await end(await begin(), { skipped: 1, skippedIds: ['unreadable'] });
    expect([await statusOf('unreadable'), await statusOf('gone')]).toEqual(['open', 'deleted']);
  });

  it('whose place another has taken sweeps nothing when it ends', async () => {
    await apply(title('erp.receivable.opened.v1', 'seen by the first'));
    const first = await begin();
    await apply(title('erp.receivable.snapshot.v1', 'seen by the first'));
    const second = await begin();
    await end(first);
    expect(await statusOf('seen by the first')).toBe('open');
    await end(second);
    expect(await statusOf('seen by the first')).toBe('deleted');
  });

  it('brings back a title that was swept by mistake when its next event comes', async () => {
    await apply(title('erp.receivable.opened.v1', 'swept'));
    await end(await begin());
    await apply(title('erp.receivable.adjusted.v1', 'swept', { sequence: 2 }));
    expect(await statusOf('swept')).toBe('open');
  });
});

describe('A walk after the first', () => {
  const missed = async () => (await readFill(pool, SOURCE, company)).missed;

  it('finds what the ERP changed without an event, and forgets it when the movement comes', async () => {
    await apply(title('erp.receivable.opened.v1', 'known'), title('erp.receivable.opened.v1', 'changed silently'));
    const first = await begin();
    await apply(title('erp.receivable.snapshot.v1', 'known'), title('erp.receivable.snapshot.v1', 'changed silently'));
    await end(first);
    expect(await missed()).toBe(0);
    const second = await begin();
    await apply(
      title('erp.receivable.snapshot.v1', 'known'),
      title('erp.receivable.snapshot.v1', 'changed silently', { sequence: 2, status: 'settled' }),
      title('erp.receivable.snapshot.v1', 'entered silently'),
    );
    await end(second);
    expect(await missed()).toBe(2);
    expect(await countMissed(pool)).toContainEqual({ source: SOURCE, company, missed: 2 });
    await apply(title('erp.receivable.settled.v1', 'changed silently', { sequence: 2, status: 'settled' }));
    expect(await missed()).toBe(1);
  });

  it('is due when the last one is older than the days it may be', async () => {
    await end(await begin());
    await pool.query(`update receivable_fill set filled_at = now() - interval '8 days' where company = $1`, [company]);
    expect(await isFillStale(pool, SOURCE, company, 7)).toBe(true);
    expect(await isFillStale(pool, SOURCE, company, 9)).toBe(false);
    await renewFillWish(pool, { source: SOURCE, company, requestedBy: 'ponte' });
    expect(await isFillStale(pool, SOURCE, company, 7)).toBe(false);
  });
});

describe('The wish for a walk', () => {
  it('stands, under one id, until a walk begins; and is none once the titles were read whole', async () => {
    const wish = () => wantFill(pool, { source: SOURCE, company, requestedBy: 'customerx' });
    const said = async (againAfter: number) => (await sayFillWishes(pool, againAfter)).map((open) => open.backfillId);
    const first = await wish();
    expect((await wish())?.backfillId).toBe(first!.backfillId);
    expect(await said(0)).toContain(first!.backfillId);
    expect(await said(60)).not.toContain(first!.backfillId);
    expect(await said(0)).toContain(first!.backfillId);
    const walk = await begin();
    expect(await said(0)).not.toContain(first!.backfillId);
    await end(walk);
    expect(await wish()).toBeUndefined();
  });
});

describe('What a load finds', () => {
  it('is what is owed, and not what moved since: the movement told of it', async () => {
    await apply(
      title('erp.receivable.opened.v1', 'a'),
      title('erp.receivable.opened.v1', 'b'),
      title('erp.receivable.settled.v1', 'c', { status: 'settled' }),
    );
    const readyAt = String(position);
    await apply(title('erp.receivable.adjusted.v1', 'b', { sequence: 2 }));
    expect(await load({ notMovedAfter: readyAt, owedOrSettledSince: 'infinity' })).toEqual(['a']);
  });

  it('is, where the partner asks for it, what was settled from a day on as well', async () => {
    await apply(
      title('erp.receivable.opened.v1', 'owed'),
      title('erp.receivable.settled.v1', 'before', { status: 'settled', settledOn: '2025-06-09' }),
      title('erp.receivable.settled.v1', 'on that day', { status: 'settled', settledOn: '2025-06-10' }),
    );
    expect(await load({ owedOrSettledSince: '2025-06-10' })).toEqual(['on that day', 'owed']);
  });

  it('is what a snapshot brought after that moment', async () => {
    const readyAt = String(position);
    await apply(title('erp.receivable.snapshot.v1', 'from the walk'));
    expect(await load({ notMovedAfter: readyAt, owedOrSettledSince: 'infinity' })).toEqual(['from the walk']);
  });

  it('is, of a difference, what changed since, deletions too, and not what a walk saw as it was', async () => {
    await apply(
      title('erp.receivable.opened.v1', 'same'),
      title('erp.receivable.opened.v1', 'changed'),
      title('erp.receivable.opened.v1', 'deleted'),
    );
    const toldUpTo = String(position);
    await apply(
      title('erp.receivable.snapshot.v1', 'same'),
      title('erp.receivable.adjusted.v1', 'changed', { sequence: 2 }),
      title('erp.receivable.deleted.v1', 'deleted', { sequence: 2, status: 'deleted' }),
    );
    expect(await load({ above: toldUpTo })).toEqual(['changed', 'deleted']);
  });

  it('excludes a title whose movement is just coming in: the load waits for it', async () => {
    await apply(title('erp.receivable.opened.v1', 'moving'));
    const readyAt = String(position);
    const live = await pool.connect();
    await live.query('begin');
    const moved = title('erp.receivable.adjusted.v1', 'moving', { sequence: 2 });
    await applyReceivables(live, [{ event: moved, position: ++position }]);
    const loading = inTransaction(pool, (client) =>
      load({ notMovedAfter: readyAt, owedOrSettledSince: 'infinity' }, client),
    );
    const WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await eventually(async () => (await pool.query(WAITING)).rowCount === 1);
    await live.query('commit');
    live.release();
    expect(await loading).toEqual([]);
  });
});
