import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { CurrentCaller, missingPermission, RequirePermission, type Caller, type Permission } from '#libs/access';
import {
  DeliveryEngine,
  REDRIVE_ITEM_STATES,
  RedriveRefusal,
  type RedriveItem,
  type RedriveItemState,
  type RedrivePreview,
  type RedriveReport,
} from '#libs/delivery';
import { cursorPage, Documented, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import { RedriveFilterParameters, toDeliveryFilter } from './delivery-query.js';
import { seenBy } from './seen-by.js';

const PER_SECOND_MAX = 500;

export class RedrivePreviewBody {
  @ValidateNested()
  @Type(() => RedriveFilterParameters)
  filter: RedriveFilterParameters = new RedriveFilterParameters();
}

export class RedriveBody extends RedrivePreviewBody {
  @IsString()
  @Length(3, 500)
  reason!: string;

  /** How many go in a second. */
  @IsInt()
  @Min(1)
  @Max(PER_SECOND_MAX)
  perSecond!: number;

  /** What the preview said; when there are more by now, nothing begins. */
  @IsInt()
  @Min(1)
  expectedCount!: number;

  /** So many go first, and the rest only after `continue`. */
  @IsOptional()
  @IsInt()
  @Min(1)
  first?: number;
}

class RedriveItemParameters extends PageQuery {
  @IsOptional()
  @IsIn(REDRIVE_ITEM_STATES)
  state?: RedriveItemState;
}

@Controller('redrives')
export class RedrivesController {
  constructor(private readonly engine: DeliveryEngine) {}

  @Post('preview')
  @HttpCode(200)
  @RequirePermission('redrives.start')
  @Documented({ summary: 'What a redrive by this filter would send again: how many, of what, why they are parked' })
  preview(@CurrentCaller() caller: Caller, @Body() { filter }: RedrivePreviewBody): Promise<RedrivePreview> {
    return this.engine.redrives.preview(seenBy(caller, 'redrives.start'), toDeliveryFilter(filter));
  }

  @Post()
  @RequirePermission('redrives.start')
  @Documented({ summary: 'Freezes what the filter chooses and sends it again, little by little' })
  async start(@CurrentCaller() caller: Caller, @Body() body: RedriveBody): Promise<{ id: string }> {
    const { filter, reason, perSecond, expectedCount, first } = body;
    const wish = { reason, perSecond, expectedCount, by: caller.name, firstOnly: first };
    const seen = seenBy(caller, 'redrives.start');
    const id = await this.engine.redrives.start(seen, { ...wish, filter: toDeliveryFilter(filter) }).catch(toProblem);
    return { id };
  }

  @Get()
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'Redrives, newest first, of deliveries the caller may all see' })
  async list(@CurrentCaller() caller: Caller, @Query() { cursor, limit }: PageQuery): Promise<Page<RedriveReport>> {
    const [beforeId] = readCursor(cursor, ['integer']) ?? [];
    const seen = seenBy(caller, 'deliveries.read');
    const rows = await this.engine.redrives.list(seen, { beforeId, limit: limit + 1 });
    return cursorPage(rows, limit, (row) => [row.id]);
  }

  @Get(':id')
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'How far it is' })
  one(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RedriveReport> {
    return this.read(caller, 'deliveries.read', id);
  }

  @Get(':id/items')
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'What became of each delivery, in the order they go' })
  async items(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { cursor, limit, state }: RedriveItemParameters,
  ): Promise<Page<RedriveItem>> {
    await this.read(caller, 'deliveries.read', id);
    const [afterPosition] = readCursor(cursor, ['integer']) ?? [];
    const rows = await this.engine.redrives.items(id, { afterPosition, limit: limit + 1, state });
    return cursorPage(rows, limit, (row) => [row.position]);
  }

  @Post(':id/cancel')
  @HttpCode(204)
  @RequirePermission('redrives.start')
  @Documented({ summary: 'What was not let go yet stays parked' })
  async cancel(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.read(caller, 'redrives.start', id);
    await this.engine.redrives.cancel(id, caller.name).catch(toProblem);
  }

  @Post(':id/continue')
  @HttpCode(204)
  @RequirePermission('redrives.start')
  @Documented({ summary: 'The first went well: the rest goes' })
  async letTheRestGo(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.read(caller, 'redrives.start', id);
    await this.engine.redrives.letTheRestGo(id).catch(toProblem);
  }

  /** Who may see all of it and may not decide about all of it is told so. */
  private async read(caller: Caller, permission: Permission, id: string): Promise<RedriveReport> {
    const find = (needed: Permission) => this.engine.redrives.read(seenBy(caller, needed), id);
    const isId = /^\d{1,18}$/.test(id);
    const found = isId && (await find(permission));
    if (found) return found;
    if (isId && (await find('deliveries.read'))) throw missingPermission(permission);
    throw notFound('There is no such redrive, or some of it belongs to somebody else.');
  }
}

function toProblem(error: unknown): never {
  if (!(error instanceof RedriveRefusal)) throw error;
  throw new Problem({ type: `redrive-${error.code}`, status: 409, detail: error.message });
}
