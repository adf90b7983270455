import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import { IsBase64, IsBoolean, IsDate, IsObject, IsOptional, IsString, Length } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller, type Permission, type Territory } from '#libs/access';
import { DeliveryEngine, ParkedRefusal, type ParkedEvent } from '#libs/delivery';
import {
  cursorPage,
  Documented,
  invalidRequest,
  notFound,
  PageQuery,
  Problem,
  readCursor,
  type Page,
} from '#libs/runtime';
import { ReasonBody } from './deliveries.controller.js';
import { seenBy } from './seen-by.js';

class ParkedEventParameters extends PageQuery {
  /** Whether to list those that were resolved too. */
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  resolved: boolean = false;

  @IsOptional()
  @IsString()
  @Length(1, 80)
  source?: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  company?: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  branch?: string;

  @IsOptional()
  @IsString()
  @Length(1, 40)
  reasonCode?: string;

  @IsOptional()
  @IsString()
  @Length(1, 120)
  type?: string;

  /** `receivable/4711-2` */
  @IsOptional()
  @IsString()
  @Length(1, 161)
  subject?: string;

  @IsOptional()
  @IsString()
  @Length(1, 120)
  eventId?: string;

  /** Came from this instant … */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  from?: Date;

  /** … up to this one, which is left out. */
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  to?: Date;
}

/** Either the event in JSON, or bytes that take the place of the message's own. */
export class FixBody extends ReasonBody {
  @IsOptional()
  @IsObject()
  event?: object;

  @IsOptional()
  @IsBase64()
  contentBase64?: string;
}

const STRUCTURED = { contentType: 'application/cloudevents+json' };

@Controller('parked-events')
export class ParkedEventsController {
  constructor(private readonly engine: DeliveryEngine) {}

  @Get()
  @RequirePermission('events.read')
  @Documented({ summary: 'Events that wait for a person, with the reason and how many wait behind' })
  async list(@CurrentCaller() caller: Caller, @Query() query: ParkedEventParameters): Promise<Page<ParkedEvent>> {
    const { cursor, limit, resolved: resolvedToo, ...filter } = query;
    const [afterId] = readCursor(cursor, ['integer']) ?? [];
    const page = { afterId, limit: limit + 1, resolvedToo, seen: seenBy(caller, 'events.read') };
    const rows = await this.engine.parkedEvents.list({ ...filter, ...page });
    return cursorPage(rows, limit, (row) => [row.id]);
  }

  @Get(':id/content')
  @RequirePermission('events.read-personal')
  @Documented({ summary: 'The bytes as they came, in base64' })
  async content(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ contentBase64: string }> {
    await this.find(caller, 'events.read-personal', id);
    const { content } = (await this.engine.parkedEvents.read(id))!;
    return { contentBase64: content.toString('base64') };
  }

  @Post(':id/plan')
  @HttpCode(204)
  @RequirePermission('events.resolve')
  @Documented({ summary: 'Plans it as it stands, and what waits behind it' })
  async plan(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.find(caller, 'events.resolve', id);
    await this.engine.parkedEvents.plan(id, caller.name).catch(toProblem);
    this.engine.stir();
  }

  @Post(':id/skip')
  @HttpCode(204)
  @RequirePermission('events.resolve')
  @Documented({ summary: 'Leaves it unplanned, with a reason; what waits behind it goes on' })
  async skip(@CurrentCaller() caller: Caller, @Param('id') id: string, @Body() { reason }: ReasonBody): Promise<void> {
    await this.find(caller, 'events.resolve', id);
    await this.engine.parkedEvents.skip(id, caller.name, reason).catch(toProblem);
    this.engine.stir();
  }

  @Post(':id/fix')
  @HttpCode(204)
  @RequirePermission('events.fix')
  @Documented({ summary: 'Plans it with other contents, in its place; the bytes as they came stay on record' })
  async fix(@CurrentCaller() caller: Caller, @Param('id') id: string, @Body() body: FixBody): Promise<void> {
    await this.find(caller, 'events.fix', id);
    const { content, properties } = contentOf(body);
    const allows = (where: Parameters<typeof territoryOf>[0]) => caller.require('events.fix', territoryOf(where));
    await this.engine.parkedEvents.fix(id, content, caller.name, body.reason, { properties, allows }).catch(toProblem);
    this.engine.stir();
  }

  /** What belongs to no company is for callers who may see everything. */
  private async find(caller: Caller, permission: Permission, id: string): Promise<ParkedEvent> {
    const found = /^\d{1,18}$/.test(id) ? await this.engine.parkedEvents.find(id) : undefined;
    const nothing = notFound('There is no such parked event, or it belongs to somebody else.');
    if (!found) throw nothing;
    const { source, company, branch } = found;
    if (source !== null && company !== null) caller.require(permission, territoryOf({ source, company, branch }));
    else if (caller.territoriesOf(permission) !== '*') throw nothing;
    return found;
  }
}

function territoryOf(where: { source: string; company: string; branch?: string | null }): Territory {
  const { source, company, branch } = where;
  return { source, company, ...(branch != null && { branch }) };
}

/** Bytes travel as the message did; an event given as JSON travels as itself. */
function contentOf({ event, contentBase64 }: FixBody): { content: Buffer; properties?: typeof STRUCTURED } {
  if ((event === undefined) === (contentBase64 === undefined))
    throw invalidRequest([{ pointer: '/event', detail: 'either event or contentBase64 must be given' }]);
  if (event) return { content: Buffer.from(JSON.stringify(event)), properties: STRUCTURED };
  return { content: Buffer.from(contentBase64!, 'base64') };
}

function toProblem(error: unknown): never {
  if (!(error instanceof ParkedRefusal)) throw error;
  throw new Problem({
    type: `parked-event-${error.code}`,
    status: error.code === 'not-found' ? 404 : 409,
    detail: error.message,
  });
}
