import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CurrentCaller, RequirePermission, type Caller, type Permission } from '#libs/access';
import { DeliveryEngine, ParkedRefusal, type ParkedEvent } from '#libs/delivery';
import { Documented, cursorPage, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import { ReasonBody } from './deliveries.controller.js';
import { ownersOf } from './owners.js';

@Controller('parked-events')
export class ParkedEventsController {
  constructor(private readonly engine: DeliveryEngine) {}

  @Get()
  @RequirePermission('events.read')
  @Documented({ summary: 'Events that wait for a person, with the reason and how many wait behind' })
  async list(@CurrentCaller() caller: Caller, @Query() { cursor, limit }: PageQuery): Promise<Page<ParkedEvent>> {
    const [afterId] = readCursor(cursor, ['integer']) ?? [];
    const rows = await this.engine.parkedEvents.list({
      afterId,
      limit: limit + 1,
      owners: ownersOf(caller, 'events.read'),
    });
    return cursorPage(rows, limit, (row) => [row.id]);
  }

  @Get(':id/content')
  @RequirePermission('events.read-personal')
  @Documented({ summary: 'The bytes as they came, in base64' })
  async content(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ contentBase64: string }> {
    const { content } = await this.read(caller, 'events.read-personal', id);
    return { contentBase64: content.toString('base64') };
  }

  @Post(':id/plan')
  @HttpCode(204)
  @RequirePermission('events.resolve')
  @Documented({ summary: 'Plans it as it stands, and what waits behind it' })
  async plan(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    await this.read(caller, 'events.resolve', id);
    await this.engine.parkedEvents.plan(id, caller.name).catch(toProblem);
    this.engine.stir();
  }

  @Post(':id/skip')
  @HttpCode(204)
  @RequirePermission('events.resolve')
  @Documented({ summary: 'Leaves it unplanned, with a reason; what waits behind it goes on' })
  async skip(@CurrentCaller() caller: Caller, @Param('id') id: string, @Body() { reason }: ReasonBody): Promise<void> {
    await this.read(caller, 'events.resolve', id);
    await this.engine.parkedEvents.skip(id, caller.name, reason).catch(toProblem);
    this.engine.stir();
  }

  /** What belongs to no company is for callers who may see everything. */
  private async read(
    caller: Caller,
    permission: Permission,
    id: string,
  ): Promise<{ event: ParkedEvent; content: Buffer }> {
    const found = /^\d{1,18}$/.test(id) ? await this.engine.parkedEvents.read(id) : undefined;
    const nothing = notFound('There is no such parked event, or it belongs to somebody else.');
    if (!found) throw nothing;
    const { source, company } = found.event;
    if (source !== null && company !== null) caller.require(permission, { source, company });
    else if (caller.territoriesOf(permission) !== '*') throw nothing;
    return found;
  }
}

function toProblem(error: unknown): never {
  if (!(error instanceof ParkedRefusal)) throw error;
  throw new Problem({
    type: `parked-event-${error.code}`,
    status: error.code === 'not-found' ? 404 : 409,
    detail: error.message,
  });
}
