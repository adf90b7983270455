import { hostname } from 'node:os';
import { Logger, type DynamicModule, type Provider } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Pool } from 'pg';
import { AccessModule } from '#libs/access';
import { appTopology, BrokerConnection, BrokerManagement, ERP_EVENTS, TopicServer } from '#libs/broker';
import { DeliveryEngine, DeliveryLedger1763800000000 } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { ReceivablesReadModel1763900000000 } from '#libs/receivables';
import { Clock, databaseModule, HealthIndicators, Metrics } from '#libs/runtime';
import { IntegrationRegistry, readKeyRing, SecretBox, SETTINGS_ENTITIES, SETTINGS_MIGRATIONS } from '#libs/settings';
import { CadenceTimer } from './cadence-timer.js';
import { ConnectorCourier } from './connector-courier.js';
import type { ConnectorEnvironment } from './connector-environment.js';
import { ConnectorLife } from './connector-life.js';
import { ConnectorPlanner } from './connector-planner.js';
import { DEFINITION, definitionOf, type ConnectorClass, type ConnectorDefinition } from './definition.js';
import { DeliveriesController } from './deliveries.controller.js';
import { EndpointsController } from './endpoints.controller.js';
import { intakeControllerOf } from './intake.controller.js';
import { IntegrationDesk } from './integration-desk.js';
import { IntegrationsController } from './integrations.controller.js';
import { OutboxLease1763950000000 } from './outbox-lease.migration.js';
import { OutcomeRelay } from './outcome-relay.js';
import { ParkedEventsController } from './parked-events.controller.js';
import { sealedBy } from './payload-vault.js';
import { SettingsBook } from './settings-book.js';

/** In this order; a connector adds its own behind them. */
export const CONNECTOR_MIGRATIONS = [
  ...SETTINGS_MIGRATIONS,
  DeliveryLedger1763800000000,
  ReceivablesReadModel1763900000000,
  OutboxLease1763950000000,
];

export interface ConnectorModuleOptions {
  connector: ConnectorClass;
  /** What the connector class asks for in its constructor. */
  providers?: Provider[];
}

const replica = `${hostname()}/${process.pid}`;

/** Everything a connector is, from its class: queue, ledger, dispatcher, settings, HTTP, metrics. */
export class ConnectorModule {
  static for(environment: ConnectorEnvironment, { connector, providers = [] }: ConnectorModuleOptions): DynamicModule {
    const definition = definitionOf(connector);
    return {
      module: ConnectorModule,
      imports: [
        ScheduleModule.forRoot(),
        AccessModule.for(environment),
        databaseModule({
          url: environment.DATABASE_URL,
          schema: definition.name,
          entities: SETTINGS_ENTITIES,
          migrations: CONNECTOR_MIGRATIONS,
          applicationName: definition.app,
          poolSize: environment.DATABASE_POOL_SIZE,
        }),
      ],
      controllers: [
        intakeControllerOf(definition.app),
        IntegrationsController,
        DeliveriesController,
        ParkedEventsController,
        EndpointsController,
      ],
      providers: [
        connector,
        ...providers,
        { provide: DEFINITION, useValue: definition },
        ...parts(definition, connector, environment),
      ],
      exports: [TopicServer],
    };
  }
}

