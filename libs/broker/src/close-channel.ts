import type { Channel } from 'amqplib';

const CLOSE_DEADLINE_MS = 3_000;

/**
 * Resolves when the channel is closed, however that came about. The client's own promise never settles when the
 * connection is lost before the broker has answered, and whoever awaited it would wait for ever.
 */
export function closeChannel(channel: Channel): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CLOSE_DEADLINE_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    channel.once('close', done);
    try {
      channel.close().then(done, done);
    } catch {
      done();
    }
  });
}
