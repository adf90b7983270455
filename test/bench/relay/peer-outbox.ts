import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type ConfirmChannel } from 'amqplib';
import pg from 'pg';
import {
  createReplicationSegmentMutexConcurrencyController,
  DatabaseSetup,
  getDisabledLogger,
  initializePollingMessageListener,
  initializeReplicationMessageListener,
  type GeneralMessageHandler,
  type PollingListenerConfig,
  type ReplicationListenerConfig,
} from 'pg-transactional-outbox';
import type { OutgoingEvent } from '#libs/outbox';
import { privateDatabase } from '#libs/testing';

const NAMES = {
  outboxOrInbox: 'outbox',
  schema: 'public',
  table: 'outbox',
  listenerRole: 'unused',
  nextMessagesName: 'next_outbox_messages',
} as const;

/** Its guards against poisonous messages are off, and it has a connection for each message it handles at once. */
const SETTINGS = {
  dbSchema: 'public',
  dbTable: 'outbox',
  enableMaxAttemptsProtection: false,
  enablePoisonousMessageProtection: false,
  messageCleanupIntervalInMs: 0,
};
/** The batch that came out fastest of 10, 30 and 60, with a connection for each message; its own default is 5. */
const AT_ONCE = 60;
const POLL_EVERY_MS = 5;
/** What fails comes back after this; 5 s by its own default. */
const LOCK_MS = 1_000;
/** A round ends here, done or not: what was marked by then counts. */
const LONGEST_ROUND_MS = 8_000;
/** What has not shut down by then is cut off. */
const LONGEST_SHUTDOWN_MS = 5_000;
const LONGEST_WAIT_FOR_SLOT_MS = 60_000;

/** Rows of one key follow each other (`segment`), as the relay keeps them. */
const FILL = `
  insert into outbox (id, aggregate_type, aggregate_id, message_type, segment, concurrency, payload, metadata)
  select gen_random_uuid(), 'receivable', e->>'key', 'erp.receivable.settled.v1', e->>'key', 'sequential',
    e->'payload', e->'metadata'
  from jsonb_array_elements($1::jsonb) e`;

type Listen = (handler: GeneralMessageHandler, url: string, rows: readonly OutgoingEvent[]) => Promise<Ending>;
type Ending = () => Promise<void>;

/** pg-transactional-outbox with its polling listener. @returns rows per second, marks included */
export function pollingRound(amqpUrl: string, events: readonly OutgoingEvent[]): Promise<number> {
  return peerRound(amqpUrl, events, async (handler, url, rows) => {
    await fill(url, rows);
    const config: PollingListenerConfig = {
      outboxOrInbox: 'outbox',
      dbListenerConfig: poolOf(url),
      dbHandlerConfig: poolOf(url),
      settings: {
        ...SETTINGS,
        nextMessagesFunctionName: NAMES.nextMessagesName,
        nextMessagesBatchSize: AT_ONCE,
        nextMessagesPollingIntervalInMs: POLL_EVERY_MS,
        nextMessagesLockInMs: LOCK_MS,
      },
    };
    const [shutdown] = initializePollingMessageListener(config, handler, getDisabledLogger(), {
      batchSizeStrategy: oneBatchAfterTheOther,
    });
    return () => inTime(shutdown);
  });
}

/** pg-transactional-outbox with its logical replication listener, one at a time per key. @returns rows per second */
export function replicationRound(amqpUrl: string, events: readonly OutgoingEvent[]): Promise<number> {
  const slot = `bench_${randomUUID().replaceAll('-', '')}`;
  return peerRound(amqpUrl, events, async (handler, url, rows) => {
    const database = new URL(url).pathname.slice(1);
    const replication = { ...NAMES, database, publication: slot, replicationSlot: slot };
    await asClient(url, (client) =>
      client.query(`create publication ${slot} for table public.outbox with (publish = 'insert')`),
    );
    await makeSlot(url, DatabaseSetup.setupReplicationSlot(replication));
    await fill(url, rows);
    const config: ReplicationListenerConfig = {
      outboxOrInbox: 'outbox',
      dbListenerConfig: { connectionString: url },
      dbHandlerConfig: poolOf(url),
      settings: { ...SETTINGS, dbPublication: slot, dbReplicationSlot: slot },
    };
    const [shutdown] = initializeReplicationMessageListener(config, handler, getDisabledLogger(), {
      concurrencyStrategy: createReplicationSegmentMutexConcurrencyController(),
    });
    return async () => {
      await inTime(shutdown);
      await dropSlot(url, slot);
    };
  });
}

