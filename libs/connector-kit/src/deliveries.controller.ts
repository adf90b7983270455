import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsNumberString, IsOptional, IsString, Length } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller, type Territory } from '#libs/access';
import {
  DeliveryEngine,
  DeliveryRefusal,
  type AttemptReport,
  type DeliveryReport,
  type WaitedFor,
} from '#libs/delivery';
import { Documented, cursorPage, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import { ownersWithBranchesOf } from './owners.js';

class DeliveryQueryParameters extends PageQuery {
  /** Whether to list what is through instead of what is open. */
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  settled: boolean = false;

  @IsOptional()
  @IsString()
  @Length(1, 20)
  state?: string;

  /** `receivable/4711-2` */
  @IsOptional()
  @IsString()
  @Length(1, 161)
  subject?: string;

  @IsOptional()
  @IsNumberString({ no_symbols: true })
  @Length(1, 18)
  integrationId?: string;
}

export class ReasonBody {
  @IsString()
  @Length(3, 500)
  reason!: string;
}

@Controller('deliveries')
export class DeliveriesController {
  constructor(private readonly engine: DeliveryEngine) {}

  @Get()
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'Open deliveries, or settled ones, newest first; a page may hold fewer than there are' })
  async list(@CurrentCaller() caller: Caller, @Query() query: DeliveryQueryParameters): Promise<Page<DeliveryReport>> {
    const { settled, state, subject, integrationId, limit } = query;
    const [beforePosition] = readCursor(query.cursor, ['integer']) ?? [];
    const owners = ownersWithBranchesOf(caller, 'deliveries.read');
    const rows = await this.engine.deliveries.list({
      settled,
      state,
      subject,
      integrationId,
      beforePosition,
      limit: limit + 1,
      owners,
    });
    const page = cursorPage(rows, limit, (row) => [row.position]);
    return { ...page, items: page.items.filter((row) => caller.may('deliveries.read', territoryOf(row))) };
  }

  @Get(':position')
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'One delivery with its attempts, requests and answers masked' })
  async one(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
  ): Promise<{ delivery: DeliveryReport; attempts: AttemptReport[]; waitsFor: WaitedFor[] }> {
    return this.read(caller, 'deliveries.read', position);
  }

  @Post(':position/retry')
  @HttpCode(204)
  @RequirePermission('deliveries.retry')
  async retry(@CurrentCaller() caller: Caller, @Param('position') position: string): Promise<void> {
    await this.read(caller, 'deliveries.retry', position);
    await this.engine.deliveries.retry(position).catch(toProblem);
  }

  @Post(':position/skip')
  @HttpCode(204)
  @RequirePermission('deliveries.skip')
  async skip(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
    @Body() { reason }: ReasonBody,
  ): Promise<void> {
    await this.read(caller, 'deliveries.skip', position);
    await this.engine.deliveries.skip(position, caller.name, reason).catch(toProblem);
  }

  private async read(
    caller: Caller,
    permission: 'deliveries.read' | 'deliveries.retry' | 'deliveries.skip',
    position: string,
  ) {
    const found = /^\d{1,18}$/.test(position) ? await this.engine.deliveries.read(position) : undefined;
    if (!found) throw notFound('There is no such delivery, or it belongs to somebody else.');
    caller.require(permission, territoryOf(found.delivery));
    return found;
  }
}

function territoryOf({ source, company, branch }: DeliveryReport): Territory {
  return { source, company, ...(branch !== null && { branch }) };
}

function toProblem(error: unknown): never {
  if (!(error instanceof DeliveryRefusal)) throw error;
  throw new Problem({
    type: `delivery-${error.code}`,
    status: error.code === 'not-found' ? 404 : 409,
    detail: error.message,
  });
}
