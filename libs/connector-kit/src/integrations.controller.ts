import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query } from '@nestjs/common';
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
import { DeliveryEngine, type RunNow, type RunReport } from '#libs/delivery';
import { Pool } from 'pg';
import { DEFINITION, type ConnectorDefinition } from './definition.js';
import { ConnectionTest, type GroupVerdict } from './connection-test.js';
import { IntegrationDesk } from './integration-desk.js';
import { ownersWithBranchesOf } from './owners.js';
import type { PartnerSettings } from './partner-settings.js';
import { requireKnown } from './system-parameters.controller.js';

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

  /** Says that a change of what the partner was told before may have everything told again. */
  @IsOptional()
  @IsBoolean()
  resend?: boolean;
}

class FormQuery {
  /** The ERP instance for which the form is drawn: what its system parameter hides is not shown. */
  @IsOptional()
  @IsString()
  @Length(1, 80)
  source?: string;
}

/** The fields of a form, and whether there is anything to show. */
export interface ShownForm {
  /** The switch of the whole ERP instance, without which none of the fields is shown. */
  shownWhen?: { systemParameter: string; equals: true };
  /** For the source asked for; true where nobody named one. */
  shown: boolean;
  fields: SettingForm[];
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
  /** `overdue`: no communication for more than two periods. */
  cadence?: { nextAt: Date; lastCommunication?: Date; overdue: boolean };
}

@Controller('integrations')
export class IntegrationsController {
  constructor(
    private readonly desk: IntegrationDesk,
    private readonly engine: DeliveryEngine,
    private readonly connection: ConnectionTest,
    private readonly pool: Pool,
    @Inject(DEFINITION) private readonly definition: ConnectorDefinition,
  ) {}

  @Get('form')
  @RequirePermission('integrations.read')
  @Documented({ summary: 'What a form needs to ask for the settings, and whether it is shown' })
  async form(@CurrentCaller() caller: Caller, @Query() { source }: FormQuery): Promise<ShownForm> {
    if (source !== undefined) requireKnown(caller, source);
    const fields = describeSettings(this.definition.settings);
    const { systemParameter } = this.definition;
    if (!systemParameter) return { shown: true, fields };
    const isOn = source === undefined || (await this.desk.readParameter(source)).enabled;
    return { shownWhen: { systemParameter: systemParameter.code, equals: true }, shown: isOn, fields };
  }

  @Get()
  @RequirePermission('integrations.read')
  @Documented({ summary: 'The integrations the caller may see; a page may hold fewer than there are' })
  async list(@CurrentCaller() caller: Caller, @Query() { cursor, limit }: PageQuery): Promise<Page<ShownIntegration>> {
    const [afterId = '0'] = readCursor(cursor, ['integer']) ?? [];
    const owners = ownersWithBranchesOf(caller, 'integrations.read');
    const rows = await this.desk.page({ afterId: String(afterId), owners, limit: limit + 1 });
    const { items, ...more } = cursorPage(rows, limit, ({ id }) => [id]);
    const seen = items.filter((one) => caller.may('integrations.read', one));
    return { ...more, items: await Promise.all(seen.map((one) => this.show(one))) };
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

  @Post(':id/test-connection')
  @HttpCode(200)
  @RequirePermission('integrations.test')
  @Documented({ summary: 'Asks the partner whether address and credentials are good, one API apart from the other' })
  async testConnection(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<GroupVerdict[]> {
    const integration = await this.desk.read(id);
    caller.require('integrations.test', integration);
    if (integration.state.kind !== 'not-configured') return this.connection.run(integration, caller.name);
    const lacks = integration.state.lacks.map(({ label, reason }) => `${label.pt} (${reason})`).join(', ');
    throw new Problem({
      type: 'not-configured',
      status: 409,
      detail: `Ainda falta / Still missing: ${lacks}.`,
    });
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
    const integration = await this.desk.read(id);
    caller.require('runs.start', integration);
    const gapSeconds = integration.settings.runNowGapMinutes * 60;
    const answer = await this.engine.cadences.runNow(id, caller.name, gapSeconds);
    if ('runId' in answer) return answer;
    throw new Problem({ type: `run-${answer.refused}`, status: 409, detail: whyNoRun(answer) });
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
      ...(cadence && {
        cadence: {
          nextAt: cadence.nextAt,
          lastCommunication: cadence.lastCommunication,
          overdue: cadence.overdue,
        },
      }),
    };
  }
}

function whyNoRun(answer: Exclude<RunNow, { runId: string }>): string {
  switch (answer.refused) {
    case 'under-way':
      return 'Uma execução está em andamento. / A run is under way.';
    case 'no-windows':
      return 'Esta integração envia assim que acontece. / This integration has no windows and sends as things come.';
    case 'too-soon':
      return `A última comunicação é recente; não antes de / too soon, not before ${answer.notBefore.toISOString()}.`;
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
