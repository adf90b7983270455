// AMQP_URL=amqp://erp-acme:…@broker/ponte node publish-events.mjs event.json …
import { readFile } from 'node:fs/promises';
import { connect } from 'amqplib';

const url = process.env.AMQP_URL;
const user = decodeURIComponent(new URL(url).username);
const connection = await connect(url);
const channel = await connection.createConfirmChannel();
const returned = new Set();
channel.on('return', ({ properties }) => returned.add(properties.messageId));

/** Resolves when a queue has it on disk. Anything else is an error: publish the same event again, with the same id. */
function publish(event) {
  const messageId = event.id ?? `${event.subject} ${event.sequence ?? event.time}`;
  const properties = {
    contentType: 'application/cloudevents+json',
    persistent: true,
    mandatory: true,
    messageId,
    type: event.type,
    userId: user, // the broker checks it: this is who Ponte believes
    headers: { partitionkey: event.partitionkey ?? event.subject },
  };
  return new Promise((resolve, reject) => {
    channel.publish('erp.events', event.type, Buffer.from(JSON.stringify(event)), properties, (error) => {
      if (error) reject(error);
      else if (returned.delete(messageId)) reject(new Error(`nobody takes ${event.type}`));
      else resolve();
    });
  });
}

// One after the other: the events of one title in the order in which the ERP committed them.
for (const file of process.argv.slice(2)) {
  await publish(JSON.parse(await readFile(file, 'utf8')));
  console.log(`published ${file}`);
}
await connection.close();
