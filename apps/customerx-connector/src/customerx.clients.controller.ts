import { Controller, Get, Param, Query } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { Pool } from 'pg';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { placesOfTitles } from '#libs/receivables';
import { Documented, notFound } from '#libs/runtime';
import { IntegrationRegistry } from '#libs/settings';
import { clientsOf, type ClientIdFormat, type ClientUse } from './customerx.client-id.js';
import { CustomerXSettings } from './customerx.settings.js';

/** Settings to try out; what is not named is as saved. */
class ClientsQuery implements Partial<ClientIdFormat> {
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  businessUnitAsClient?: boolean;

  @IsOptional()
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(200)
  maxIdLength?: number;

  @IsOptional()
  @IsString()
  @MaxLength(20)
  externalIdPrefix?: string;
}

@Controller('integrations/:id/clients')
export class CustomerXClientsController {
  constructor(
    private readonly pool: Pool,
    private readonly registry: IntegrationRegistry<CustomerXSettings>,
  ) {}

  @Get()
  @RequirePermission('integrations.read')
  @Documented({
    summary: "The clients a company's titles come to, and which of them collide; settings may be tried out",
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() wish: ClientsQuery,
  ): Promise<{ items: ClientUse[] }> {
    const integration = /^\d{1,18}$/.test(id) ? await this.registry.byId(this.pool, id) : undefined;
    if (!integration) throw notFound('There is no such integration, or it belongs to somebody else.');
    caller.require('integrations.read', integration);
    const { source, company, settings } = integration;
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    return { items: clientsOf(await placesOfTitles(this.pool, source, company), { ...settings, ...given }) };
  }
}
