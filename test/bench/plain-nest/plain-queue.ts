import { Transport, type RmqOptions } from '@nestjs/microservices';

export const TITLE_OPENED = 'title.opened';

export interface TitleOpened {
  id: string;
  title: { receivableId: string };
}

/** Persistent messages on a durable quorum queue, acknowledged by hand. */
export function queueOptions(more: RmqOptions['options'] = {}): RmqOptions {
  return {
    transport: Transport.RMQ,
    options: {
      urls: [process.env.AMQP_URL!],
      queue: 'plain.events',
      queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
      persistent: true,
      ...more,
    },
  };
}