function parts(
  definition: ConnectorDefinition,
  connector: ConnectorClass,
  environment: ConnectorEnvironment,
): Provider[] {
  const box = new SecretBox(readKeyRing(environment.SETTINGS_KEYS));
  return [
    IntegrationDesk,
    CadenceTimer,
    { provide: TopicServer, useFactory: () => topicServer(definition, environment) },
    {
      provide: IntegrationRegistry,
      inject: [Clock],
      useFactory: (clock: Clock) => new IntegrationRegistry(definition.name, definition.settings, box, clock),
    },
    {
      provide: SettingsBook,
      inject: [Pool, IntegrationRegistry, Clock],
      useFactory: (...[pool, registry, clock]: ConstructorParameters<typeof SettingsBook>) =>
        new SettingsBook(pool, registry, clock),
    },
    { provide: PartnerEndpoints, inject: [Clock, Metrics], useFactory: observedPartners },
    {
      provide: DeliveryEngine,
      inject: [Pool, Clock, IntegrationRegistry, SettingsBook, PartnerEndpoints, connector],
      useFactory: (...given: EngineParts) => engine(definition, box, given),
    },
    {
      provide: OutcomeRelay,
      inject: [Pool],
      useFactory: (pool: Pool) => new OutcomeRelay(pool, environment.AMQP_URL, definition.app),
    },
    {
      provide: ConnectorLife,
      inject: [
        DeliveryEngine,
        SettingsBook,
        IntegrationDesk,
        OutcomeRelay,
        PartnerEndpoints,
        TopicServer,
        HealthIndicators,
        Metrics,
      ],
      useFactory: (...[engine, book, desk, relay, partners, server, health, metrics]: LifeParts) =>
        new ConnectorLife({ engine, book, desk, relay, partners, server, health, metrics }),
    },
  ];
}

type LifeParts = [
  DeliveryEngine,
  SettingsBook,
  IntegrationDesk,
  OutcomeRelay,
  PartnerEndpoints,
  TopicServer,
  HealthIndicators,
  Metrics,
];
type EngineParts = [
  Pool,
  Clock,
  ConstructorParameters<typeof ConnectorPlanner>[2],
  SettingsBook,
  PartnerEndpoints,
  object,
];

function topicServer({ app, bindings }: ConnectorDefinition, environment: ConnectorEnvironment): TopicServer {
  return new TopicServer({
    connection: new BrokerConnection(environment.AMQP_URL, `${app} consume`),
    topology: appTopology(
      app,
      bindings.map((pattern) => ({ exchange: ERP_EVENTS, pattern })),
    ),
    management: new BrokerManagement(environment.AMQP_MANAGEMENT_URL, environment.AMQP_URL),
  });
}

function observedPartners(clock: Clock, metrics: Metrics): PartnerEndpoints {
  const seconds = metrics.histogram('ponte_partner_call_seconds', 'Calls to partners', ['endpoint', 'path', 'outcome']);
  return new PartnerEndpoints({
    clock,
    observer: ({ endpoint, path, outcome, durationMs }) =>
      seconds.observe(durationMs / 1_000, { endpoint, path, outcome }),
  });
}

function engine(
  definition: ConnectorDefinition,
  box: SecretBox,
  [pool, clock, registry, book, partners, connector]: EngineParts,
): DeliveryEngine {
  const log = new Logger('DeliveryEngine');
  const planner = new ConnectorPlanner(definition, connector, registry, book);
  const courier = new ConnectorCourier({ definition, connector, book, partners, clock, onBreakerOpen, onNotReady });
  const ledger = new DeliveryEngine({
    connector: definition.name,
    pool,
    clock,
    queue: `${definition.app}.events`,
    replica,
    planner,
    courier,
    vault: sealedBy(box),
    refOf: (id) => book.refOf(id),
    onTrouble: (what, error) => log.warn({ event: 'engine.trouble', what, reason: error.message }),
    onMended: (lanes) => log.error({ event: 'engine.lanes-mended', lanes }),
  });
  return ledger;

  function onNotReady(endpointId: string, state: string): Promise<void> {
    return ledger.endpoints.pause(endpointId, { reason: 'off', detail: `the integration is ${state}`, setBy: replica });
  }

  function onBreakerOpen(endpointId: string): void {
    const detail = 'o parceiro falhou vezes demais / the partner failed too often';
    ledger.endpoints
      .pause(endpointId, { reason: 'breaker', detail, setBy: replica })
      .catch((error: Error) => log.warn({ event: 'engine.trouble', what: 'breaker', reason: error.message }));
  }
}
