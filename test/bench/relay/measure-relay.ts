import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';
import { CREATE_LEASE } from '#libs/outbox';
import { privateDatabase, privateVhost } from '#libs/testing';
import { takeTurns, type Say } from '../measure/rounds.ts';
import { ratioOf, type Series } from '../measure/statistics.ts';
import { OutboxRows } from './outbox-rows.ts';
import { pollingRound, replicationRound } from './peer-outbox.ts';
import { captureEvents, relayRound } from './ponte-relay.ts';
import { rawRound } from './raw-loop.ts';

export interface RelayForm {
  rows: number;
  titles: number;
  /** The peer is so much slower that it gets fewer. */
  peerRows: number;
  rounds: number;
  say: Say;
}

export interface RelayFigures {
  rows: number;
  peerRows: number;
  bytesPerEvent: number;
  unconfirmed: number;
  limit: Series;
  ponte: Series;
  pgTransactionalOutboxPolling: Series;
  pgTransactionalOutboxReplication: Series;
  ratioToLimit: number;
  ratioToLimitByRound: Series;
  /** To the faster of its two ways. */
  ratioToPgTransactionalOutbox: number;
  ratioToPgTransactionalOutboxByRound: Series;
}

const UNCONFIRMED = 2_000;
const QUEUE = 'audit.events';
/** A new quorum queue elects its leader first. */
const SETTLING_MS = 1_000;

/** Rows of an outbox on their way to a quorum queue; a round ends when every row is confirmed and marked. */
export async function measureRelay({ rows, titles, peerRows, rounds, say }: RelayForm): Promise<RelayFigures> {
  const [database, vhost] = await Promise.all([privateDatabase(), privateVhost()]);
  const outbox = await OutboxRows.open(database.adminUrl, { rows, titles, tables: [CREATE_LEASE] });
  const broker = await connect(vhost.amqpUrl);
  const channel = await broker.createChannel();
  const inAFreshQueue = async (round: () => Promise<number>) => {
    await channel.deleteQueue(QUEUE);
    await channel.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.bindQueue(QUEUE, 'erp.events', '#');
    await delay(SETTLING_MS);
    return round();
  };
  try {
    await channel.assertExchange('erp.events', 'topic', { durable: true });
    const wish = { databaseUrl: database.adminUrl, rows, unconfirmedMax: UNCONFIRMED };
    await outbox.refill();
    const events = await captureEvents(wish);
    const few = events.slice(0, peerRows);
    const bytes = events.reduce((sum, event) => sum + event.content.length, 0) / events.length;
    say(`relay: ${rows} rows of ${titles} titles, ${Math.round(bytes)} bytes an event, ${UNCONFIRMED} unconfirmed`);
    const series = await takeTurns(
      {
        limit: () => inAFreshQueue(() => rawRound(vhost.amqpUrl, events, UNCONFIRMED)),
        ponte: async () => {
          await outbox.refill();
          return inAFreshQueue(() => relayRound(vhost.amqpUrl, wish));
        },
        pgTransactionalOutboxPolling: () => inAFreshQueue(() => pollingRound(vhost.amqpUrl, few)),
        pgTransactionalOutboxReplication: () => inAFreshQueue(() => replicationRound(vhost.amqpUrl, few)),
      },
      { rounds, unit: '/s', say },
    );
    return {
      rows,
      peerRows,
      bytesPerEvent: Math.round(bytes),
      unconfirmed: UNCONFIRMED,
      ...series,
      ...ratiosOf(series),
    };
  } finally {
    await broker.close();
    await outbox.close();
    await vhost.drop();
    await database.drop();
  }
}

type RelaySeries = Pick<
  RelayFigures,
  'limit' | 'ponte' | 'pgTransactionalOutboxPolling' | 'pgTransactionalOutboxReplication'
>;

function ratiosOf(series: RelaySeries) {
  const { limit, ponte, pgTransactionalOutboxPolling: polling, pgTransactionalOutboxReplication: replication } = series;
  const ratioToLimitByRound = ratioOf(ponte, limit);
  const ratioToPgTransactionalOutboxByRound = ratioOf(
    ponte,
    polling.median > replication.median ? polling : replication,
  );
  return {
    ratioToLimit: ratioToLimitByRound.median,
    ratioToLimitByRound,
    ratioToPgTransactionalOutbox: ratioToPgTransactionalOutboxByRound.median,
    ratioToPgTransactionalOutboxByRound,
  };
}
