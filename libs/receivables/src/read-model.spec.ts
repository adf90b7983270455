import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { sampleOf, type EventTypesMatching } from '#libs/contracts';
import { connectionSettings, inTransaction, migrate } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { applyReceivables, readReceivable, RECEIVABLES_MIGRATIONS, type ReceivableEvent } from './index.js';
import { LOCK_RECEIVABLES, TOUCH_RECEIVABLES } from './receivables.sql.js';

let database: PrivateDatabase;
let pool: Pool;
let position = 0n;

beforeAll(async () => {
  database = await privateDatabase({
    template: 'receivables',
    migrate: (url) => migrate(url, 'receivables', RECEIVABLES_MIGRATIONS),
  });
  pool = new Pool(
    connectionSettings({ url: database.url, schema: 'receivables', applicationName: 'receivables-spec' }),
  );
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

type ReceivableType = EventTypesMatching<'erp.receivable.*.v1'>;

function title(id: string, company = '1') {
  return (type: ReceivableType, sequence: number, openAmount = '10.00'): ReceivableEvent => {
    const event = sampleOf(type) as ReceivableEvent;
    return { ...event, id: randomUUID(), company, data: { ...event.data, receivableId: id, sequence, openAmount } };
  };
}

function apply(...events: ReceivableEvent[]) {
  const placed = events.map((event) => ({ event, position: ++position }));
  return inTransaction(pool, (client) => applyReceivables(client, placed));
}

async function known(id: string, company = '1') {
  const found = await readReceivable(pool as never, '/erp/demo', company, id);
  return found && { sequence: found.sequence, openAmount: found.data.openAmount, status: found.data.status };
}

async function anomaliesOf(id: string) {
  const statement = 'select kind, known::int, came::int from sequence_anomaly where receivable_id = $1 order by id';
  return (await pool.query(statement, [id])).rows;
}

interface Explained {
  Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };
}

/** Pages looked at by a statement that is carried out and rolled back. */
async function pagesOf(statement: string, values: unknown[]): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${statement}`, values);
    const { Plan: plan } = (rows[0]['QUERY PLAN'] as [Explained])[0];
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** Of one company, and nobody has analyzed the table since. */
const MANY_TITLES = `
  insert into receivable (source, company, receivable_id, branch, status, sequence, position, data)
  select '/erp/demo', 'many', n::text, '01', 'open', 1, n, '{}' from generate_series(1, 20000) n`;

describe('the read model of titles', () => {
  it('looks a title up by its key, among all those of a company on the first day, in a table nobody has analyzed', async () => {
    await pool.query('alter table receivable set (autovacuum_enabled = off)');
    await pool.query(MANY_TITLES);
    const ids = Array.from({ length: 100 }, (_, n) => String(n * 200 + 1));
    const [sources, companies] = [ids.map(() => '/erp/demo'), ids.map(() => 'many')];
    expect(await pagesOf(LOCK_RECEIVABLES.text, [sources, companies, ids])).toBeLessThan(100 * 20);
    const places = ids.map(() => 1);
    expect(await pagesOf(TOUCH_RECEIVABLES.text, [sources, companies, ids, places, places])).toBeLessThan(100 * 40);
  });

  it('keeps the state with the highest sequence, whatever comes after it', async () => {
    const event = title('highest');
    await apply(event('erp.receivable.opened.v1', 1, '30.00'));
    await apply(event('erp.receivable.settled.v1', 3, '20.00'));
    await apply(event('erp.receivable.adjusted.v1', 2, '99.00'));
    expect(await known('highest')).toMatchObject({ sequence: 3n, openAmount: '20.00' });
  });

  it('takes several events of one title in one batch, the last by sequence winning, without a false anomaly', async () => {
    const event = title('batch');
    await apply(
      event('erp.receivable.opened.v1', 1, '30.00'),
      event('erp.receivable.adjusted.v1', 2, '40.00'),
      event('erp.receivable.settled.v1', 3, '5.00'),
    );
    expect(await known('batch')).toMatchObject({ sequence: 3n, openAmount: '5.00' });
    expect(await anomaliesOf('batch')).toEqual([]);
  });

  it('says at which position a title last moved, and leaves the movement out of what it keeps', async () => {
    const event = title('moved');
    await apply(event('erp.receivable.opened.v1', 1), event('erp.receivable.settled.v1', 2));
    const found = await readReceivable(pool as never, '/erp/demo', '1', 'moved');
    expect(found?.position).toBe(position);
    expect(found?.data).not.toHaveProperty('movement');
  });

  it('is not changed by an older snapshot, and is by a newer one, neither being an anomaly', async () => {
    const event = title('snapshot');
    await apply(event('erp.receivable.opened.v1', 5, '50.00'));
    await apply(event('erp.receivable.snapshot.v1', 4, '40.00'));
    expect(await known('snapshot')).toMatchObject({ sequence: 5n, openAmount: '50.00' });
    await apply(event('erp.receivable.snapshot.v1', 8, '80.00'));
    expect(await known('snapshot')).toMatchObject({ sequence: 8n, openAmount: '80.00' });
    expect(await anomaliesOf('snapshot')).toEqual([]);
  });

  it('keeps a deleted title as a tombstone that a snapshot read earlier does not bring back', async () => {
    const event = title('deleted');
    await apply(event('erp.receivable.opened.v1', 1), event('erp.receivable.deleted.v1', 2));
    await apply(event('erp.receivable.snapshot.v1', 1));
    expect(await known('deleted')).toMatchObject({ sequence: 2n, status: 'deleted' });
  });

  it('records a gap, a repeat and a fall of the sequence, and drops nothing for it', async () => {
    const event = title('odd');
    await apply(event('erp.receivable.opened.v1', 1));
    const told = [
      ...(await apply(event('erp.receivable.adjusted.v1', 4))),
      ...(await apply(event('erp.receivable.adjusted.v1', 4, '44.00'))),
      ...(await apply(event('erp.receivable.adjusted.v1', 2))),
    ];
    expect(told.map(({ kind }) => kind)).toEqual(['gap', 'repeat', 'fall']);
    expect(await anomaliesOf('odd')).toEqual([
      { kind: 'gap', known: 1, came: 4 },
      { kind: 'repeat', known: 4, came: 4 },
      { kind: 'fall', known: 4, came: 2 },
    ]);
    expect(await known('odd')).toMatchObject({ sequence: 4n, openAmount: '44.00' });
  });

  it('keeps titles of the same number of two companies apart', async () => {
    await apply(
      title('same', '1')('erp.receivable.opened.v1', 1, '1.00'),
      title('same', '2')('erp.receivable.opened.v1', 7, '2.00'),
    );
    expect(await known('same', '1')).toMatchObject({ sequence: 1n, openAmount: '1.00' });
    expect(await known('same', '2')).toMatchObject({ sequence: 7n, openAmount: '2.00' });
    expect(await anomaliesOf('same')).toEqual([]);
  });
});
