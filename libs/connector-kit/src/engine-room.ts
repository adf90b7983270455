import { Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { DeliveryEngine, type WaysIn } from '#libs/delivery';
import type { PartnerEndpoints } from '#libs/partner';
import type { Clock } from '#libs/runtime';
import type { IntegrationRegistry, SecretBox } from '#libs/settings';
import { ConnectorCourier } from './connector-courier.js';
import { ConnectorPlanner } from './connector-planner.js';
import type { ConnectorDefinition } from './definition.js';
import type { PartnerSettings } from './partner-settings.js';
import { sealedBy } from './payload-vault.js';
import type { SettingsBook } from './settings-book.js';

export interface EngineRoomParts {
  definition: ConnectorDefinition;
  /** The connector class, made. */
  connector: object;
  box: SecretBox;
  replica: string;
  /** Who may publish what; absent: whoever may write to the exchange. */
  waysIn?: WaysIn;
  pool: Pool;
  clock: Clock;
  registry: IntegrationRegistry<PartnerSettings>;
  book: SettingsBook;
  partners: PartnerEndpoints;
}

/** The engine with the two it works through: who plans, and who calls the partner. */
export class EngineRoom {
  readonly planner: ConnectorPlanner;
  readonly courier: ConnectorCourier;
  readonly engine: DeliveryEngine;
  private readonly log = new Logger('DeliveryEngine');

  constructor(private readonly parts: EngineRoomParts) {
    const { definition, connector, box, replica, waysIn, pool, clock, registry, book, partners } = parts;
    this.planner = new ConnectorPlanner(definition, connector, registry, book);
    this.courier = new ConnectorCourier({
      ...{ definition, connector, book, partners, clock },
      onBreakerOpen: (endpointId) => this.pauseForBreaker(endpointId),
      onNotReady: (endpointId, state) => this.pauseAsOff(endpointId, state),
    });
    this.engine = new DeliveryEngine({
      connector: definition.name,
      pool,
      clock,
      queue: `${definition.app}.events`,
      replica,
      planner: this.planner,
      courier: this.courier,
      vault: sealedBy(box),
      waysIn,
      refOf: (id) => book.refOf(id),
      onTrouble: (what, error) => this.log.warn({ event: 'engine.trouble', what, reason: error.message }),
      onMended: (lanes) => this.log.error({ event: 'engine.lanes-mended', lanes }),
    });
  }

  private pauseAsOff(endpointId: string, state: string): Promise<void> {
    const detail = `the integration is ${state}`;
    return this.engine.endpoints.pause(endpointId, { reason: 'off', detail, setBy: this.parts.replica });
  }

  private pauseForBreaker(endpointId: string): void {
    const detail = 'o parceiro falhou vezes demais / the partner failed too often';
    this.engine.endpoints
      .pause(endpointId, { reason: 'breaker', detail, setBy: this.parts.replica })
      .catch((error: Error) => this.log.warn({ event: 'engine.trouble', what: 'breaker', reason: error.message }));
  }
}
