import { connect, type ConfirmChannel } from 'amqplib';
import type { OutgoingEvent } from '#libs/outbox';

/**
 * The fastest thing that gives the same promise to one message: publishes the same bytes and headers, persistent,
 * mandatory and confirmed, with as many unconfirmed, and does nothing else.
 * @returns events per second
 */
export async function rawRound(
  amqpUrl: string,
  events: readonly OutgoingEvent[],
  unconfirmedMax: number,
): Promise<number> {
  const connection = await connect(amqpUrl);
  const channel = await connection.createConfirmChannel();
  const begun = performance.now();
  await publishAll(channel, events, unconfirmedMax);
  const rate = (events.length / (performance.now() - begun)) * 1_000;
  await connection.close();
  return rate;
}

function publishAll(channel: ConfirmChannel, events: readonly OutgoingEvent[], unconfirmedMax: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let done = 0;
    const confirmed = (refused: unknown) => {
      if (refused) return reject(new Error('the broker refused an event'));
      done += 1;
      if (done === events.length) resolve();
      else send();
    };
    const send = () => {
      while (next < events.length && next - done < unconfirmedMax) {
        const { exchange, routingKey, content, properties } = events[next++]!;
        channel.publish(exchange, routingKey, content, { ...properties, persistent: true, mandatory: true }, confirmed);
      }
    };
    send();
  });
}
