import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { BrokerConnection, ConfirmPublisher, publisherTopology } from '#libs/broker';
import { Lease, OUTBOX_COLUMNS, OutboxReader, Relay, type EventPublisher, type OutgoingEvent } from '#libs/outbox';

export interface RelayWish {
  databaseUrl: string;
  rows: number;
  unconfirmedMax: number;
}

/** @returns rows per second, marks included */
export async function relayRound(amqpUrl: string, wish: RelayWish): Promise<number> {
  const connection = new BrokerConnection(amqpUrl, 'bench');
  const publisher = new ConfirmPublisher(connection, publisherTopology());
  const ready = once(publisher, 'ready');
  await connection.open();
  await ready;
  const begun = performance.now();
  await relayAll(publisher, wish);
  const rate = (wish.rows / (performance.now() - begun)) * 1_000;
  await publisher.close();
  await connection.close();
  return rate;
}

/** The very events the relay sends, taken from a relay whose broker confirms everything at once. */
export async function captureEvents(wish: RelayWish): Promise<OutgoingEvent[]> {
  const captured: OutgoingEvent[] = [];
  await relayAll(
    {
      state: 'open',
      on: () => undefined,
      send: (event, settle) => {
        captured.push(event);
        queueMicrotask(() => settle('confirmed'));
      },
    },
    wish,
  );
  return captured;
}

/** Resolves when every row is published and marked. */
async function relayAll(publisher: EventPublisher, { databaseUrl, rows, unconfirmedMax }: RelayWish): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  const relay = new Relay({
    reader: new OutboxReader(pool, { name: 'erp_outbox', columns: OUTBOX_COLUMNS }, 'stamp'),
    lease: new Lease({ pool, name: 'relay' }),
    publisher,
    exchange: 'erp.events',
    source: '/erp/bench',
    unconfirmedMax,
    onNotice: () => undefined,
  });
  relay.start();
  while (relay.report().published < rows) await delay(2);
  await relay.stop();
  const { rowCount } = await pool.query('select from erp_outbox where published_at is null limit 1');
  await pool.end();
  if (rowCount !== 0) throw new Error('the relay stopped with unmarked rows');
}
