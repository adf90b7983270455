import { Logger } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { DeliveryEngine, type WaysIn, type FinishedRun, type PlannedDelivery } from '#libs/delivery';
import type { PartnerEndpoints } from '#libs/partner';
import type { Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry, SecretBox } from '#libs/settings';
import { ConnectorCourier } from './connector-courier.js';
import { ConnectorPlanner } from './connector-planner.js';
import type { ConnectorDefinition } from './definition.js';
import { LoginRows } from './login-rows.js';
import { LoginTokens } from './login-tokens.js';
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

/** What is told of a run waits for no other run. */
const AT_ONCE = 1;

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
      tokens: new LoginTokens(new LoginRows(pool, box), clock),
      onBreakerOpen: (endpointId) => this.pauseForBreaker(endpointId),
      onExhausted: (endpointId, until) => this.pauseUntil(endpointId, until),
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
      afterRuns: (client, runs) => this.planAfterRuns(client, runs),
      onTrouble: (what, error) => this.log.warn({ event: 'engine.trouble', what, reason: error.message }),
      onMended: (lanes) => this.log.error({ event: 'engine.lanes-mended', lanes }),
    });
  }

  /** What cannot be planned of a run is said, and keeps no run from being over. */
  private async planAfterRuns(client: PoolClient, runs: readonly FinishedRun[]): Promise<void> {
    const { definition, registry } = this.parts;
    if (!definition.afterRun) return;
    for (const run of runs) {
      const integration = await registry.byId(client, run.integrationId);
      if (integration?.state.kind !== 'ready') continue;
      const deliveries = this.planned(integration, run).map((each): PlannedDelivery => ({
        ...each,
        priority: AT_ONCE,
      }));
      const { id: integrationId, source, company, branch } = integration;
      const cause = { source, company, branch, subject: `run/${run.runId}` };
      if (deliveries.length > 0)
        await this.engine.schedule(client, [{ cause, plans: [{ integrationId, deliveries }] }]);
    }
  }

  private planned(integration: Integration<PartnerSettings>, run: FinishedRun): PlannedDelivery[] {
    try {
      return this.planner.planAfterRun(integration, run);
    } catch (error) {
      this.log.error({ event: 'run.not-planned', runId: run.runId, reason: (error as Error).message });
      return [];
    }
  }

  private pauseAsOff(endpointId: string, state: string): Promise<void> {
    const detail = `the integration is ${state}`;
    return this.engine.endpoints.pause(endpointId, { reason: 'off', detail, setBy: this.parts.replica });
  }

  private pauseUntil(endpointId: string, until: Date): void {
    const detail = 'a janela do parceiro está esgotada / the partner takes no further call in this window';
    this.engine.endpoints
      .pause(endpointId, { reason: 'rate-limit', until, detail, setBy: this.parts.replica })
      .catch((error: Error) => this.log.warn({ event: 'engine.trouble', what: 'rate limit', reason: error.message }));
  }

  private pauseForBreaker(endpointId: string): void {
    const detail = 'o parceiro falhou vezes demais / the partner failed too often';
    this.engine.endpoints
      .pause(endpointId, { reason: 'breaker', detail, setBy: this.parts.replica })
      .catch((error: Error) => this.log.warn({ event: 'engine.trouble', what: 'breaker', reason: error.message }));
  }
}
