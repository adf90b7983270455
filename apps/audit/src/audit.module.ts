import type { DynamicModule, Provider } from '@nestjs/common';
import { Pool } from 'pg';
import { ACCESS_MIGRATIONS, AccessModule } from '#libs/access';
import { appTopology, BrokerConnection, BrokerManagement, ERP_EVENTS, PONTE_EVENTS, TopicServer } from '#libs/broker';
import { Clock, databaseModule, HealthIndicators, Metrics } from '#libs/runtime';
import { AuditEnvironment } from './audit-environment.js';
import { BalanceAsks } from './balance/balance-asks.js';
import { BalancePublisher } from './balance/balance-publisher.js';
import { BalanceRounds } from './balance/balance-rounds.js';
import { BalanceTimer, watchBalance } from './balance/balance-timer.js';
import { BalanceController } from './balance/balance.controller.js';
import { Balance1782910000000 } from './balance/balance.migration.js';
import { Erasure } from './erasure/erasure.js';
import { ErasureController } from './erasure/erasure.controller.js';
import { AuditIntake } from './intake/audit-intake.js';
import { EntryWriter } from './intake/entry-writer.js';
import { Recorder } from './intake/recorder.js';
import { Writers } from './intake/writers.js';
import { BlindIndex, openBlindIndex } from './keys/blind-index.js';
import { DataKeys } from './keys/data-keys.js';
import { MasterKeys } from './keys/master-keys.js';
import { PseudonymKeys1782920000000 } from './keys/pseudonym-keys.migration.js';
import { Rounds, watchSealLag } from './rounds.js';
import { CreateAudit1782900000000 } from './schema.migration.js';
import { Entries } from './search/entries.js';
import { EntriesController } from './search/entries.controller.js';
import { Reveal } from './search/reveal.js';
import { Scopes } from './search/scopes.js';
import { Sealer } from './seals/sealer.js';
import { SealsController } from './seals/seals.controller.js';
import { ChainVerifier } from './seals/verify-chain.js';

export const AUDIT_MIGRATIONS = [CreateAudit1782900000000, Balance1782910000000, PseudonymKeys1782920000000];

const BATCH_SIZE = 300;
const PREFETCH = 1_000;

/** Takes everything from both exchanges, keeps it, seals it, and lets it be found. */
export class AuditModule {
  static for(environment: AuditEnvironment): DynamicModule {
    return {
      module: AuditModule,
      imports: [
        AccessModule.withGroups(environment),
        databaseModule({
          url: environment.DATABASE_URL,
          schema: 'audit',
          migrations: [...AUDIT_MIGRATIONS, ...ACCESS_MIGRATIONS],
          poolSize: environment.DATABASE_POOL_SIZE,
        }),
      ],
      controllers: [AuditIntake, EntriesController, SealsController, ErasureController, BalanceController],
      providers: [
        { provide: MasterKeys, useFactory: () => MasterKeys.read(environment.AUDIT_KEY) },
        { provide: BlindIndex, inject: [Pool, MasterKeys], useFactory: openBlindIndex },
        ...[DataKeys, Writers, EntryWriter, Recorder],
        ...[Sealer, ChainVerifier, Rounds],
        ...[Scopes, Entries, Reveal, Erasure],
        ...[BalancePublisher, BalanceRounds, BalanceAsks, BalanceTimer],
        { provide: 'balance-age', inject: [Metrics, Pool], useFactory: watchBalance },
        { provide: 'seal-lag', inject: [Metrics, Pool, Clock], useFactory: watchSealLag },
        broker(environment),
      ],
    };
  }
}

function broker(environment: AuditEnvironment): Provider {
  return {
    provide: TopicServer,
    inject: [HealthIndicators],
    useFactory: (health: HealthIndicators) => {
      const server = openTopicServer(environment);
      health.registerReadiness('broker', () => {
        if (server.complaints.length > 0) throw new Error(server.complaints.join('; '));
      });
      return server;
    },
  };
}

function openTopicServer({ AMQP_URL, AMQP_MANAGEMENT_URL }: AuditEnvironment): TopicServer {
  const everything = [ERP_EVENTS, PONTE_EVENTS].map((exchange) => ({ exchange, pattern: '#' }));
  return new TopicServer({
    connection: new BrokerConnection(AMQP_URL, 'audit'),
    topology: appTopology('audit', everything),
    management: new BrokerManagement(AMQP_MANAGEMENT_URL, AMQP_URL),
    prefetch: PREFETCH,
    batchSize: BATCH_SIZE,
  });
}
