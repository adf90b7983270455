import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import { centsOf, type ReceivableChanged } from '#libs/contracts';
import { Clock, cursorPage, readCursor, type Page } from '#libs/runtime';
import { addDays, todayInSaoPaulo } from './calendar.js';
import {
  AdjustRequest,
  CompanyQuery,
  GenerateRequest,
  HistoryQuery,
  HistoryRequest,
  MovementRequest,
  OpenTitleRequest,
  SettleRequest,
  TitlesQuery,
} from './erp-requests.js';
import { Erp } from './erp.js';
import { generate } from './generate.js';
import { readHistoryRows } from './read-history-row.js';
import { replayHistory } from './replay-history.js';
import type { AdjustWish } from './title-changes.js';

/** The sandbox's ERP over HTTP. Each movement answers with the data of the event it wrote. */
@Controller('erp')
export class ErpController {
  constructor(
    private readonly erp: Erp,
    private readonly clock: Clock,
  ) {}

  @Post('titles')
  openTitle(
    @Body() request: OpenTitleRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<ReceivableChanged> {
    const { actor, amount, issueDate = this.today(), dueDate = addDays(issueDate, 30), ...rest } = request;
    return this.erp.openTitle({ ...rest, issueDate, dueDate, amount: centsOf(amount) }, { actor, traceparent });
  }

  @Post('titles/:id/settlements')
  settle(
    @Param('id') id: string,
    @Query() { company }: CompanyQuery,
    @Body() request: SettleRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<ReceivableChanged> {
    const { actor, date = this.today(), creditedOn, amount, discount, fine, interest } = request;
    const wish = {
      date,
      creditedOn,
      amount: amount === undefined ? undefined : centsOf(amount),
      discount: centsOf(discount),
      fine: centsOf(fine),
      interest: centsOf(interest),
    };
    return this.erp.settle({ company, id }, wish, { actor, traceparent });
  }

  @Post('titles/:id/settlements/:settlementId/reversal')
  reverseSettlement(
    @Param('id') id: string,
    @Param('settlementId') settlementId: string,
    @Query() { company }: CompanyQuery,
    @Body() { actor, date = this.today() }: MovementRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<ReceivableChanged> {
    return this.erp.reverseSettlement({ company, id }, settlementId, date, { actor, traceparent });
  }

  @Post('titles/:id/adjustments')
  adjust(
    @Param('id') id: string,
    @Query() { company }: CompanyQuery,
    @Body() request: AdjustRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<ReceivableChanged> {
    return this.erp.adjust({ company, id }, toAdjustWish(request, this.today()), { actor: request.actor, traceparent });
  }

  @Post('titles/:id/cancellation')
  cancel(
    @Param('id') id: string,
    @Query() { company }: CompanyQuery,
    @Body() { actor, date = this.today() }: MovementRequest,
    @Headers('traceparent') traceparent?: string,
  ): Promise<ReceivableChanged> {
    return this.erp.cancel({ company, id }, date, { actor, traceparent });
  }

  @Delete('titles/:id')
  delete(
    @Param('id') id: string,
    @Query() { company }: CompanyQuery,
    @Headers('traceparent') traceparent?: string,
  ): Promise<ReceivableChanged> {
    return this.erp.delete({ company, id }, this.today(), { actor: 'sandbox', traceparent });
  }

  @Get('titles')
  async titles(@Query() { company, status, limit, cursor }: TitlesQuery): Promise<Page<ReceivableChanged>> {
    const key = readCursor(cursor, ['text', 'text']);
    const after = key && { company: key[0]!, id: key[1]! };
    const titles = await this.erp.titles({ company, status }, limit + 1, after);
    return cursorPage(titles, limit, (title) => [title.company, title.receivableId]);
  }

  /** The final state, for a comparison field by field; a deleted title is still shown. */
  @Get('titles/:id')
  title(@Param('id') id: string, @Query() { company }: CompanyQuery): Promise<ReceivableChanged> {
    return this.erp.title({ company, id });
  }

  @Get('outbox/summary')
  outboxSummary() {
    return this.erp.outboxSummary();
  }

  /** Answers when the last transaction has committed. */
  @Post('generate')
  @HttpCode(200)
  generate(@Body() request: GenerateRequest) {
    return generate(this.erp, request, this.clock);
  }

  /** Answers when the last transaction has committed; sent again, it makes only what was not made. */
  @Post('history')
  @HttpCode(200)
  replayHistory(@Query() { source, company, ratePerSecond }: HistoryQuery, @Body() { rows }: HistoryRequest) {
    return replayHistory(this.erp, { rows: readHistoryRows(rows), source, company, ratePerSecond }, this.clock);
  }

  private today(): string {
    return todayInSaoPaulo(this.clock.now());
  }
}

function toAdjustWish({ kind, date, amount, dueDate }: AdjustRequest, today: string): AdjustWish {
  if (kind === 'due-date') return { kind, date: date ?? today, dueDate: dueDate! };
  return { kind, date: date ?? today, amount: centsOf(amount!) };
}
