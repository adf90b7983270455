/**
 * The same durable steps as Ponte's, straight ahead and in one process: read the outbox, publish confirmed, mark; take
 * from the queue, store inbox and delivery, acknowledge; call the partner; store attempt, settled delivery and outcome.
 * It promises nothing: no order, no lease, no dedupe, no retry; whatever fails ends it. It says how fast the steps can be.
 */
import { connect, type Channel, type ConfirmChannel, type ConsumeMessage } from 'amqplib';
import pg from 'pg';
import { Pool as HttpPool } from 'undici';
import { gather } from './gather.ts';

const { DATABASE_URL, AMQP_URL, PARTNER_URL } = process.env as Record<string, string>;
const READ_AT_ONCE = 500;
const PREFETCH = 1_000;
const CALLS_AT_ONCE = 64;
const QUEUE = 'straight.events';

const READ = `
  select position, id, type, aggregateid, payload from erp_outbox
  where published_at is null and position > $1 order by position limit ${READ_AT_ONCE}`;
const MARK = 'update erp_outbox set published_at = now() where position = any($1::bigint[])';
const TAKE = `
  with taken as (
    insert into inbox (event_id, type) select e->>'id', e->>'type' from jsonb_array_elements($1::jsonb) e returning 1)
  insert into delivery (event_id, body) select e->>'id', e->'body' from jsonb_array_elements($1::jsonb) e`;
const SETTLE = `
  with gone as (delete from delivery where event_id = any($1::text[]) returning event_id, body),
    tried as (insert into attempt (event_id, outcome) select event_id, 'delivered' from gone returning 1),
    settled as (insert into delivery_settled (event_id, body) select event_id, body from gone returning 1)
  insert into outcome (event_id, payload) select event_id, jsonb_build_object('deliveryId', event_id) from gone`;

interface Row {
  position: string;
  id: string;
  type: string;
  aggregateid: string;
  payload: object;
}

interface Taken {
  id: string;
  type: string;
  body: { receivableId: string };
  message: ConsumeMessage;
}

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 8 });
const http = new HttpPool(PARTNER_URL!, { connections: CALLS_AT_ONCE });
const broker = await connect(AMQP_URL!);
const publishing = await broker.createConfirmChannel();
const taking = await (await connect(AMQP_URL!)).createChannel();

await taking.assertExchange('erp.events', 'topic', { durable: true });
await taking.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
await taking.bindQueue(QUEUE, 'erp.events', '#');
await taking.prefetch(PREFETCH);

const settle = gather<string>((ids) => pool.query(SETTLE, [ids]));
const take = gather<Taken>((batch) => store(taking, batch));
await taking.consume(QUEUE, (message) => message && take(read(message)));
process.once('disconnect', () => process.exit(1)); // its parent is gone
process.send!('ready');
process.once('SIGTERM', () => process.exit(0));
await publishOnAndOn(publishing);

async function publishOnAndOn(channel: ConfirmChannel): Promise<void> {
  for (let last = '0'; ;) {
    const { rows } = await pool.query<Row>(READ, [last]);
    if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const row of rows) publish(channel, row);
    await channel.waitForConfirms();
    if (rows.length > 0) await pool.query(MARK, [rows.map(({ position }) => position)]);
    last = rows.at(-1)?.position ?? last;
  }
}

function publish(channel: ConfirmChannel, { id, type, aggregateid, payload }: Row): void {
  const subject = `receivable/${aggregateid}`;
  const event = { specversion: '1.0', id, type, source: '/erp/bench', subject, data: payload };
  const options = { persistent: true, mandatory: true, messageId: id, type, headers: { partitionkey: subject } };
  channel.publish('erp.events', type, Buffer.from(JSON.stringify(event)), options);
}

function read(message: ConsumeMessage): Taken {
  const { id, type, data } = JSON.parse(message.content.toString()) as {
    id: string;
    type: string;
    data: Taken['body'];
  };
  return { id, type, body: data, message };
}

async function store(channel: Channel, batch: Taken[]): Promise<void> {
  await pool.query(TAKE, [JSON.stringify(batch.map(({ id, type, body }) => ({ id, type, body })))]);
  for (const { message } of batch) channel.ack(message);
  for (const one of batch) void call(one);
}

async function call({ id, body }: Taken): Promise<void> {
  const path = `/api/v1/financials?external_id_financial=${body.receivableId}`;
  const headers = { 'content-type': 'application/json' };
  const answer = await http.request({ method: 'PUT', path, headers, body: JSON.stringify(body) });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`the partner answered ${answer.statusCode}`);
  settle(id);
}
