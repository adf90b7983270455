import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { Documented, notFound, traceIdOfRequest, type Page } from '#libs/runtime';
import { Entries } from './entries.js';
import { EntriesQuery, RevealRequest, TimelineQuery } from './entries-query.js';
import { EntryDetail, EntryView } from './entry-view.js';
import { Reveal, RevealedPayload } from './reveal.js';

const ENTRY_ID = /^[1-9]\d{0,17}$/;

/** What happened, to whom it may concern. */
@Controller()
export class EntriesController {
  constructor(
    private readonly entries: Entries,
    private readonly reveal: Reveal,
  ) {}

  @Get('entries')
  @RequirePermission('events.read')
  @Documented({ summary: 'Search the record', page: EntryView })
  list(@CurrentCaller() caller: Caller, @Query() query: EntriesQuery): Promise<Page<EntryView>> {
    return this.entries.page(caller, query);
  }

  @Get('entries/:id')
  @RequirePermission('events.read')
  @Documented({ summary: 'One entry, personal data masked', answer: EntryDetail })
  show(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<EntryDetail> {
    return this.entries.detail(caller, entryId(id));
  }

  @Post('entries/:id/reveal')
  @HttpCode(200)
  @RequirePermission('events.read-personal')
  @Documented({ summary: 'The payload as it came; who looked and why is recorded', answer: RevealedPayload })
  revealPayload(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: RevealRequest,
    @Req() request: IncomingMessage,
  ): Promise<RevealedPayload> {
    return this.reveal.show(caller, entryId(id), reason, traceIdOfRequest(request));
  }

  @Get('timeline')
  @RequirePermission('events.read')
  @Documented({ summary: 'One event and all that came of it: why did mine not go?', list: EntryView })
  timeline(@CurrentCaller() caller: Caller, @Query() query: TimelineQuery): Promise<EntryView[]> {
    return this.entries.timeline(caller, query);
  }
}

function entryId(id: string): string {
  if (!ENTRY_ID.test(id)) throw notFound('There is no such entry, or it belongs to somebody else.');
  return id;
}
