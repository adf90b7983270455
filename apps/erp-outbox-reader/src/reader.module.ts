import { Logger, type DynamicModule, type Provider } from '@nestjs/common';
import { Client, Pool } from 'pg';
import { ACCESS_MIGRATIONS, AccessModule } from '#libs/access';
import { BrokerConnection, BrokerManagement, ConfirmPublisher, ERP_EVENTS, publisherTopology } from '#libs/broker';
import { CommitEar, Lease, OutboxReader, Relay, type OutboxTable, type RelayNotice } from '#libs/outbox';
import {
  Clock,
  connectionSettings,
  databaseModule,
  faultPoint,
  HealthIndicators,
  Metrics,
  poolToken,
} from '#libs/runtime';
import { ReaderBackfill1764000000000 } from './backfill/backfill.migration.js';
import { backfillProviders } from './backfill/backfill-providers.js';
import { BackfillRequests } from './backfill/backfill-requests.js';
import { BackfillWalker } from './backfill/backfill-walker.js';
import { BackfillsController } from './backfill/backfills.controller.js';
import { BrokerWatch } from './broker-watch.js';
import { readOutboxColumns } from './outbox-columns.js';
import { OutboxController } from './outbox.controller.js';
import { OutboxLife } from './outbox-life.js';
import type { ReaderEnvironment } from './reader-environment.js';
import { ReaderLease1763900000000 } from './reader.migration.js';
import { watchHealth, watchMetrics } from './relay-watch.js';
import { SilenceController } from './silence/silence.controller.js';
import { silenceProvider } from './silence/silence-provider.js';
import { SilenceWatch } from './silence/silence-watch.js';

const ERP = 'erp';
const OWN_STATEMENT_TIMEOUT_MS = 5_000;

/** Two databases: the reader's own, for who leads and what is walked; and the ERP's, of which it touches the outbox alone. */
export class ReaderModule {
  static for(environment: ReaderEnvironment): DynamicModule {
    return {
      module: ReaderModule,
      imports: [
        AccessModule.withGroups(environment),
        databaseModule({
          url: environment.DATABASE_URL,
          schema: 'reader',
          migrations: [ReaderLease1763900000000, ReaderBackfill1764000000000, ...ACCESS_MIGRATIONS],
          poolSize: 4,
          statementTimeoutMs: OWN_STATEMENT_TIMEOUT_MS,
        }),
        databaseModule({
          url: environment.ERP_DATABASE_URL,
          schema: 'public',
          migrations: [],
          name: ERP,
          applicationName: 'ponte-reader',
          poolSize: 5,
        }),
      ],
      controllers: [OutboxController, BackfillsController, SilenceController],
      providers: providersOf(environment),
    };
  }
}

function providersOf(environment: ReaderEnvironment): Provider[] {
  const table: OutboxTable = {
    name: environment.OUTBOX_TABLE,
    columns: readOutboxColumns(environment.OUTBOX_COLUMNS),
  };
  const connection = new BrokerConnection(environment.AMQP_URL, 'erp-outbox-reader publish');
  const publisher = new ConfirmPublisher(connection, publisherTopology());
  return [
    {
      provide: OutboxReader,
      inject: [poolToken(ERP)],
      useFactory: (erp: Pool) => new OutboxReader(erp, table, 'stamp'),
    },
    {
      provide: Relay,
      inject: [OutboxReader, Pool, HealthIndicators, Metrics],
      useFactory: (reader: OutboxReader, own: Pool, health: HealthIndicators, metrics: Metrics) => {
        const relay = openRelay(environment, reader, own, publisher);
        watchHealth(relay, health);
        watchMetrics(relay, metrics);
        return relay;
      },
    },
    {
      provide: OutboxLife,
      inject: [poolToken(ERP), Relay, BackfillRequests, BackfillWalker, SilenceWatch, Clock],
      useFactory: (...[erp, relay, requests, walker, silence, clock]: LifeParts) => {
        const watch = openWatch(environment, relay, clock);
        return new OutboxLife({
          erp,
          table,
          relay,
          ear: openEar(environment, relay),
          connection,
          publisher,
          watch,
          backfill: { requests, walker },
          silence,
          clock,
        });
      },
    },
    ...backfillProviders(environment, publisher, poolToken(ERP)),
    silenceProvider(environment, poolToken(ERP)),
  ];
}

type LifeParts = [Pool, Relay, BackfillRequests, BackfillWalker, SilenceWatch, Clock];

function openRelay(
  environment: ReaderEnvironment,
  reader: OutboxReader,
  own: Pool,
  publisher: ConfirmPublisher,
): Relay {
  return new Relay({
    reader,
    publisher,
    lease: new Lease({ pool: own, name: `relay ${environment.OUTBOX_TABLE}` }),
    exchange: ERP_EVENTS,
    source: environment.ERP_SOURCE,
    onNotice: tell,
    faultPoint,
  });
}

function openEar(environment: ReaderEnvironment, relay: Relay): CommitEar | undefined {
  const { ERP_DATABASE_URL: url, OUTBOX_CHANNEL: channel } = environment;
  if (channel === undefined) return undefined;
  const settings = connectionSettings({ url, schema: 'public', applicationName: 'ponte-reader listen' });
  return new CommitEar({
    open: () => new Client(settings),
    channel,
    onCommit: () => relay.hear(),
    onChange: ({ listening, ...more }) =>
      log[listening ? 'log' : 'warn']({
        event: listening ? 'relay.listening' : 'relay.not-listening',
        channel,
        ...more,
      }),
  });
}

function openWatch(environment: ReaderEnvironment, relay: Relay, clock: Clock): BrokerWatch {
  const management = new BrokerManagement(environment.AMQP_MANAGEMENT_URL, environment.AMQP_URL);
  const requiredQueues = environment.REQUIRED_QUEUES?.split(',') ?? [];
  return new BrokerWatch({ management, relay, requiredQueues, clock });
}

const log = new Logger('Relay');

function tell(notice: RelayNotice): void {
  const { kind, ...more } = notice;
  log[kind === 'paused' || kind === 'parked' ? 'warn' : 'log']({ event: `relay.${kind}`, ...more });
}
