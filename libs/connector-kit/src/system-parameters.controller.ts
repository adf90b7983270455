import { Body, Controller, Get, Inject, Put, Query } from '@nestjs/common';
import { IsBoolean, IsInt, IsObject, IsOptional, IsString, Length, Min } from 'class-validator';
import { Pool } from 'pg';
import { CurrentCaller, RequirePermission, type Caller, type Permission } from '#libs/access';
import { Documented, notFound } from '#libs/runtime';
import {
  describeSettings,
  SystemParameters,
  type Changer,
  type SettingForm,
  type SystemParameter,
  type SystemParameterChange,
  type Words,
} from '#libs/settings';
import { DEFINITION, type ConnectorDefinition } from './definition.js';
import { IntegrationDesk } from './integration-desk.js';

class SourceQuery {
  /** `/erp/matriz` */
  @IsString()
  @Length(1, 80)
  source!: string;
}

export class SystemParameterBody extends SourceQuery {
  /** Not named, it stays as it is. */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** By name; what is not named stays, null is the empty value. */
  @IsOptional()
  @IsObject()
  settings?: Record<string, unknown>;

  /** The version that was seen; another one in the meantime is a conflict. */
  @IsOptional()
  @IsInt()
  @Min(0)
  expectedVersion?: number;
}

/** The switch as its ERP shows it: a code, words, and whether it is on; with what it says of all integrations, if anything. */
export interface ShownParameter {
  code: string;
  label: Words;
  help?: Words;
  source: string;
  enabled: boolean;
  version: number;
  updatedAt?: Date;
  updatedBy?: string;
  /** Each with its default where nobody said otherwise, and what a form needs to ask for them. */
  settings?: Record<string, unknown>;
  fields?: SettingForm[];
}

@Controller('system-parameter')
export class SystemParametersController {
  constructor(
    private readonly desk: IntegrationDesk,
    private readonly parameters: SystemParameters,
    private readonly pool: Pool,
    @Inject(DEFINITION) private readonly definition: ConnectorDefinition,
  ) {}

  @Get()
  @RequirePermission('integrations.read')
  @Documented({ summary: 'The switch of an ERP instance: nothing of the partner is on before it' })
  async read(@CurrentCaller() caller: Caller, @Query() { source }: SourceQuery): Promise<ShownParameter> {
    requireKnown(caller, source);
    return this.show(await this.desk.readParameter(source));
  }

  @Put()
  @RequirePermission('system-parameters.write')
  @Documented({ summary: 'Switches an ERP instance, and says what holds for all of it; off holds what waits' })
  async switch(@CurrentCaller() caller: Caller, @Body() body: SystemParameterBody): Promise<ShownParameter> {
    requireKnown(caller, body.source, 'system-parameters.write');
    this.description();
    const { source } = body;
    const territories = (await this.desk.companiesOf(source)).map((company) => ({ source, company }));
    // It concerns all of them: who may not switch one of them switches none.
    for (const territory of territories) caller.require('system-parameters.write', territory);
    const isVendor =
      knows(caller, source, 'integrations.write-vendor') &&
      territories.every((territory) => caller.may('integrations.write-vendor', territory));
    const changer: Changer = { name: caller.name, mayChange: (who) => who === 'admin' || isVendor };
    return this.show(await this.desk.saveParameter(body, changer));
  }

  @Get('history')
  @RequirePermission('integrations.read')
  @Documented({ summary: 'Who switched it or changed what it says, and when; the last hundred times' })
  history(@CurrentCaller() caller: Caller, @Query() { source }: SourceQuery): Promise<SystemParameterChange[]> {
    requireKnown(caller, source);
    this.description();
    return this.parameters.history(this.pool, source);
  }

  private show({ settings, ...parameter }: SystemParameter): ShownParameter {
    const { settings: cls, ...description } = this.description();
    return { ...description, ...parameter, ...(cls && { settings: { ...settings }, fields: describeSettings(cls) }) };
  }

  private description() {
    if (this.definition.systemParameter) return this.definition.systemParameter;
    throw notFound(`${this.definition.name} has no system parameter: each integration is on by itself.`);
  }
}

/** Whoever has nothing to do with the ERP learns nothing of it. */
export function requireKnown(caller: Caller, source: string, permission: Permission = 'integrations.read'): void {
  if (!knows(caller, source, permission)) throw notFound('There is no such thing, or it belongs to somebody else.');
}

function knows(caller: Caller, source: string, permission: Permission): boolean {
  const territories = caller.territoriesOf(permission);
  return territories === '*' || territories.some((territory) => territory.source === source);
}
