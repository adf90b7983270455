import type { Provider, Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Pool } from 'pg';
import {
  ConnectorCourier,
  DEFAULT_GROUP,
  definitionOf,
  type ConnectorDefinition,
  type ConnectorModuleOptions,
  type PartnerSettings,
} from '#libs/connector-kit';
import { DeliveryEngine } from '#libs/delivery';
import { ReceivablesByDocument1764170000000 } from '#libs/receivables';
import { Clock } from '#libs/runtime';
import { IntegrationRegistry, readKeyRing, SecretBox, SystemParameters, type Integration } from '#libs/settings';
import { CreditAnalysesController } from './credit-analyses.controller.js';
import { CreditCancellation } from './credit-cancellation.js';
import { CreditDecisions } from './credit-decisions.js';
import { CreditDesk } from './credit-desk.js';
import type { CreditEnvironment } from './credit-environment.js';
import { CreditEndings } from './credit-endings.js';
import { CreditHistory } from './credit-history.js';
import { CreditPartner } from './credit-partner.js';
import { CreditProductsController } from './credit-products.controller.js';
import { CreditProducts } from './credit-products.js';
import { CreditResults } from './credit-results.js';
import { CreditTeller } from './credit-teller.js';
import { CreditAnalyses1764180000000 } from './credit.migration.js';
import { UnreadCompanies1764200000000 } from './unread-company.migration.js';

export interface CreditPartsWish {
  /** Of the app: answers are sealed with the keys that seal its settings. */
  environment: CreditEnvironment;
  connector: ConnectorModuleOptions['connector'];
  /** What the connector says of its bureau. */
  partner: Type<CreditPartner<never, never>>;
}

/** They run in the order of their times, among those of the kit. */
export const CREDIT_MIGRATIONS = [
  ReceivablesByDocument1764170000000,
  CreditAnalyses1764180000000,
  UnreadCompanies1764200000000,
];

/** In this order: an analysis by its id would take `products` for one. */
const CONTROLLERS = [CreditProductsController, CreditAnalysesController];

type Registry = IntegrationRegistry<PartnerSettings>;

/**
 * What a connector whose partner sells credit analyses has beside: `ConnectorModule.for(environment, { connector, ...creditParts(…) })`.
 * The connector class may ask for `CreditResults`, `CreditDecisions` and `CreditDesk`.
 */
export function creditParts({ environment, connector, partner }: CreditPartsWish) {
  const definition = definitionOf(connector);
  const box = new SecretBox(readKeyRing(environment.SETTINGS_KEYS));
  const { key: personKey } = readKeyRing(environment.PERSON_KEYS).current;
  const providers: Provider[] = [
    { provide: CreditPartner, useClass: partner as unknown as Type<CreditPartner> },
    {
      provide: CreditTeller,
      inject: [IntegrationRegistry, Clock],
      useFactory: (registry: Registry, clock: Clock) => new CreditTeller(definition.name, registry, clock, personKey),
    },
    {
      provide: CreditEndings,
      inject: [CreditPartner, CreditTeller, Clock],
      useFactory: (bureau: CreditPartner, teller: CreditTeller, clock: Clock) =>
        new CreditEndings(bureau.operation, teller, clock),
    },
    {
      provide: CreditResults,
      inject: [Pool, Clock, CreditTeller, CreditEndings],
      useFactory: (pool: Pool, clock: Clock, teller: CreditTeller, endings: CreditEndings) =>
        new CreditResults({ pool, clock, box, teller, endings }),
    },
    {
      provide: CreditDecisions,
      inject: [Pool, Clock, CreditTeller],
      useFactory: (...given: ConstructorParameters<typeof CreditDecisions>) => new CreditDecisions(...given),
    },
    deskOf(definition),
    {
      provide: CreditProducts,
      inject: [Pool, Clock, IntegrationRegistry, CreditPartner, ConnectorCourier],
      useFactory: (...[pool, clock, registry, bureau, courier]: ProductsProviders) => {
        const noteOf = (integration: Integration<PartnerSettings>) => courier.loginNote(integration, DEFAULT_GROUP);
        return new CreditProducts({ pool, clock, registry, partner: bureau, noteOf });
      },
    },
    {
      provide: CreditHistory,
      inject: [Pool, CreditTeller, CreditEndings, DeliveryEngine],
      useFactory: (...given: ConstructorParameters<typeof CreditHistory>) => new CreditHistory(...given),
    },
    {
      provide: CreditCancellation,
      inject: [Pool, DeliveryEngine, CreditEndings],
      useFactory: (...given: ConstructorParameters<typeof CreditCancellation>) => new CreditCancellation(...given),
    },
  ];
  return { providers, controllers: CONTROLLERS, migrations: CREDIT_MIGRATIONS };
}

function deskOf(definition: ConnectorDefinition): Provider {
  return {
    provide: CreditDesk,
    inject: [
      ...[Pool, Clock, IntegrationRegistry, SystemParameters],
      ...[CreditPartner, CreditTeller, CreditEndings, ModuleRef],
    ],
    useFactory: (...[pool, clock, registry, parameters, partner, teller, endings, modules]: DeskProviders) => {
      const engine = () => modules.get(DeliveryEngine, { strict: false });
      const read = { pool, clock, registry, parameters, definition };
      return new CreditDesk({ ...read, partner, teller, endings, engine });
    },
  };
}

type ProductsProviders = [Pool, Clock, Registry, CreditPartner, ConnectorCourier];
type DeskProviders = [Pool, Clock, Registry, SystemParameters, CreditPartner, CreditTeller, CreditEndings, ModuleRef];
