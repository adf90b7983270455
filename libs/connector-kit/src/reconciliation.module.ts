import type { Provider } from '@nestjs/common';
import { Pool } from 'pg';
import { Clock } from '#libs/runtime';
import { IntegrationRegistry } from '#libs/settings';
import type { ConnectorClass, ConnectorDefinition } from './definition.js';
import { EngineRoom } from './engine-room.js';
import type { PartnerSettings } from './partner-settings.js';
import { ReconciliationBook } from './reconciliation-book.js';
import { ReconciliationClerk } from './reconciliation-clerk.js';
import type { RepairOptions } from './reconciliation-repair.js';
import { reconcilerOf } from './reconciliation.js';
import { REPAIRS } from './reconciliations.controller.js';

type Given = [Pool, Clock, IntegrationRegistry<PartnerSettings>, ReconciliationBook, EngineRoom, object];

/** What reconciling adds to a connector; where its class reads nothing back, the routes say so. */
export function reconciliationProviders(definition: ConnectorDefinition, connector: ConnectorClass): Provider[] {
  const reconciler = reconcilerOf(connector);
  return [
    { provide: ReconciliationBook, inject: [Pool], useFactory: (pool: Pool) => new ReconciliationBook(pool) },
    {
      provide: ReconciliationClerk,
      inject: [Pool, Clock, IntegrationRegistry, ReconciliationBook, EngineRoom, connector],
      useFactory: (...[pool, clock, registry, book, { engine, courier }, made]: Given) =>
        reconciler &&
        new ReconciliationClerk({ pool, clock, registry, book, engine, courier, reconciler, connector: made }),
    },
    {
      provide: REPAIRS,
      inject: [Pool, EngineRoom],
      useFactory: (pool: Pool, { engine, planner }: EngineRoom): RepairOptions | undefined =>
        definition.load === undefined
          ? undefined
          : { pool, engine, planTitle: (integration, title) => planner.planTitle(integration, title) },
    },
  ];
}
