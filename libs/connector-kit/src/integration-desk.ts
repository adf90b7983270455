import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Caller } from '#libs/access';
import { DeliveryEngine, ensureEndpoints, LOCK_ALL_EPOCHS } from '#libs/delivery';
import { inTransaction, notFound } from '#libs/runtime';
import { IntegrationRegistry, type Integration, type IntegrationInput } from '#libs/settings';
import type { PartnerSettings } from './partner-settings.js';
import { SettingsBook } from './settings-book.js';

const GROUPS = ['default'];

/** Saves integrations and makes the engine follow: what is off stands still, what was mended goes on. */
@Injectable()
export class IntegrationDesk {
  constructor(
    private readonly pool: Pool,
    private readonly registry: IntegrationRegistry<PartnerSettings>,
    private readonly book: SettingsBook,
    private readonly engine: DeliveryEngine,
  ) {}

  readAll(): Promise<Integration<PartnerSettings>[]> {
    return this.registry.readAll(this.pool);
  }

  /** @throws Problem 404 */
  async read(id: string): Promise<Integration<PartnerSettings>> {
    const integration = /^\d{1,18}$/.test(id) ? await this.registry.byId(this.pool, id) : undefined;
    if (!integration) throw notFound('There is no such integration, or it belongs to somebody else.');
    this.book.note([integration]);
    return integration;
  }

  /** Intake stands still for the moment of the change, so that what is planned is planned by one state of the settings. */
  async save(input: IntegrationInput, caller: Caller): Promise<Integration<PartnerSettings>> {
    const changer = {
      name: caller.name,
      mayChange: (who: 'vendor' | 'admin') =>
        caller.may(who === 'vendor' ? 'integrations.write-vendor' : 'integrations.write', input),
    };
    const { saved, endpoints } = await inTransaction(this.pool, async (client) => {
      await client.query(LOCK_ALL_EPOCHS);
      const { after } = await this.registry.save(client, input, changer);
      const { id, source, company, settings } = after;
      const wish = { integrationId: id, source, company, groups: GROUPS, concurrency: settings.concurrency };
      return { saved: after, endpoints: await ensureEndpoints(client, wish) };
    });
    this.book.note([saved]);
    await this.follow(saved, endpoints, caller.name);
    return saved;
  }

  /**
   * Lets go what still stands still though its integration is ready: whoever saved it died before it was followed, or
   * two saves overtook each other. The other way round the courier stops what must not be called.
   */
  async resumeReady(): Promise<void> {
    const standing = await this.engine.endpoints.standing();
    for (const { endpointId, integrationId } of standing.filter(({ reason }) => reason === 'off')) {
      const integration = await this.registry.byId(this.pool, integrationId);
      if (integration?.state.kind === 'ready') await this.engine.endpoints.resume(endpointId, 'off', 'ponte');
    }
  }

  private async follow(
    { id, settings, state }: Integration<PartnerSettings>,
    endpoints: string[],
    by: string,
  ): Promise<void> {
    const { cadences, endpoints: gates } = this.engine;
    if (state.kind !== 'ready') await this.standStill(endpoints, state.kind, by);
    await gates.limit(id, settings.concurrency);
    await cadences.set({ integrationId: id, everySeconds: settings.periodicityMinutes * 60, zone: settings.timeZone });
    for (const endpointId of endpoints) {
      await gates.resume(endpointId, 'credential', by);
      if (state.kind === 'ready') await gates.resume(endpointId, 'off', by);
    }
    this.engine.stir();
  }

  private async standStill(endpoints: readonly string[], state: string, by: string): Promise<void> {
    const pause = { reason: 'off' as const, detail: `the integration is ${state}`, setBy: by };
    for (const endpointId of endpoints) await this.engine.endpoints.pause(endpointId, pause);
  }
}
