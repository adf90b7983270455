import { Body, Controller, Get, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsObject, IsOptional, IsString, Length, Min } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { Documented, cursorPage, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import {
  describeSettings,
  readSettingHistory,
  settingsOf,
  type Integration,
  type SettingChange,
  type SettingForm,
} from '#libs/settings';
import { DeliveryEngine, type RunReport } from '#libs/delivery';
import { Pool } from 'pg';
import { DEFINITION, type ConnectorDefinition } from './definition.js';
import { IntegrationDesk } from './integration-desk.js';
import type { PartnerSettings } from './partner-settings.js';

export class IntegrationBody {
  @IsString()
  @Length(1, 80)
  source!: string;

  @IsString()
  @Length(1, 40)
  company!: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  branch?: string;

  @IsOptional()
  @IsString()
  @Length(1, 120)
  displayName?: string;

  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** By name; what is not named stays, null takes a setting away. Secrets are written, never read. */
  @IsOptional()
  @IsObject()
  settings?: Record<string, unknown>;

  /** The version that was seen; another one in the meantime is a conflict. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  expectedVersion?: number;
}

/** An integration as it is shown: secrets as whether they are set. */
export interface ShownIntegration {
  id: string;
  source: string;
  company: string;
  branch?: string;
  displayName: string;
  enabled: boolean;
  version: number;
  updatedAt: Date;
  updatedBy: string;
  state: Integration['state'];
  settings: Record<string, unknown>;
  cadence?: { nextAt: Date; lastCommunication?: Date };
}

@Controller('integrations')
export class IntegrationsController {
  constructor(
    private readonly desk: IntegrationDesk,
    private readonly engine: DeliveryEngine,
    private readonly pool: Pool,
    @Inject(DEFINITION) private readonly definition: ConnectorDefinition,
  ) {}

  @Get('form')
  @RequirePermission('integrations.read')
  @Documented({ summary: 'What a form needs to ask for the settings' })
  form(): SettingForm[] {
    return describeSettings(this.definition.settings);
  }

  @Get()
  @RequirePermission('integrations.read')
  @Documented({ summary: 'The integrations the caller may see' })
  async list(@CurrentCaller() caller: Caller, @Query() { cursor, limit }: PageQuery): Promise<Page<ShownIntegration>> {
    const [afterId = '0'] = readCursor(cursor, ['integer']) ?? [];
    const all = await this.desk.readAll();
    const rows = all
      .filter((one) => BigInt(one.id) > BigInt(afterId) && caller.may('integrations.read', one))
      .toSorted((one, other) => Number(BigInt(one.id) - BigInt(other.id)));
    const { items, ...more } = cursorPage(rows.slice(0, limit + 1), limit, ({ id }) => [id]);
    return { ...more, items: await Promise.all(items.map((one) => this.show(one))) };
  }

  @Get(':id')
  @RequirePermission('integrations.read')
  async one(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ShownIntegration> {
    const integration = await this.desk.read(id);
    caller.require('integrations.read', integration);
    return this.show(integration);
  }

  @Put()
  @RequirePermission('integrations.write')
  @Documented({ summary: 'Creates or changes the integration of a company or branch' })
  async save(@CurrentCaller() caller: Caller, @Body() body: IntegrationBody): Promise<ShownIntegration> {
    caller.require('integrations.write', body);
    return this.show(await this.desk.save(body, caller));
  }

  @Get(':id/history')
  @RequirePermission('integrations.read')
  @Documented({ summary: 'Who changed what, and when; secrets masked' })
  async history(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() page: PageQuery,
  ): Promise<Page<SettingChange>> {
    caller.require('integrations.read', await this.desk.read(id));
    return readSettingHistory(this.pool, id, page);
  }

  @Get(':id/runs')
  @RequirePermission('runs.read')
  async runs(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() page: PageQuery,
  ): Promise<Page<RunReport>> {
    caller.require('runs.read', await this.desk.read(id));
    const [beforeId] = readCursor(page.cursor, ['integer']) ?? [];
    const runs = await this.engine.cadences.runs(id, { beforeId, limit: page.limit + 1 });
    return cursorPage(runs, page.limit, (run) => [run.id]);
  }

  @Post(':id/runs')
  @RequirePermission('runs.start')
  @Documented({ summary: 'Lets go now what waits for the next window' })
  async runNow(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ runId: string }> {
    caller.require('runs.start', await this.desk.read(id));
    const runId = await this.engine.cadences.runNow(id, caller.name);
    if (runId) return { runId };
    throw new Problem({
      type: 'no-run',
      status: 409,
      detail: 'A run is under way, or this integration has no windows and sends as things come.',
    });
  }

  private async show(integration: Integration<PartnerSettings>): Promise<ShownIntegration> {
    const { id, source, company, branch, displayName, enabled, version, updatedAt, updatedBy, state, settings } =
      integration;
    const cadence = await this.engine.cadences.state(id);
    return {
      id,
      source,
      company,
      branch,
      displayName,
      enabled,
      version,
      updatedAt,
      updatedBy,
      state,
      settings: shown(this.definition, settings),
      ...(cadence && { cadence: { nextAt: cadence.nextAt, lastCommunication: cadence.lastCommunication } }),
    };
  }
}

function shown(definition: ConnectorDefinition, settings: object): Record<string, unknown> {
  const values = settings as Record<string, unknown>;
  return Object.fromEntries(
    settingsOf(definition.settings).map(({ name, secret }) => [
      name,
      secret ? { set: values[name] !== undefined } : values[name],
    ]),
  );
}
