import { hostname } from 'node:os';
import type { DynamicModule, Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import { ScheduleModule } from '@nestjs/schedule';
import { Pool } from 'pg';
import { ACCESS_MIGRATIONS, AccessModule } from '#libs/access';
import { appTopology, BrokerConnection, BrokerManagement, ERP_EVENTS, PONTE_EVENTS, TopicServer } from '#libs/broker';
import { DELIVERY_MIGRATIONS, DeliveryEngine } from '#libs/delivery';
import { PartnerEndpoints } from '#libs/partner';
import { RECEIVABLES_MIGRATIONS } from '#libs/receivables';
import { Clock, databaseModule, HealthIndicators, Metrics } from '#libs/runtime';
import {
  IntegrationRegistry,
  readKeyRing,
  SecretBox,
  SETTINGS_ENTITIES,
  SETTINGS_MIGRATIONS,
  SystemParameters,
} from '#libs/settings';
import { BalanceController } from './balance.controller.js';
import { BALANCE_PATTERN } from './balance-ear.js';
import { balanceProviders } from './balance.module.js';
import { CadenceTimer } from './cadence-timer.js';
import { CapabilitiesController, CONNECTOR } from './capabilities.controller.js';
import { ConnectionTest } from './connection-test.js';
import { ConnectorCourier } from './connector-courier.js';
import { readWaysIn, type ConnectorEnvironment } from './connector-environment.js';
import { ConnectorGauges } from './connector-gauges.js';
import { ConnectorLife } from './connector-life.js';
import { DEFINITION, definitionOf, type ConnectorClass, type ConnectorDefinition } from './definition.js';
import { DeliveriesController } from './deliveries.controller.js';
import { EndpointsController } from './endpoints.controller.js';
import { EngineRoom } from './engine-room.js';
import { intakeControllerOf } from './intake.controller.js';
import { IntegrationDesk } from './integration-desk.js';
import { IntegrationLife1764120000000 } from './integration-life.migration.js';
import { IntegrationsController } from './integrations.controller.js';
import { Loads } from './loads.js';
import { LoadsController } from './loads.controller.js';
import { LoginTokens1764160000000 } from './login-tokens.migration.js';
import { OutboxLease1763950000000 } from './outbox-lease.migration.js';
import { OutcomeRelay } from './outcome-relay.js';
import { ParkedEventsController } from './parked-events.controller.js';
import type { PartnerSettings } from './partner-settings.js';
import { RedrivesController } from './redrives.controller.js';
import { Reconciliations1764070000000 } from './reconciliation.migration.js';
import { reconciliationProviders } from './reconciliation.module.js';
import { ReconciliationsController } from './reconciliations.controller.js';
import { SettingsBook } from './settings-book.js';
import { SystemParametersController } from './system-parameters.controller.js';

/** They run in the order of their times, and a connector's own among them. */
export const CONNECTOR_MIGRATIONS = [
  ...SETTINGS_MIGRATIONS,
  ...ACCESS_MIGRATIONS,
  ...DELIVERY_MIGRATIONS,
  ...RECEIVABLES_MIGRATIONS,
  OutboxLease1763950000000,
  IntegrationLife1764120000000,
  Reconciliations1764070000000,
  LoginTokens1764160000000,
];

export interface ConnectorModuleOptions {
  connector: ConnectorClass;
  /** What the connector class asks for in its constructor. */
  providers?: Provider[];
  /** Routes of its own, beside those every connector has. */
  controllers?: Type[];
  /** Tables of its own, in the connector's schema. */
  migrations?: readonly (new () => MigrationInterface)[];
}

const replica = `${hostname()}/${process.pid}`;

/** Everything a connector is, from its class: queue, ledger, dispatcher, settings, HTTP, metrics. */
export class ConnectorModule {
  static for(environment: ConnectorEnvironment, options: ConnectorModuleOptions): DynamicModule {
    const { connector, providers = [], controllers = [], migrations = [] } = options;
    const definition = definitionOf(connector);
    return {
      module: ConnectorModule,
      imports: [
        ScheduleModule.forRoot(),
        AccessModule.withGroups(environment),
        databaseModule({
          url: environment.DATABASE_URL,
          schema: definition.name,
          entities: SETTINGS_ENTITIES,
          migrations: [...CONNECTOR_MIGRATIONS, ...migrations],
          applicationName: definition.app,
          poolSize: environment.DATABASE_POOL_SIZE,
        }),
      ],
      controllers: [
        intakeControllerOf(definition.app),
        IntegrationsController,
        LoadsController,
        SystemParametersController,
        DeliveriesController,
        RedrivesController,
        ParkedEventsController,
        EndpointsController,
        CapabilitiesController,
        ReconciliationsController,
        BalanceController,
        ...controllers,
      ],
      providers: [
        connector,
        ...providers,
        { provide: DEFINITION, useValue: definition },
        { provide: CONNECTOR, useExisting: connector },
        ...parts(definition, connector, environment),
        ...reconciliationProviders(definition, connector),
        ...balanceProviders(definition),
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
  const waysIn = readWaysIn(environment);
  return [
    CadenceTimer,
    ConnectionTest,
    {
      provide: TopicServer,
      inject: [HealthIndicators],
      useFactory: (health: HealthIndicators) => topicServer(definition, environment, health),
    },
    {
      provide: IntegrationRegistry,
      inject: [Clock],
      useFactory: (clock: Clock) =>
        new IntegrationRegistry(definition.name, definition.settings, box, clock, definition.systemParameter?.code),
    },
    {
      provide: SettingsBook,
      inject: [Pool, IntegrationRegistry, Clock],
      useFactory: (...[pool, registry, clock]: ConstructorParameters<typeof SettingsBook>) =>
        new SettingsBook(pool, registry, clock),
    },
    { provide: PartnerEndpoints, inject: [Clock, Metrics], useFactory: observedPartners },
    {
      provide: EngineRoom,
      inject: [Pool, Clock, IntegrationRegistry, SettingsBook, PartnerEndpoints, connector],
      useFactory: (...[pool, clock, registry, book, partners, made]: EngineParts) =>
        new EngineRoom({ definition, box, replica, waysIn, pool, clock, registry, book, partners, connector: made }),
    },
    { provide: DeliveryEngine, inject: [EngineRoom], useFactory: ({ engine }: EngineRoom) => engine },
    { provide: ConnectorCourier, inject: [EngineRoom], useFactory: ({ courier }: EngineRoom) => courier },
    {
      provide: Loads,
      inject: [Pool, Clock, IntegrationRegistry, EngineRoom],
      useFactory: (pool: Pool, clock: Clock, registry: IntegrationRegistry<PartnerSettings>, room: EngineRoom) =>
        new Loads({
          ...{ pool, clock, registry, planner: room.planner, engine: room.engine },
          settledDays: definition.loadSettledDays,
        }),
    },
    {
      provide: SystemParameters,
      inject: [Clock],
      useFactory: (clock: Clock) => new SystemParameters(definition.name, clock, definition.systemParameter?.settings),
    },
    {
      provide: IntegrationDesk,
      inject: [Pool, IntegrationRegistry, SystemParameters, SettingsBook, DeliveryEngine],
      useFactory: (...[pool, registry, parameters, book, made]: DeskProviders) =>
        new IntegrationDesk({ definition, pool, registry, parameters, book, engine: made }),
    },
    {
      provide: OutcomeRelay,
      inject: [Pool],
      useFactory: (pool: Pool) => new OutcomeRelay(pool, environment.AMQP_URL, definition.app),
    },
    ConnectorLife,
    ConnectorGauges,
  ];
}

type EngineParts = [Pool, Clock, IntegrationRegistry<PartnerSettings>, SettingsBook, PartnerEndpoints, object];
type DeskProviders = [Pool, IntegrationRegistry<PartnerSettings>, SystemParameters, SettingsBook, DeliveryEngine];

function topicServer(
  { app, bindings }: ConnectorDefinition,
  environment: ConnectorEnvironment,
  health: HealthIndicators,
): TopicServer {
  const server = new TopicServer({
    connection: new BrokerConnection(environment.AMQP_URL, `${app} consume`),
    topology: appTopology(app, [
      ...bindings.map((pattern) => ({ exchange: ERP_EVENTS, pattern })),
      { exchange: PONTE_EVENTS, pattern: BALANCE_PATTERN },
    ]),
    management: new BrokerManagement(environment.AMQP_MANAGEMENT_URL, environment.AMQP_URL),
  });
  health.registerReadiness('broker', () => {
    if (server.complaints.length > 0) throw new Error(server.complaints.join('; '));
  });
  return server;
}

function observedPartners(clock: Clock, metrics: Metrics): PartnerEndpoints {
  const seconds = metrics.histogram('ponte_partner_call_seconds', 'Calls to partners', ['endpoint', 'path', 'outcome']);
  return new PartnerEndpoints({
    clock,
    observer: ({ endpoint, path, outcome, durationMs }) =>
      seconds.observe(durationMs / 1_000, { endpoint, path, outcome }),
  });
}
