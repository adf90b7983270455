/**
 * How fast the relay is, beside the fastest thing that gives the same promise to one message: a loop that publishes the
 * same bytes and headers, persistent, mandatory and confirmed, with as many unconfirmed, and does nothing else.
 *
 *   npm run bench -- relay [rows=100000] [titles=5000] [rounds=5]
 *
 * Rounds alternate; a round of the relay ends when every row is marked.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';
import pg from 'pg';
import { BrokerConnection, ConfirmPublisher, publisherTopology } from '#libs/broker';
import { sampleOf } from '#libs/contracts';
import {
  CREATE_LEASE,
  Lease,
  OUTBOX_COLUMNS,
  OutboxReader,
  Relay,
  type EventPublisher,
  type OutgoingEvent,
} from '#libs/outbox';
import { privateDatabase, privateVhost } from '#libs/testing';

const WINDOW = 2_000;
const QUEUE = 'audit.events';

const setting = (name: string, otherwise: number) =>
  Number(process.argv.find((argument) => argument.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise);
const rows = setting('rows', 100_000);
const titles = setting('titles', 5_000);
const rounds = setting('rounds', 5);

const kit = readFileSync(new URL('../../libs/outbox/sql/erp-outbox.v1.sql', import.meta.url), 'utf8');
const [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
const erp = new pg.Client({ connectionString: database.adminUrl });
await erp.connect();
await erp.query(kit);
await erp.query(CREATE_LEASE);
await fillTemplate();

const plain = await connect(vhost.amqpUrl);
const behind = await plain.createChannel();
await behind.assertExchange('erp.events', 'topic', { durable: true });
const events = await captureEvents();
const bytes = events.reduce((sum, event) => sum + event.content.length, 0) / events.length;
say(`${rows} rows of ${titles} titles, ${Math.round(bytes)} bytes an event, ${WINDOW} unconfirmed, ${rounds} rounds`);
say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`);

const rates: { raw: number; relay: number }[] = [];
for (let round = 1; round <= rounds; round += 1) {
  const raw = await inAFreshQueue(rawRound);
  const relay = await inAFreshQueue(relayRound);
  rates.push({ raw, relay });
  say(`round ${round}: raw ${perSecond(raw)}, relay ${perSecond(relay)}, ratio ${(relay / raw).toFixed(2)}`);
}
const raw = median(rates.map((each) => each.raw));
const relay = median(rates.map((each) => each.relay));
const ratios = rates.map((each) => each.relay / each.raw);
say(`median: raw ${perSecond(raw)}, relay ${perSecond(relay)}, ratio of medians ${(relay / raw).toFixed(2)}`);
say(
  `ratios: ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}, median ${median(ratios).toFixed(2)}`,
);

await plain.close();
await erp.end();
await vhost.drop();
await database.drop();

/** A title's data as an ERP writes it, in the order in which a busy day brings them: title after title, again and again. */
async function fillTemplate(): Promise<void> {
  const { data } = sampleOf('erp.receivable.settled.v1');
  await erp.query('create table template (n int, payload jsonb)');
  await erp.query(
    `insert into template select n, $3::jsonb || jsonb_build_object('receivableId', 'T-' || n % $2, 'sequence', n / $2)
     from generate_series(1, $1) n`,
    [rows, titles, JSON.stringify(data)],
  );
}

async function fillOutbox(): Promise<void> {
  await erp.query('truncate erp_outbox restart identity');
  await erp.query('truncate lease');
  await erp.query(
    `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, sequence, actor)
     select 'receivable', payload->>'receivableId', 'erp.receivable.settled.v1', payload, '1', '3', n, 'rui.cobranca'
     from template order by n`,
  );
  await erp.query('analyze erp_outbox');
  await erp.query('checkpoint');
}

/** The very events the relay sends, taken from a relay whose broker confirms everything at once. */
async function captureEvents(): Promise<OutgoingEvent[]> {
  await fillOutbox();
  const captured: OutgoingEvent[] = [];
  const begun = performance.now();
  await relayAll({
    state: 'open',
    on: () => undefined,
    send: (event, settle) => {
      captured.push(event);
      queueMicrotask(() => settle('confirmed'));
    },
  });
  say(`without a broker the relay does ${perSecond((rows / (performance.now() - begun)) * 1_000)}`);
  return captured;
}

async function inAFreshQueue(round: () => Promise<number>): Promise<number> {
  await behind.deleteQueue(QUEUE);
  await behind.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await behind.bindQueue(QUEUE, 'erp.events', '#');
  await fillOutbox();
  await delay(1_000);
  return round();
}

/** @returns rows per second */
async function rawRound(): Promise<number> {
  const connection = await connect(vhost.amqpUrl);
  const channel = await connection.createConfirmChannel();
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    let next = 0;
    let done = 0;
    const confirmed = () => {
      done += 1;
      if (done === events.length) resolve();
      else send();
    };
    const send = () => {
      while (next < events.length && next - done < WINDOW) {
        const { exchange, routingKey, content, properties } = events[next++]!;
        channel.publish(exchange, routingKey, content, { ...properties, persistent: true, mandatory: true }, confirmed);
      }
    };
    send();
  });
  const rate = (rows / (performance.now() - begun)) * 1_000;
  await connection.close();
  return rate;
}

/** @returns rows per second, marks included */
async function relayRound(): Promise<number> {
  const connection = new BrokerConnection(vhost.amqpUrl, 'bench');
  const publisher = new ConfirmPublisher(connection, publisherTopology());
  const ready = once(publisher, 'ready');
  await connection.open();
  await ready;
  const begun = performance.now();
  await relayAll(publisher);
  const rate = (rows / (performance.now() - begun)) * 1_000;
  await publisher.close();
  await connection.close();
  return rate;
}

/** Resolves when every row is published and marked. */
async function relayAll(publisher: EventPublisher): Promise<void> {
  const pool = new pg.Pool({ connectionString: database.adminUrl, max: 4 });
  const relay = new Relay({
    reader: new OutboxReader(pool, { name: 'erp_outbox', columns: OUTBOX_COLUMNS }, 'stamp'),
    lease: new Lease({ pool, name: 'relay' }),
    publisher,
    exchange: 'erp.events',
    source: '/erp/bench',
    unconfirmedMax: WINDOW,
    onNotice: (notice) => notice.kind === 'paused' && say(`paused: ${notice.reason}`),
  });
  relay.start();
  while (relay.report().published < rows) await delay(2);
  await relay.stop();
  const { rowCount } = await pool.query('select from erp_outbox where published_at is null limit 1');
  if (rowCount !== 0) throw new Error('the relay stopped with unmarked rows');
  await pool.end();
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')}/s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
