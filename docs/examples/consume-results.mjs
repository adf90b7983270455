// AMQP_URL=amqp://erp-acme-results:…@broker/ponte QUEUE=erp-acme.results DATABASE=results.db node consume-results.mjs
import { DatabaseSync } from 'node:sqlite'; // stands for the ERP's own database
import { connect } from 'amqplib';

const database = new DatabaseSync(process.env.DATABASE, { timeout: 5_000 });
database.exec('create table if not exists result (id text primary key, type text, subject text, data text)');
const insert = database.prepare('insert into result values (?, ?, ?, ?) on conflict (id) do nothing');

/** In one transaction: the id, by which a result that comes twice is known, and whatever the ERP makes of it. */
function take({ id, type, subject, data }) {
  database.exec('begin immediate');
  try {
    const isNew = insert.run(id.toLowerCase(), type, subject, JSON.stringify(data)).changes === 1;
    // Here the ERP acts on it, on this database, in this transaction, and only where it is new.
    database.exec('commit');
    return isNew;
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}

function read(message) {
  try {
    const event = JSON.parse(message.content.toString('utf8'));
    if (typeof event.id === 'string' && typeof event.type === 'string') return event;
  } catch {
    // It is nothing that could be read.
  }
  return undefined;
}

const connection = await connect(process.env.AMQP_URL);
const channel = await connection.createChannel();
channel.on('close', () => process.exit(1)); // whoever supervises this starts it again, and what was not acknowledged comes again
await channel.prefetch(50);
await channel.consume(process.env.QUEUE, (message) => {
  if (message === null) process.exit(1); // the queue was deleted
  const event = read(message);
  if (event === undefined) {
    channel.reject(message, false); // to the dead letters: it will never be readable
    console.log('rejected');
    return;
  }
  // Should this throw, the process ends here: what is not committed is not acknowledged, and comes again in its order.
  const isNew = take(event);
  channel.ack(message); // after the commit, never before
  console.log(`${isNew ? 'took' : 'knew'} ${event.type} ${event.id}`);
});
