import { Controller, Get, Inject, Query } from '@nestjs/common';
import { IsOptional, IsString, Length } from 'class-validator';
import { Pool } from 'pg';
import { CurrentCaller, SignedIn, type Caller, type Territory } from '#libs/access';
import { Documented, invalidRequest, notFound } from '#libs/runtime';
import { IntegrationRegistry, type Integration } from '#libs/settings';
import { capabilityOf, type Capability, type HasCapabilities } from './capabilities.js';
import { DEFINITION, type ConnectorDefinition } from './definition.js';
import { IntegrationDesk } from './integration-desk.js';
import type { PartnerSettings } from './partner-settings.js';

/** Injection token of the connector class, made. */
export const CONNECTOR = Symbol('connector made');

class CapabilitiesQuery {
  /** May be left out by a caller who has to do with one ERP alone. */
  @IsOptional()
  @IsString()
  @Length(1, 80)
  source?: string;

  @IsString()
  @Length(1, 40)
  company!: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  branch?: string;
}

export interface Capabilities extends Territory {
  items: Capability[];
}

/** What a screen may show and offer to whoever is signed in, and why not. */
@Controller('capabilities')
export class CapabilitiesController {
  constructor(
    private readonly desk: IntegrationDesk,
    private readonly registry: IntegrationRegistry<PartnerSettings>,
    private readonly pool: Pool,
    @Inject(DEFINITION) private readonly definition: ConnectorDefinition,
    @Inject(CONNECTOR) private readonly connector: Partial<HasCapabilities>,
  ) {}

  @Get()
  @SignedIn()
  @Documented({ summary: 'What to show in a company or branch, what the caller may do there, and why not' })
  async read(@CurrentCaller() caller: Caller, @Query() query: CapabilitiesQuery): Promise<Capabilities> {
    const territory = { ...query, source: query.source ?? onlySourceOf(caller, query.company) };
    const { source, company, branch } = territory;
    if (!caller.mayTouch(source, company, branch)) throw nothingThere();
    const integrations = await this.registry.forCompany(this.pool, source, company);
    const wish = { caller, territory, integration: concerned(integrations, branch) };
    const isOn = !this.definition.systemParameter || (await this.desk.readParameter(source)).enabled;
    const own = (await this.connector.capabilitiesFor?.(wish)) ?? [];
    return { source, company, ...(branch && { branch }), items: [capabilityOf(wish, this.definition, isOn), ...own] };
  }
}

/** The branch's own integration takes the place of the company's, as it does for events. */
function concerned(all: readonly Integration<PartnerSettings>[], branch: string | undefined) {
  const ofBranch = branch === undefined ? undefined : all.find((one) => one.branch === branch);
  return ofBranch ?? all.find((one) => one.branch === undefined);
}

function onlySourceOf(caller: Caller, company: string): string {
  const sources = caller.sourcesOf(company);
  if (sources === '*' || sources.length > 1)
    throw invalidRequest([{ pointer: '?source', detail: 'source must be given: a company 1 exists in every ERP' }]);
  if (sources.length === 0) throw nothingThere();
  return sources[0]!;
}

const nothingThere = () => notFound('There is no such company, or it belongs to somebody else.');
