import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readEnvironment, StartRefused } from '#libs/runtime';
import { InboxWorld } from '../test/inbox-world.js';
import { InboxEnvironment } from './inbox-environment.js';

let world: InboxWorld;
beforeAll(async () => {
  world = await InboxWorld.open();
});
afterAll(() => world.close());

const COLUMNS = `id uuid primary key, source text, type text, subject text, company text, branch text,
  occurred_at timestamptz, payload jsonb, actor text, traceparent text`;

/** A table of the ERP's own making, open to the writer as told. */
async function createTable(columns: string, grants: string): Promise<void> {
  await world.erp.query(
    `drop table if exists theirs; create table theirs (${columns}); grant ${grants} on theirs to ${world.login}`,
  );
}
beforeEach(() => createTable(COLUMNS, 'insert, select (id)'));

/** The sentence the start is refused with. */
async function refusal(more: Record<string, string>): Promise<string> {
  const error = await world.start(more).then(
    async (app) => {
      await app.close();
      return new Error('it started');
    },
    (refused: Error) => refused,
  );
  expect(error).toBeInstanceOf(StartRefused);
  return error.message;
}

test('every mistake of the environment is told in one message, and no ERP is taken for granted', () => {
  const read = () =>
    readEnvironment(InboxEnvironment, {
      ...world.environment,
      ERP_SOURCE: '',
      INBOX_TYPES: '*.delivery.parked*.v1',
      INBOX_TABLE: 'a b',
      AMQP_MANAGEMENT_URL: '',
    });
  expect(read).toThrow(/4 mistakes/);
  expect(read).toThrow(/ERP_SOURCE\s+is missing: must be \/erp\/<instance>/);
  expect(read).toThrow(/"parked\*" of "\*\.delivery\.parked\*\.v1" is no word/);
});

test('a table that is not there is refused with the kit to install', async () => {
  const sentence = await refusal({ INBOX_TABLE: 'nothing_here' });
  expect(sentence).toContain('has no table nothing_here');
  expect(sentence).toContain(`install libs/outbox/sql/erp-inbox.v1.sql (kit version 1)`);
  expect(sentence).toContain(`grant ponte_inbox to ${world.login}`);
});

test('a table of another shape is refused with everything that is wrong with it', async () => {
  await createTable('id text, source text, payload text, mine int not null', 'insert, select (id)');
  const sentence = await refusal({ INBOX_TABLE: 'theirs' });
  expect(sentence).toContain('theirs has no column occurred_at');
  expect(sentence).toContain('column theirs.id is of type text: it must be uuid');
  expect(sentence).toContain('column theirs.payload is of type text: it must be jsonb or json');
  expect(sentence).toContain('theirs has columns that nobody fills (mine)');
  expect(sentence).toContain('theirs has no unique index on id alone');
});

test('a login that may not add results, or not see which are there, is refused with the grants to run', async () => {
  await createTable(COLUMNS, 'insert (id, source, type)');
  const sentence = await refusal({ INBOX_TABLE: 'theirs' });
  expect(sentence).toContain(
    `grant insert (subject, company, branch, occurred_at, payload, actor, traceparent) on theirs`,
  );
  expect(sentence).toContain(`grant select (id) on theirs to ${world.login}`);
});

test('a login that may read, change or remove what it wrote is refused, and so is a superuser', async () => {
  await createTable(COLUMNS, 'insert, select, update (payload), delete, truncate');
  expect(await refusal({ INBOX_TABLE: 'theirs' })).toContain(
    'may do more to theirs than add results (read source, type, subject, company, branch, occurred_at, payload, actor, ' +
      'traceparent; change payload; delete; truncate): revoke it',
  );
  expect(await refusal({ ERP_DATABASE_URL: world.ownerUrl })).toContain('may do more to erp_inbox than add results');
  expect(await refusal({ ERP_DATABASE_URL: world.superuserUrl })).toContain('is a superuser');
});

test('a login with the rights of the kit starts', async () => {
  const app = await world.start();
  const answer = await fetch(`${app.opsUrl}/health/ready`);
  await app.close();
  expect(answer.status).toBe(200);
});
