import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { connectionSettings, inTransaction, migrate } from '#libs/runtime';
import { KeptPlans, privateDatabase, type PrivateDatabase } from '#libs/testing';
import { RECEIVABLES_MIGRATIONS } from './index.js';
import { LOCK_RECEIVABLES, TOUCH_RECEIVABLES, WRITE_RECEIVABLES } from './receivables.sql.js';

const MANY = 20_000;
const AT_ONCE = 500;
/** What the best plans do for each title, in rows that pass from node to node of the plan, and half again. */
const STEPS_FOR_EACH = 10;

/** $1 from, $2 to */
const TITLES = `
  insert into receivable (source, company, receivable_id, branch, status, sequence, position, data)
  select '/erp/demo', '1', n::text, '01', 'open', 1, n, '{}' from generate_series($1::int, $2::int) n`;

const each = (count: number, value: unknown) => Array.from({ length: count }, () => value);
const keys = (count: number) => [
  each(count, '/erp/demo'),
  each(count, '1'),
  Array.from({ length: count }, (_, at) => String(at + 1)),
];

const STATEMENTS = {
  LOCK_RECEIVABLES: { statement: LOCK_RECEIVABLES, values: keys },
  TOUCH_RECEIVABLES: {
    statement: TOUCH_RECEIVABLES,
    values: (count: number) => [...keys(count), each(count, 2), each(count, 0)],
  },
  WRITE_RECEIVABLES: {
    statement: WRITE_RECEIVABLES,
    values: (count: number) => [...keys(count), ...['01', 'open', 2, 2, '{}', 0].map((value) => each(count, value))],
  },
};

describe.each([0, 1, 3, 30])('Planned while there were %d titles', (few) => {
  let database: PrivateDatabase;
  let pool: Pool;
  let plans: KeptPlans;

  beforeAll(async () => {
    database = await privateDatabase({
      template: 'receivables',
      migrate: (url) => migrate(url, 'receivables', RECEIVABLES_MIGRATIONS),
    });
    const settings = connectionSettings({
      url: database.url,
      schema: 'receivables',
      applicationName: 'kept-plans-spec',
    });
    pool = new Pool({ ...settings, max: 1 });
    plans = new KeptPlans(pool, inTransaction);
    await pool.query('alter table receivable set (autovacuum_enabled = off)');
    await pool.query(TITLES, [1, few]);
    await pool.query('vacuum analyze receivable');
    for (const { statement, values } of Object.values(STATEMENTS)) await plans.keep(statement, values(few));
    await pool.query(TITLES, [few + 1, MANY]);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  describe.each([
    ['its plan kept', 'then'],
    ['planned anew by what was known then', 'anew'],
  ] as const)('and %s', (_, planned) => {
    it.each(Object.keys(STATEMENTS))('%s does no more than its titles ask for', async (name) => {
      const { statement, values } = STATEMENTS[name as keyof typeof STATEMENTS];
      const steps = await plans.steps(statement, values(AT_ONCE), planned);
      expect(steps).toBeGreaterThanOrEqual(AT_ONCE);
      expect(steps).toBeLessThan(AT_ONCE * STEPS_FOR_EACH);
    });
  });
});
