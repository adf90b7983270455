import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { IsBoolean, IsObject, IsOptional, IsString, Length } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller, type Permission, type Territory } from '#libs/access';
import {
  DeliveryEngine,
  DeliveryRefusal,
  type DeliveryDetail,
  type DeliveryReport,
  type FailureGroups,
} from '#libs/delivery';
import { cursorPage, Documented, invalidRequest, notFound, Problem, readCursor, type Page } from '#libs/runtime';
import { DeliveryListParameters, FailureParameters, toDeliveryFilter } from './delivery-query.js';
import { mergePatch } from './merge-patch.js';
import { seenBy } from './seen-by.js';

export class ReasonBody {
  @IsString()
  @Length(3, 500)
  reason!: string;
}

export class RetryBody {
  @IsOptional()
  @IsString()
  @Length(3, 500)
  reason?: string;
}

/** Either the whole body, or what is to change in it. */
export class EditBody extends ReasonBody {
  @IsOptional()
  @IsObject()
  body?: object;

  /** A JSON merge patch: what it names is replaced, null takes a field away. */
  @IsOptional()
  @IsObject()
  patch?: object;
}

/** What a person found at the partner of a paid or irreversible call nobody knows the end of. */
export class ResolveBody extends ReasonBody {
  /** True: it is through. False: it is sent once more. */
  @IsBoolean()
  happened!: boolean;

  /** The partner's own name for it; where it happened. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  reference?: string;
}

@Controller('deliveries')
export class DeliveriesController {
  constructor(private readonly engine: DeliveryEngine) {}

  @Get()
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'Open deliveries, or settled ones, newest first' })
  async list(@CurrentCaller() caller: Caller, @Query() query: DeliveryListParameters): Promise<Page<DeliveryReport>> {
    const { settled, limit, cursor, ...filter } = query;
    const [beforePosition] = readCursor(cursor, ['integer']) ?? [];
    const page = { settled, beforePosition, limit: limit + 1, seen: seenBy(caller, 'deliveries.read') };
    const rows = await this.engine.deliveries.list({ ...toDeliveryFilter(filter), ...page });
    return cursorPage(rows, limit, (row) => [row.position]);
  }

  @Get('failures')
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'What waits for a person, grouped by operation and by what the reasons have in common' })
  failures(@CurrentCaller() caller: Caller, @Query() { limit, ...filter }: FailureParameters): Promise<FailureGroups> {
    return this.engine.deliveries.failures(seenBy(caller, 'deliveries.read'), toDeliveryFilter(filter), limit);
  }

  @Get(':position')
  @RequirePermission('deliveries.read')
  @Documented({
    summary: 'One delivery with its attempts, requests and answers masked, and with what people did to it',
  })
  async one(@CurrentCaller() caller: Caller, @Param('position') position: string): Promise<DeliveryDetail> {
    return this.read(caller, 'deliveries.read', position);
  }

  @Get(':position/body')
  @RequirePermission('events.read-personal')
  @Documented({ summary: 'What is sent, unmasked' })
  async body(@CurrentCaller() caller: Caller, @Param('position') position: string): Promise<{ body?: object }> {
    await this.read(caller, 'events.read-personal', position);
    return { body: await this.engine.deliveries.bodyOf(position) };
  }

  @Post(':position/retry')
  @HttpCode(204)
  @RequirePermission('deliveries.retry')
  @Documented({ summary: 'Sends it again as it is, with all its attempts before it' })
  async retry(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
    @Body() { reason }: RetryBody,
  ): Promise<void> {
    await this.read(caller, 'deliveries.retry', position);
    await this.engine.deliveries.retry(position, caller.name, reason).catch(toProblem);
  }

  @Post(':position/skip')
  @HttpCode(204)
  @RequirePermission('deliveries.skip')
  @Documented({ summary: 'Leaves it unsent, with a reason; what waits behind it goes on' })
  async skip(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
    @Body() { reason }: ReasonBody,
  ): Promise<void> {
    const { delivery } = await this.read(caller, 'deliveries.skip', position);
    const { deliveries } = this.engine;
    if (delivery.state !== 'unknown') return deliveries.skip(position, caller.name, reason).catch(toProblem);
    // Left for good, nobody will ever know whether it was paid for: that is a decision on the call, too.
    caller.require('deliveries.resolve', territoryOf(delivery));
    await deliveries.giveUp(position, caller.name, reason).catch(toProblem);
  }

  @Post(':position/resolve')
  @HttpCode(204)
  @RequirePermission('deliveries.resolve')
  @Documented({
    summary: 'Says of a paid or irreversible call whether it happened: it is through then, or sent once more',
  })
  async resolve(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
    @Body() { happened, reference, reason }: ResolveBody,
  ): Promise<void> {
    await this.read(caller, 'deliveries.resolve', position);
    const said = { by: caller.name, reason };
    if (!happened) return this.engine.deliveries.resolve(position, { ...said, happened }).catch(toProblem);
    if (reference === undefined)
      throw invalidRequest([{ pointer: '/reference', detail: "the partner's own name for it must be given" }]);
    await this.engine.deliveries.resolve(position, { ...said, happened, reference }).catch(toProblem);
  }

  @Post(':position/edit-and-resend')
  @RequirePermission('deliveries.edit')
  @Documented({ summary: 'Puts a delivery with another body in its place; the original stays as it is' })
  async edit(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
    @Body() { reason, ...wish }: EditBody,
  ): Promise<{ position: string }> {
    await this.read(caller, 'deliveries.edit', position);
    const body = await this.revised(position, wish);
    const edit = { body, by: caller.name, reason };
    return { position: await this.engine.deliveries.edit(position, edit).catch(toProblem) };
  }

  private async revised(position: string, { body, patch }: Pick<EditBody, 'body' | 'patch'>): Promise<object> {
    if ((body === undefined) === (patch === undefined))
      throw invalidRequest([{ pointer: '/body', detail: 'either body or patch must be given' }]);
    return body ?? (mergePatch(await this.engine.deliveries.bodyOf(position), patch) as object);
  }

  private async read(caller: Caller, permission: Permission, position: string): Promise<DeliveryDetail> {
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
  const status = error.code === 'not-found' ? 404 : error.code === 'not-storable' ? 400 : 409;
  throw new Problem({ type: `delivery-${error.code}`, status, detail: error.message });
}
