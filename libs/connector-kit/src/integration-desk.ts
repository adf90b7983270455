import { Injectable } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import type { Caller } from '#libs/access';
import { DeliveryEngine, ensureEndpoints, LOCK_ALL_EPOCHS, writeOutcomes } from '#libs/delivery';
import { inTransaction, notFound } from '#libs/runtime';
import {
  IntegrationRegistry,
  SystemParameters,
  type Changer,
  type Integration,
  type IntegrationInput,
  type Reencryption,
  type SavedIntegration,
  type SystemParameter,
  type SystemParameterInput,
} from '#libs/settings';
import type { ConnectorDefinition } from './definition.js';
import { IntegrationLife } from './integration-life.js';
import { READ_LIVES } from './integration-life.sql.js';
import { FORGET_REFUSALS } from './login-tokens.sql.js';
import type { PartnerSettings } from './partner-settings.js';
import { requireWordOnResending } from './resending.js';
import { SettingsBook } from './settings-book.js';
import { tellSettings } from './settings-told.js';

export interface SaveWish extends IntegrationInput {
  /** Said by who knows that the change has everything told again. */
  resend?: boolean;
}

export interface DeskParts {
  definition: ConnectorDefinition;
  pool: Pool;
  registry: IntegrationRegistry<PartnerSettings>;
  parameters: SystemParameters;
  book: SettingsBook;
  engine: DeliveryEngine;
}

/** An integration as it was saved, with what must follow once the save is committed. */
interface Followed {
  integration: Integration<PartnerSettings>;
  endpoints: string[];
  cadenceChanged: boolean;
}

/** Saves settings and makes the engine follow: what is off stands still, what was mended goes on, what is owed is loaded. */
@Injectable()
export class IntegrationDesk {
  private readonly life: IntegrationLife;

  private readonly definition: ConnectorDefinition;
  private readonly pool: Pool;
  private readonly registry: IntegrationRegistry<PartnerSettings>;
  private readonly parameters: SystemParameters;
  private readonly book: SettingsBook;
  private readonly engine: DeliveryEngine;

  constructor(parts: DeskParts) {
    ({
      definition: this.definition,
      pool: this.pool,
      registry: this.registry,
      parameters: this.parameters,
      book: this.book,
      engine: this.engine,
    } = parts);
    this.life = new IntegrationLife(parts.definition.load !== undefined);
  }

  /** In the order of their ids. @param owners `source|company`, or undefined for all */
  page(wish: { afterId: string; owners?: readonly string[]; limit: number }): Promise<Integration<PartnerSettings>[]> {
    return this.registry.page(this.pool, wish);
  }

  /** @throws Problem 404 */
  async read(id: string): Promise<Integration<PartnerSettings>> {
    const integration = /^\d{1,18}$/.test(id) ? await this.registry.byId(this.pool, id) : undefined;
    if (!integration) throw notFound('There is no such integration, or it belongs to somebody else.');
    this.book.note([integration]);
    return integration;
  }

  /**
   * Intake stands still for the moment of the change, so that what is planned is planned by one state of the settings.
   * @throws Problem 400, 403, 409 as the registry says; 409 `would-resend` for a change of what the partner was told
   * before, without the word on it
   */
  async save({ resend = false, ...input }: SaveWish, caller: Caller): Promise<Integration<PartnerSettings>> {
    const changer: Changer = {
      name: caller.name,
      mayChange: (who) => caller.may(who === 'vendor' ? 'integrations.write-vendor' : 'integrations.write', input),
    };
    const followed = await inTransaction(this.pool, async (client) => {
      await client.query(LOCK_ALL_EPOCHS);
      const saved = await this.registry.save(client, input, changer);
      if (await requireWordOnResending(client, this.definition, saved, resend))
        await this.life.resend(client, saved.after.id, caller.name);
      await writeOutcomes(client, tellSettings(this.definition.name, saved, caller.name));
      const others = await this.turnOnWith(client, saved, changer);
      // Read anew: the switch may have made it ready.
      const own = (await this.registry.byId(client, saved.after.id))!;
      return [await this.followIn(client, own, caller.name), ...others];
    });
    for (const each of followed) await this.followAfter(each, caller.name);
    return followed[0]!.integration;
  }

