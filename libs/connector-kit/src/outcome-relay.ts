import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { BrokerConnection, ConfirmPublisher, PONTE_EVENTS, publisherTopology } from '#libs/broker';
import { Lease, OUTBOX_COLUMNS, OutboxReader, Relay, type RelayNotice } from '#libs/outbox';
import { faultPoint } from '#libs/runtime';

/** Carries the connector's own outbox to ponte.events, on a connection of its own. */
export class OutcomeRelay {
  readonly relay: Relay;
  private readonly connection: BrokerConnection;
  private readonly publisher: ConfirmPublisher;
  private readonly log = new Logger('OutcomeRelay');

  constructor(pool: Pool, amqpUrl: string, app: string) {
    this.connection = new BrokerConnection(amqpUrl, `${app} publish`);
    this.publisher = new ConfirmPublisher(this.connection, publisherTopology());
    this.relay = new Relay({
      reader: new OutboxReader(pool, { name: 'outbox', columns: OUTBOX_COLUMNS }, 'remove'),
      lease: new Lease({ pool, name: 'relay outbox' }),
      publisher: this.publisher,
      exchange: PONTE_EVENTS,
      source: `/ponte/${app}`,
      onNotice: (notice) => this.tell(notice),
      faultPoint,
    });
  }

  /** Does not wait for the broker: outcomes stay in the outbox until it is there. */
  start(): void {
    this.relay.start();
    this.connection
      .open()
      .catch((error: Error) => this.log.error({ event: 'outcome-relay.not-open', reason: error.message }));
  }

  async stop(): Promise<void> {
    await this.relay.stop();
    await this.publisher.close();
    await this.connection.close();
  }

  private tell(notice: RelayNotice): void {
    const { kind, ...more } = notice;
    const bad = kind === 'paused' || kind === 'parked';
    this.log[bad ? 'warn' : 'log']({ event: `outcome-relay.${kind}`, ...more });
  }
}
