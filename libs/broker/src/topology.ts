import type { Channel } from 'amqplib';

/** What one app needs of the broker; derived from what its handlers name, never written by hand. */
export interface Topology {
  /** Durable topic exchanges, without an alternate: `mandatory` must be able to return. */
  exchanges: string[];
  queues: QueueTopology[];
}

export interface QueueTopology {
  /** Quorum, single active consumer. */
  name: string;
  bindings: Binding[];
  /** Where rejected messages go, at least once; absent for the dead letters' own queue. */
  deadLetterQueue?: string;
}

export interface Binding {
  exchange: string;
  pattern: string;
}

export const ERP_EVENTS = 'erp.events';
export const PONTE_EVENTS = 'ponte.events';
export const DEAD_LETTERS = 'ponte.dead';

/**
 * Requeued messages keep their place only when a delivery limit is set, and a crash counts for every message in the
 * prefetch: so there is a limit, and it is out of reach. What is tried how often is the ledger's business.
 */
export const DELIVERY_LIMIT = 1_000_000;

/** `<app>.events` bound as told, its dead letters in `<app>.dead`. */
export function appTopology(app: string, bindings: Binding[]): Topology {
  const dead = `${app}.dead`;
  return {
    exchanges: [ERP_EVENTS, PONTE_EVENTS],
    queues: [
      { name: `${app}.events`, bindings, deadLetterQueue: dead },
      { name: dead, bindings: [{ exchange: DEAD_LETTERS, pattern: dead }] },
    ],
  };
}

/** What a publisher needs: the exchanges alone. */
export function publisherTopology(): Topology {
  return { exchanges: [ERP_EVENTS, PONTE_EVENTS], queues: [] };
}

export interface PolicyDefinition {
  'delivery-limit': number;
  'dead-letter-exchange'?: string;
  'dead-letter-routing-key'?: string;
  'dead-letter-strategy'?: 'at-least-once';
  overflow?: 'reject-publish';
}

/** Limits are a policy, not arguments: arguments cannot change without deleting the queue. */
export function policyOf(queue: QueueTopology): PolicyDefinition {
  if (!queue.deadLetterQueue) return { 'delivery-limit': DELIVERY_LIMIT };
  return {
    'delivery-limit': DELIVERY_LIMIT,
    'dead-letter-exchange': DEAD_LETTERS,
    'dead-letter-routing-key': queue.deadLetterQueue,
    'dead-letter-strategy': 'at-least-once',
    overflow: 'reject-publish',
  };
}

export const QUEUE_ARGUMENTS = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } as const;

/** Declares what is missing. What stands otherwise makes the broker refuse (406), which `auditTopology` explains. */
export async function assertTopology(channel: Channel, topology: Topology): Promise<void> {
  for (const exchange of topology.exchanges) await channel.assertExchange(exchange, 'topic', { durable: true });
  if (topology.queues.length > 0) await channel.assertExchange(DEAD_LETTERS, 'direct', { durable: true });
  for (const queue of topology.queues) {
    await channel.assertQueue(queue.name, { durable: true, arguments: QUEUE_ARGUMENTS });
    for (const { exchange, pattern } of queue.bindings) await channel.bindQueue(queue.name, exchange, pattern);
  }
}
