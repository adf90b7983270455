import type { PoolClient } from 'pg';
import { lastPosition } from '#libs/delivery';
import { wantFill } from '#libs/receivables';
import type { Integration } from '#libs/settings';
import * as sql from './integration-life.sql.js';
import type { PartnerSettings } from './partner-settings.js';

export type LoadKind = 'initial' | 'difference' | 'resend';

interface LifeRow {
  ready: boolean;
  told_up_to: string | null;
}

/**
 * Follows an integration from off to ready and back, in the transaction that changes it, in which the epochs are locked:
 * no event comes in between. The first time it is ready it owes its partner every title that is open then [carga
 * inicial]; each later time, what changed since it was ready last. Saved again as it was, it owes nothing.
 */
export class IntegrationLife {
  constructor(
    /** Whether the connector plans titles as they stand. */
    private readonly loads: boolean,
  ) {}

  async follow(client: PoolClient, integration: Integration<PartnerSettings>, by: string): Promise<void> {
    await client.query(sql.ENSURE_LIFE, [integration.id]);
    const life = (await client.query<LifeRow>(sql.LOCK_LIFE, [integration.id])).rows[0]!;
    const isReady = integration.state.kind === 'ready';
    if (isReady === life.ready) return;
    const position = await lastPosition(client);
    if (!isReady) {
      await client.query(sql.STOP_BEING_READY, [integration.id, position]);
      return;
    }
    await client.query(sql.BECOME_READY, [integration.id]);
    if (!this.loads) return;
    if (life.told_up_to === null) await this.beginFirst(client, integration, position, by);
    else await begin(client, integration.id, { kind: 'difference', above: life.told_up_to, upTo: position, by });
  }

  /** Everything known is told again, as it stands: what the partner knows was told under other settings. */
  async resend(client: PoolClient, integrationId: string, by: string): Promise<void> {
    const position = await lastPosition(client);
    await begin(client, integrationId, { kind: 'resend', above: '0', upTo: position, by });
  }

  private async beginFirst(
    client: PoolClient,
    { id, source, company }: Integration<PartnerSettings>,
    position: string,
    by: string,
  ): Promise<void> {
    await wantFill(client, { source, company, requestedBy: by });
    await begin(client, id, { kind: 'initial', above: '0', upTo: position, by });
  }
}

interface LoadWish {
  kind: LoadKind;
  above: string;
  upTo: string;
  by: string;
}

async function begin(client: PoolClient, integrationId: string, { kind, above, upTo, by }: LoadWish): Promise<void> {
  await client.query(sql.BEGIN_LOAD, [integrationId, kind, above, upTo, kind === 'initial', by]);
}
