import { Inject, Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { DeliveryEngine, ensureEndpoints, endpointOfGroup } from '#libs/delivery';
import type { Integration } from '#libs/settings';
import type { ConnectionVerdict } from './call.js';
import { ConnectorCourier } from './connector-courier.js';
import { DEFAULT_GROUP } from './default-group.js';
import { DEFINITION, type ConnectorDefinition } from './definition.js';
import type { LoginVerdict } from './login-calls.js';
import type { PartnerSettings } from './partner-settings.js';

export type GroupVerdict = ConnectionVerdict & { group: string };

/** Asks the partner whether the saved address and credentials are good, one group of operations apart from the other. */
@Injectable()
export class ConnectionTest {
  constructor(
    private readonly pool: Pool,
    private readonly engine: DeliveryEngine,
    private readonly courier: ConnectorCourier,
    @Inject(DEFINITION) private readonly definition: ConnectorDefinition,
  ) {}

  /** A green group goes on, where it stood still for its credentials. An integration that is off may be tested too. */
  async run(integration: Integration<PartnerSettings>, by: string): Promise<GroupVerdict[]> {
    const verdicts: GroupVerdict[] = [];
    for (const group of this.definition.checks.keys()) {
      const endpointId = await this.endpointOf(integration, group);
      const verdict = await this.courier.check(integration, group, endpointId);
      if (!verdict) continue;
      verdicts.push({ group, ...verdict });
      if (verdict.ok) await this.engine.endpoints.resume(endpointId, 'credential', by);
    }
    this.engine.stir();
    return verdicts;
  }

  /** Logs in anew, past the token that is kept. */
  async logIn(integration: Integration<PartnerSettings>): Promise<LoginVerdict> {
    const endpointId = await this.endpointOf(integration, DEFAULT_GROUP);
    return this.courier.logIn(integration, DEFAULT_GROUP, endpointId);
  }

  private async endpointOf(integration: Integration<PartnerSettings>, group: string): Promise<string> {
    const { id, source, company, settings } = integration;
    const groups = [...this.definition.groups.keys()];
    await ensureEndpoints(this.pool, { integrationId: id, source, company, groups, concurrency: settings.concurrency });
    return (await endpointOfGroup(this.pool, id, group))!;
  }
}
