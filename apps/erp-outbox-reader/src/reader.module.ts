import { Logger, type DynamicModule } from '@nestjs/common';
import { Pool } from 'pg';
import { AccessModule } from '#libs/access';
import { BrokerConnection, BrokerManagement, ConfirmPublisher, ERP_EVENTS } from '#libs/broker';
import { Lease, OUTBOX_COLUMNS, OutboxReader, Relay, type OutboxTable, type RelayNotice } from '#libs/outbox';
import { Clock, databaseModule, HealthIndicators, Metrics, poolToken } from '#libs/runtime';
import { OutboxController } from './outbox.controller.js';
import { OutboxLife } from './outbox-life.js';
import type { ReaderEnvironment } from './reader-environment.js';
import { ReaderLease1763900000000 } from './reader.migration.js';

const ERP = 'erp';

/** Two databases: the reader's own, for who leads; and the ERP's, of which it touches the outbox alone. */
export class ReaderModule {
  static for(environment: ReaderEnvironment): DynamicModule {
    const connection = new BrokerConnection(environment.AMQP_URL, 'erp-outbox-reader publish');
    const publisher = new ConfirmPublisher(connection);
    const management = new BrokerManagement(environment.AMQP_MANAGEMENT_URL, environment.AMQP_URL);
    const table: OutboxTable = { name: environment.OUTBOX_TABLE, columns: OUTBOX_COLUMNS };
    const requiredQueues = environment.REQUIRED_QUEUES?.split(',') ?? [];
    return {
      module: ReaderModule,
      imports: [
        AccessModule.for(environment),
        databaseModule({
          url: environment.DATABASE_URL,
          schema: 'reader',
          migrations: [ReaderLease1763900000000],
          poolSize: 2,
        }),
        databaseModule({
          url: environment.ERP_DATABASE_URL,
          schema: 'public',
          migrations: [],
          name: ERP,
          applicationName: 'ponte-reader',
          poolSize: 4,
        }),
      ],
      controllers: [OutboxController],
      providers: [
        {
          provide: OutboxReader,
          inject: [poolToken(ERP)],
          useFactory: (pool: Pool) => new OutboxReader(pool, table, 'stamp'),
        },
        {
          provide: Relay,
          inject: [OutboxReader, Pool],
          useFactory: (reader: OutboxReader, pool: Pool) =>
            new Relay({
              reader,
              publisher,
              lease: new Lease({ pool, name: `relay ${environment.OUTBOX_TABLE}` }),
              exchange: ERP_EVENTS,
              source: environment.ERP_SOURCE,
              onNotice: tell,
            }),
        },
        {
          provide: OutboxLife,
          inject: [poolToken(ERP), Relay, Clock, HealthIndicators, Metrics],
          useFactory: (erp: Pool, relay: Relay, clock: Clock, health: HealthIndicators, metrics: Metrics) =>
            new OutboxLife({
              erp,
              table,
              relay,
              connection,
              publisher,
              management,
              requiredQueues,
              clock,
              health,
              metrics,
            }),
        },
      ],
    };
  }
}

const log = new Logger('Relay');

function tell(notice: RelayNotice): void {
  const { kind, ...more } = notice;
  log[kind === 'paused' || kind === 'parked' ? 'warn' : 'log']({ event: `relay.${kind}`, ...more });
}
