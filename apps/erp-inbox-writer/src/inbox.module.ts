import type { DynamicModule, Provider } from '@nestjs/common';
import type { Pool } from 'pg';
import {
  appTopology,
  BrokerConnection,
  BrokerManagement,
  ConfirmPublisher,
  PONTE_EVENTS,
  TopicServer,
  type IncomingMessage,
} from '#libs/broker';
import { Clock, databaseModule, HealthIndicators, Metrics, poolToken } from '#libs/runtime';
import { DeadLetters } from './dead-letters.js';
import type { InboxEnvironment } from './inbox-environment.js';
import { InboxIntake } from './inbox-intake.js';
import { InboxLife } from './inbox-life.js';
import { InboxMetrics, watchTrouble } from './inbox-metrics.js';
import { InboxTable } from './inbox-table.js';
import { InboxTrouble } from './inbox-trouble.js';
import { readPatterns } from './result-patterns.js';

const ERP = 'erp';
const BATCH_SIZE = 100;
const PREFETCH = 300;

/** One queue, one table of somebody else's, and nothing kept of its own. */
export class InboxModule {
  static for(environment: InboxEnvironment): DynamicModule {
    return {
      module: InboxModule,
      imports: [
        databaseModule({
          url: environment.ERP_DATABASE_URL,
          schema: 'public',
          migrations: [],
          name: ERP,
          applicationName: 'ponte-inbox-writer',
          poolSize: 2,
        }),
      ],
      providers: providersOf(environment),
    };
  }
}

function providersOf(environment: InboxEnvironment): Provider[] {
  const queue = `${appOf(environment)}.events`;
  const connection = new BrokerConnection(environment.AMQP_URL, 'erp-inbox-writer publish');
  const publisher = new ConfirmPublisher(connection);
  const dead = new DeadLetters(publisher, { from: queue, to: `${appOf(environment)}.dead` });
  const table = environment.INBOX_TABLE;
  return [
    {
      provide: InboxTrouble,
      inject: [Clock, HealthIndicators, Metrics],
      useFactory: (clock: Clock, health: HealthIndicators, metrics: Metrics) => {
        const trouble = new InboxTrouble(clock);
        watchTrouble(trouble, health, metrics);
        return trouble;
      },
    },
    {
      provide: InboxLife,
      inject: [poolToken(ERP), InboxTrouble],
      useFactory: (erp: Pool, trouble: InboxTrouble) => new InboxLife({ erp, table, connection, publisher, trouble }),
    },
    {
      provide: InboxIntake,
      inject: [poolToken(ERP), InboxTrouble, Metrics, Clock],
      useFactory: (...[erp, trouble, metrics, clock]: [Pool, InboxTrouble, Metrics, Clock]) =>
        new InboxIntake({
          erp,
          table: new InboxTable(erp, table, environment.ERP_SOURCE),
          dead,
          wanted: { source: environment.ERP_SOURCE, patterns: readPatterns(environment.INBOX_TYPES) },
          metrics: new InboxMetrics(metrics, clock),
          trouble,
        }),
    },
    {
      provide: TopicServer,
      inject: [InboxIntake, HealthIndicators],
      useFactory: (intake: InboxIntake, health: HealthIndicators) => {
        const server = openTopicServer(environment);
        server.addHandler(queue, (messages: IncomingMessage[]) => intake.take(messages), true);
        health.registerReadiness('broker', () => {
          if (server.complaints.length > 0) throw new Error(server.complaints.join('; '));
        });
        return server;
      },
    },
  ];
}

/** Each ERP's writer has queues of its own: two of them on one would take each other's results. */
function appOf({ ERP_SOURCE }: InboxEnvironment): string {
  return `erp-inbox-writer.${ERP_SOURCE.replace('/erp/', '')}`;
}

function openTopicServer(environment: InboxEnvironment): TopicServer {
  const { AMQP_MANAGEMENT_URL, AMQP_URL, INBOX_TYPES } = environment;
  const bindings = readPatterns(INBOX_TYPES).map((pattern) => ({ exchange: PONTE_EVENTS, pattern }));
  return new TopicServer({
    connection: new BrokerConnection(AMQP_URL, 'erp-inbox-writer consume'),
    topology: appTopology(appOf(environment), bindings),
    management: new BrokerManagement(AMQP_MANAGEMENT_URL, AMQP_URL),
    prefetch: PREFETCH,
    batchSize: BATCH_SIZE,
  });
}
