import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Logger, Param, Post, Query } from '@nestjs/common';
import { IsIn, Matches } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller, type Permission } from '#libs/access';
import { BACKFILL_AGGREGATES, isUuid, type BackfillAggregate } from '#libs/contracts';
import { cursorPage, Documented, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import { rowsPerSecond, type Backfill, type SkippedRow } from './backfill.js';
import { BackfillBook } from './backfill-book.js';
import { tellRequest } from './backfill-requests.js';
import { BackfillWalker } from './backfill-walker.js';

export class BackfillBody {
  @Matches(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$/, { message: 'company must be a company code' })
  company!: string;

  @IsIn(BACKFILL_AGGREGATES)
  aggregate!: BackfillAggregate;
}

/** A backfill and how far it is. */
export interface ShownBackfill extends Backfill {
  rowsPerSecond?: number;
}

/** Asks for walks through the ERP's export views, and shows how far they are. */
@Controller('backfills')
export class BackfillsController {
  private readonly log = new Logger('Backfill');

  constructor(
    private readonly book: BackfillBook,
    private readonly walker: BackfillWalker,
  ) {}

  @Post()
  @HttpCode(202)
  @RequirePermission('reader.backfill')
  @Documented({ summary: 'Ask for everything of one aggregate of a company; joins one that is under way' })
  async request(@CurrentCaller() caller: Caller, @Body() { company, aggregate }: BackfillBody): Promise<ShownBackfill> {
    caller.require('reader.backfill', { source: this.book.source, company });
    const answer = await this.book.request({ id: randomUUID(), company, aggregate, requestedBy: caller.id });
    tellRequest(this.log, answer);
    this.walker.wake();
    return show(answer.backfill);
  }

  @Get()
  @RequirePermission('reader.read')
  @Documented({ summary: 'The backfills of the companies the caller may see, newest first' })
  async list(@CurrentCaller() caller: Caller, @Query() { cursor, limit }: PageQuery): Promise<Page<ShownBackfill>> {
    const key = readCursor(cursor, ['instant', 'text']);
    if (key && !isUuid(key[1])) throw notThere();
    const after = key && { requestedAt: key[0]!, id: key[1]! };
    const rows = await this.book.list(limit + 1, after, this.companiesOf(caller));
    return cursorPage(rows, limit, ({ id, requestedAt }) => [requestedAt.toISOString(), id], show);
  }

  @Get(':id')
  @RequirePermission('reader.read')
  @Documented({ summary: 'How far a backfill is, and which rows it had to skip' })
  async one(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
  ): Promise<ShownBackfill & { skippedRows: SkippedRow[] }> {
    const backfill = await this.find(caller, id, 'reader.read');
    return { ...show(backfill), skippedRows: await this.book.skippedRows(backfill.id) };
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequirePermission('reader.backfill')
  @Documented({ summary: 'Stop a backfill; what was told so far stays told' })
  async cancel(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ShownBackfill> {
    const backfill = await this.find(caller, id, 'reader.backfill');
    const canceled = await this.book.cancel(backfill.id, caller.id);
    if (!canceled) throw over(await this.find(caller, id, 'reader.backfill'));
    this.log.log({ event: 'backfill.canceled', id: backfill.id, by: caller.id });
    return show(canceled);
  }

  private async find(caller: Caller, id: string, permission: Permission): Promise<Backfill> {
    const backfill = isUuid(id) ? await this.book.one(id) : undefined;
    if (!backfill) throw notThere();
    caller.require(permission, { source: backfill.source, company: backfill.company });
    return backfill;
  }

  /** A walk is the whole company's: who may see a branch alone sees none. */
  private companiesOf(caller: Caller): string[] | undefined {
    const territories = caller.territoriesOf('reader.read');
    if (territories === '*') return undefined;
    const own = territories.filter(({ branch, source }) => source === this.book.source && branch === undefined);
    return own.map(({ company }) => company);
  }
}

function show(backfill: Backfill): ShownBackfill {
  return { ...backfill, rowsPerSecond: rowsPerSecond(backfill) };
}

function notThere(): Problem {
  return notFound('There is no such backfill, or it belongs to somebody else.');
}

function over({ id, joined, state }: Backfill): Problem {
  const detail = joined
    ? `Backfill ${id} has joined ${joined}: cancel that one.`
    : `Backfill ${id} is ${state} already.`;
  return new Problem({ type: 'backfill-over', status: 409, detail });
}
