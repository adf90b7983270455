import { Body, Controller, Get, Inject, Put, Query } from '@nestjs/common';
import { IsBoolean, IsInt, IsOptional, IsString, Length, Min } from 'class-validator';
import { Pool } from 'pg';
import { CurrentCaller, RequirePermission, type Caller, type Permission } from '#libs/access';
import { Documented, notFound } from '#libs/runtime';
import { SystemParameters, type SystemParameterChange, type Words } from '#libs/settings';
import { DEFINITION, type ConnectorDefinition } from './definition.js';
import { IntegrationDesk } from './integration-desk.js';

class SourceQuery {
  /** `/erp/matriz` */
  @IsString()
  @Length(1, 80)
  source!: string;
}

export class SystemParameterBody extends SourceQuery {
  @IsBoolean()
  enabled!: boolean;

  /** The version that was seen; another one in the meantime is a conflict. */
  @IsOptional()
  @IsInt()
  @Min(0)
  expectedVersion?: number;
}

/** The switch as its ERP shows it: a code, words, and whether it is on. */
export interface ShownParameter {
  code: string;
  label: Words;
  help?: Words;
  source: string;
  enabled: boolean;
  version: number;
  updatedAt?: Date;
  updatedBy?: string;
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
  @Documented({ summary: 'Switches an ERP instance; off holds what waits and plans nothing' })
  async switch(@CurrentCaller() caller: Caller, @Body() body: SystemParameterBody): Promise<ShownParameter> {
    requireKnown(caller, body.source, 'system-parameters.write');
    this.description();
    // It concerns all of them: who may not switch one of them switches none.
    for (const company of await this.desk.companiesOf(body.source)) {
      caller.require('system-parameters.write', { source: body.source, company });
    }
    return this.show(await this.desk.switchParameter(body, caller.name));
  }

  @Get('history')
  @RequirePermission('integrations.read')
  @Documented({ summary: 'Who switched it, and when; the last hundred times' })
  history(@CurrentCaller() caller: Caller, @Query() { source }: SourceQuery): Promise<SystemParameterChange[]> {
    requireKnown(caller, source);
    this.description();
    return this.parameters.history(this.pool, source);
  }

  private show(parameter: Omit<ShownParameter, 'code' | 'label' | 'help'>): ShownParameter {
    return { ...this.description(), ...parameter };
  }

  private description() {
    if (this.definition.systemParameter) return this.definition.systemParameter;
    throw notFound(`${this.definition.name} has no system parameter: each integration is on by itself.`);
  }
}

/** Whoever has nothing to do with the ERP learns nothing of it. */
export function requireKnown(caller: Caller, source: string, permission: Permission = 'integrations.read'): void {
  const territories = caller.territoriesOf(permission);
  if (territories === '*' || territories.some((territory) => territory.source === source)) return;
  throw notFound('There is no such thing, or it belongs to somebody else.');
}
