import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Pool } from 'pg';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { readFill, renewFillWish, type FillState } from '#libs/receivables';
import { cursorPage, Documented, PageQuery, readCursor, type Page } from '#libs/runtime';
import { IntegrationDesk } from './integration-desk.js';
import { listLoadFailures, listLoads } from './load-list.js';
import type { LoadReport } from './loads.js';
import { WAIT_NO_LONGER } from './integration-life.sql.js';

@Controller('integrations/:id')
export class LoadsController {
  constructor(
    private readonly desk: IntegrationDesk,
    private readonly pool: Pool,
  ) {}

  @Get('loads')
  @RequirePermission('runs.read')
  @Documented({ summary: 'What was owed to the partner when the integration began or came back, newest first' })
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() page: PageQuery,
  ): Promise<Page<LoadReport>> {
    caller.require('runs.read', await this.desk.read(id));
    const [beforeId] = readCursor(page.cursor, ['integer']) ?? [];
    return cursorPage(await listLoads(this.pool, id, { beforeId, limit: page.limit + 1 }), page.limit, (l) => [l.id]);
  }

  @Get('loads/:loadId/failures')
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'Titles that could not be planned as they stand, with the reason' })
  async failures(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Param('loadId') loadId: string,
    @Query() page: PageQuery,
  ): Promise<Page<{ title: string; reason: string }>> {
    caller.require('deliveries.read', await this.desk.read(id));
    if (!/^\d{1,18}$/.test(loadId)) return { items: [] };
    const [afterTitle = ''] = readCursor(page.cursor, ['text']) ?? [];
    const wish = { loadId, integrationId: id, afterTitle, limit: page.limit + 1 };
    return cursorPage(await listLoadFailures(this.pool, wish), page.limit, ({ title }) => [title]);
  }

  @Get('backfill')
  @RequirePermission('runs.read')
  @Documented({ summary: 'Whether the titles of this company were ever read whole, and when' })
  async backfill(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<FillState> {
    const integration = await this.desk.read(id);
    caller.require('runs.read', integration);
    return readFill(this.pool, integration.source, integration.company);
  }

  @Post('backfill')
  @HttpCode(202)
  @RequirePermission('reader.backfill')
  @Documented({ summary: 'Asks the ERP’s reader to read the titles of this company whole, once more' })
  async askForBackfill(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ backfillId: string }> {
    const integration = await this.desk.read(id);
    caller.require('reader.backfill', integration);
    const { source, company } = integration;
    return { backfillId: await renewFillWish(this.pool, { source, company, requestedBy: caller.name }) };
  }

  @Post('loads/begin-without-backfill')
  @HttpCode(204)
  @RequirePermission('reader.backfill')
  @Documented({ summary: 'For an ERP without export views: the load begins with the titles whose events came' })
  async beginWithoutBackfill(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    caller.require('reader.backfill', await this.desk.read(id));
    await this.pool.query(WAIT_NO_LONGER, [id]);
  }
}