  /** Where the manual has the switch follow the integrations. @returns the others, which follow the switch */
  private async turnOnWith(
    client: PoolClient,
    { after, changed }: SavedIntegration<PartnerSettings>,
    changer: Changer,
  ): Promise<Followed[]> {
    if (changed.length === 0 || !this.definition.systemParameter?.turnsOnWithIntegration) return [];
    const { source } = after;
    const switched = await this.parameters.save(client, { source, enabled: true }, changer);
    if (switched.changed.length === 0) return [];
    const others = (await this.registry.forSource(client, source)).filter(({ id }) => id !== after.id);
    const followed: Followed[] = [];
    for (const integration of others) followed.push(await this.followIn(client, integration, changer.name));
    return followed;
  }

  /** Those that have an integration, of their own or of a branch. */
  async companiesOf(source: string): Promise<string[]> {
    const integrations = await this.registry.forSource(this.pool, source);
    return [...new Set(integrations.map(({ company }) => company))];
  }

  readParameter(source: string): Promise<SystemParameter> {
    return this.parameters.read(this.pool, source);
  }

  /** Of a whole ERP instance: each of its integrations follows the switch. @throws Problem as the parameters say */
  async saveParameter(input: SystemParameterInput, changer: Changer): Promise<SystemParameter> {
    const by = changer.name;
    const { parameter, toFollow } = await inTransaction(this.pool, async (client) => {
      await client.query(LOCK_ALL_EPOCHS);
      const saved = await this.parameters.save(client, input, changer);
      const switched = saved.changed.includes('/enabled');
      const integrations = switched ? await this.registry.forSource(client, input.source) : [];
      const each: Followed[] = [];
      for (const integration of integrations) each.push(await this.followIn(client, integration, by));
      return { parameter: saved.parameter, toFollow: each };
    });
    for (const followed of toFollow) await this.followAfter(followed, by);
    return parameter;
  }

  /** Seals every secret anew that an older key sealed. */
  reseal(): Promise<Reencryption> {
    return this.registry.reencrypt(this.pool);
  }

  /** At start: what a new version or another key ring made of the settings that are there. */
  async followAll(by: string): Promise<void> {
    const lives = new Map(
      (await this.pool.query<{ id: string; ready: boolean }>(READ_LIVES)).rows.map((l) => [l.id, l.ready]),
    );
    for (const { id, state } of await this.registry.readAll(this.pool)) {
      if ((lives.get(id) ?? false) === (state.kind === 'ready')) continue;
      const followed = await inTransaction(this.pool, async (client) => {
        await client.query(LOCK_ALL_EPOCHS);
        const now = await this.registry.byId(client, id);
        return now && this.followIn(client, now, by);
      });
      if (followed) await this.followAfter(followed, by);
    }
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

  private async followIn(client: PoolClient, integration: Integration<PartnerSettings>, by: string): Promise<Followed> {
    const { id, source, company, settings } = integration;
    const groups = [...this.definition.groups.keys()];
    const exempt = groups.filter((group) => this.definition.groups.get(group)!(settings).exempt);
    const endpoints = await ensureEndpoints(client, {
      integrationId: id,
      source,
      company,
      groups,
      exempt,
      concurrency: settings.concurrency,
    });
    const cadence = {
      integrationId: id,
      everySeconds: settings.periodicityMinutes * 60,
      zone: settings.timeZone,
      fromSeconds: this.definition.windowsFromSeconds,
    };
    const cadenceChanged = await this.engine.cadences.change(client, cadence);
    await this.life.follow(client, integration, by);
    await client.query(FORGET_REFUSALS, [id]);
    return { integration, endpoints, cadenceChanged };
  }

  private async followAfter({ integration, endpoints, cadenceChanged }: Followed, by: string): Promise<void> {
    const { id, settings, state } = integration;
    const { cadences, endpoints: gates } = this.engine;
    this.book.note([integration]);
    if (state.kind !== 'ready') await this.standStill(endpoints, state.kind, by);
    await gates.limit(id, settings.concurrency);
    if (cadenceChanged) await cadences.refile(id);
    for (const endpointId of endpoints) {
      await gates.resume(endpointId, 'credential', by);
      // The cap may have been raised; one that was not stops the next paid call again.
      await gates.resume(endpointId, 'spend-cap', by);
      if (state.kind === 'ready') await gates.resume(endpointId, 'off', by);
    }
    this.engine.stir();
  }

  private async standStill(endpoints: readonly string[], state: string, by: string): Promise<void> {
    const pause = { reason: 'off' as const, detail: `the integration is ${state}`, setBy: by };
    for (const endpointId of endpoints) await this.engine.endpoints.pause(endpointId, pause);
  }
}