/**
 * Its look for more locks rows that are being handled, and a message whose row is locked at that moment fails and rests
 * until its lock runs out: so it looks for a batch when the one before is done.
 */
const oneBatchAfterTheOther = async (inHand: number): Promise<number> => {
  if (inHand === 0) return AT_ONCE;
  await delay(1);
  return inHand;
};

async function peerRound(amqpUrl: string, events: readonly OutgoingEvent[], listen: Listen): Promise<number> {
  const database = await privateDatabase();
  const broker = await connect(amqpUrl);
  const channel = await broker.createConfirmChannel();
  await prepare(database.adminUrl);
  const handle = ({ payload, metadata }: { payload: unknown; metadata?: unknown }) =>
    publish(channel, Buffer.from(JSON.stringify(payload)), metadata as Metadata);
  const end = await listen({ handle }, database.adminUrl, events);
  const begun = performance.now();
  try {
    const marked = await asClient(database.adminUrl, (client) => countMarked(client, events.length));
    return (marked / (performance.now() - begun)) * 1_000;
  } finally {
    await end();
    await broker.close();
    await database.drop();
  }
}

interface Metadata {
  exchange: string;
  routingKey: string;
  properties: OutgoingEvent['properties'];
}

function publish(channel: ConfirmChannel, content: Buffer, metadata: Metadata): Promise<void> {
  const { exchange, routingKey, properties } = metadata;
  return new Promise((resolve, reject) => {
    const options = { ...properties, persistent: true, mandatory: true };
    channel.publish(exchange, routingKey, content, options, (refused: unknown) =>
      refused ? reject(new Error('the broker refused an event')) : resolve(),
    );
  });
}

/** In the words of its own set-up. */
async function prepare(url: string): Promise<void> {
  const names = { ...NAMES, database: new URL(url).pathname.slice(1) };
  await asClient(url, async (client) => {
    await client.query(DatabaseSetup.dropAndCreateTable(names));
    await client.query(DatabaseSetup.createPollingFunction(names));
    await client.query(DatabaseSetup.setupPollingIndexes(names));
  });
}

async function fill(url: string, events: readonly OutgoingEvent[]): Promise<void> {
  const rows = events.map(({ exchange, routingKey, content, properties }) => {
    const payload = JSON.parse(content.toString()) as { subject: string };
    return { key: payload.subject, payload, metadata: { exchange, routingKey, properties } };
  });
  await asClient(url, async (client) => {
    await client.query(FILL, [JSON.stringify(rows)]);
    await client.query('analyze outbox');
  });
}

/** @returns how many rows are marked when all are, or when the round has lasted long enough */
async function countMarked(client: pg.Client, rows: number): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const { rows: found } = await client.query<{ done: number }>(
      'select count(*)::int as done from outbox where processed_at is not null',
    );
    const { done } = found[0]!;
    if (done === rows || performance.now() - begun > LONGEST_ROUND_MS) return done;
    await delay(20);
  }
}

/** What does not stop is cut off with its database: left alone, its open transactions would hold up whoever comes next. */
async function inTime(shutdown: () => Promise<void>): Promise<void> {
  await Promise.race([shutdown(), delay(LONGEST_SHUTDOWN_MS, undefined, { ref: false })]);
}

/** A slot begins when every transaction of the server that is open just now has ended, whosesoever it is. */
async function makeSlot(url: string, statement: string): Promise<void> {
  await asClient(url, async (client) => {
    await client.query(`set statement_timeout = ${LONGEST_WAIT_FOR_SLOT_MS}`);
    await client.query(statement);
  });
}

/** Whoever still reads from it is cut off after a while. */
async function dropSlot(url: string, slot: string): Promise<void> {
  const begun = performance.now();
  await asClient(url, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ active: boolean; active_pid: number | null }>(
        'select active, active_pid from pg_replication_slots where slot_name = $1',
        [slot],
      );
      const [found] = rows;
      if (found?.active === false) await client.query('select pg_drop_replication_slot($1)', [slot]);
      if (found?.active !== true) return;
      if (performance.now() - begun > LONGEST_SHUTDOWN_MS)
        await client.query('select pg_terminate_backend($1)', [found.active_pid]);
      await delay(20);
    }
  });
}

/** It hands these to a pool of its own. */
function poolOf(url: string): pg.PoolConfig {
  return { connectionString: url, max: AT_ONCE };
}

async function asClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
