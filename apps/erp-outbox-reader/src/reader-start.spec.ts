import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openApp, readEnvironment, StartRefused } from '#libs/runtime';
import { ReaderWorld } from '../test/reader-world.js';
import { ReaderEnvironment } from './reader-environment.js';
import { ReaderModule } from './reader.module.js';

let world: ReaderWorld;
beforeAll(async () => {
  world = await ReaderWorld.open();
});
afterAll(() => world.close());

/** The sentence the start is refused with. */
async function refusal(more: Record<string, string>): Promise<string> {
  const environment = readEnvironment(ReaderEnvironment, { ...world.environment, LOG_LEVEL: 'fatal', ...more });
  const options = { name: 'erp-outbox-reader', environment: ReaderEnvironment, module: ReaderModule.for };
  const opened = openApp(options, environment).then(
    async (app) => {
      await app.close();
      return new Error('it started');
    },
    (error: Error) => error,
  );
  const error = await opened;
  expect(error).toBeInstanceOf(StartRefused);
  return error.message;
}

async function createTable(columns: string): Promise<void> {
  await world.erp.query(`drop table if exists theirs; create table theirs (${columns})`);
  await world.erp.query('grant select on theirs to ponte_reader');
}

const KEPT = `id uuid not null, aggregatetype text, aggregateid text, type text, payload jsonb, company text,
  branch text, sequence bigint, occurred_at timestamptz, actor text, partitionkey text, traceparent text`;

test('every mistake of the environment is told in one message', () => {
  const read = () =>
    readEnvironment(ReaderEnvironment, {
      ...world.environment,
      ERP_SOURCE: 'erp',
      OUTBOX_COLUMNS: 'occuredAt=created_at,company=',
      ERP_DATABASE_URL: 'mysql://x',
      REQUIRED_QUEUES: 'a b',
    });
  expect(read).toThrow(/4 mistakes/);
  expect(read).toThrow(/"occuredAt" is none of position, id/);
  expect(read).toThrow(/"" is no column name, for company/);
});

test('a table that is not there is refused with what to install or to set', async () => {
  const sentence = await refusal({ OUTBOX_TABLE: 'nothing_here' });
  expect(sentence).toContain('has no table nothing_here');
  expect(sentence).toContain('erp-outbox.v1.sql');
});

test('a table without a rising column is refused, and so is one whose rows are not kept until they are marked', async () => {
  await createTable(KEPT);
  const sentence = await refusal({ OUTBOX_TABLE: 'theirs' });
  expect(sentence).toContain('theirs has no column position: a whole number that rises with every row is needed');
  expect(sentence).toContain('theirs has no column published_at to mark rows in');
  expect(sentence).toContain('can only be read by logical decoding, which Ponte does not do');
});

test('a position that is not unique, or drawn many at a time, or no number, is refused', async () => {
  const marks = 'published_at timestamptz, parked_reason text';
  await createTable(`position bigint not null, ${KEPT}, ${marks}`);
  await world.erp.query('grant update (published_at, parked_reason) on theirs to ponte_reader');
  expect(await refusal({ OUTBOX_TABLE: 'theirs' })).toContain('theirs.position is not unique and not null');
  await createTable(`position bigint generated always as identity (cache 20) primary key, ${KEPT}, ${marks}`);
  await world.erp.query('grant update (published_at, parked_reason) on theirs to ponte_reader');
  expect(await refusal({ OUTBOX_TABLE: 'theirs' })).toContain('hands out 20 values at once to each session');
  await createTable(`position uuid primary key, ${KEPT}, ${marks}`);
  expect(await refusal({ OUTBOX_TABLE: 'theirs' })).toContain('theirs.position is of type uuid');
});

test('a time without its zone is refused: the same instant would be told differently after a change of the server', async () => {
  await createTable(
    `position bigserial primary key, ${KEPT.replace('timestamptz', 'timestamp')}, published_at timestamptz, parked_reason text`,
  );
  expect(await refusal({ OUTBOX_TABLE: 'theirs' })).toContain(
    'theirs.occurred_at is of type timestamp: for occurredAt it must be timestamptz',
  );
});

test('a login that may not mark is refused with the grant to run', async () => {
  await createTable(`position bigserial primary key, ${KEPT}, published_at timestamptz, parked_reason text`);
  expect(await refusal({ OUTBOX_TABLE: 'theirs' })).toMatch(
    /may not mark rows: grant update \(published_at, parked_reason\) on theirs to ponte_test_reader_/,
  );
});

test('a wrong password at the broker is refused at start, and never printed', async () => {
  const url = Object.assign(new URL(world.vhost.amqpUrl), { password: 'wrong-secret' }).href;
  const sentence = await refusal({ AMQP_URL: url });
  expect(sentence).toContain('the broker refuses the login');
  expect(sentence).not.toContain('wrong-secret');
});

test('an exchange with an alternate is refused: what nobody takes would never be returned', async () => {
  await world.channel.assertExchange('erp.events', 'topic', { durable: true, alternateExchange: 'catch.all' });
  expect(await refusal({})).toContain('exchange "erp.events" has the alternate exchange "catch.all"');
  await world.channel.deleteExchange('erp.events');
});
