import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { endpointOfGroup } from '#libs/delivery';
import { notFound } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import { ConnectorCourier } from './connector-courier.js';
import { DEFAULT_GROUP } from './default-group.js';
import type { LoginVerdict } from './login-calls.js';
import type { PartnerSettings } from './partner-settings.js';

/** For what a partner says only to whoever logs in, such as the products of the account. */
@Injectable()
export class Logins {
  constructor(
    private readonly pool: Pool,
    private readonly courier: ConnectorCourier,
  ) {}

  /** Logs in now; the token is every replica's from then on. @throws Problem 404 for an integration that was never saved */
  async anew(integration: Integration<PartnerSettings>, group: string = DEFAULT_GROUP): Promise<LoginVerdict> {
    const endpointId = await endpointOfGroup(this.pool, integration.id, group);
    if (!endpointId) throw notFound('The integration has no such group.');
    return this.courier.logIn(integration, group, endpointId);
  }

  /** What the last login said; nothing while no token serves. */
  lastNote(integration: Integration<PartnerSettings>, group: string = DEFAULT_GROUP): Promise<unknown> {
    return this.courier.loginNote(integration, group);
  }
}
