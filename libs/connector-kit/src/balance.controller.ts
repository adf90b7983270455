import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsISO8601, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller, type Permission } from '#libs/access';
import { FIRST_ID, isUuid } from '#libs/contracts';
import { Balance, type BalanceDifference, type BalanceLine, type DifferingId } from '#libs/delivery';
import { Clock, cursorPage, Documented, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';

const INSTANT = { strict: true, strictSeparator: true } as const;
const DAY_MS = 86_400_000;

class WhereQuery extends PageQuery {
  @IsOptional()
  @IsString()
  @MaxLength(80)
  source?: string;

  @IsOptional()
  @IsString()
  @MaxLength(40)
  company?: string;
}

class LinesQuery extends WhereQuery {
  @IsOptional()
  @Matches(/^[a-z0-9.-]{1,120}$/)
  type?: string;

  /** Of the events' times, by the hour; a day back unless told. */
  @IsOptional()
  @IsISO8601(INSTANT)
  from?: string;

  @IsOptional()
  @IsISO8601(INSTANT)
  to?: string;
}

class DifferencesQuery extends WhereQuery {
  /** With those that are even again. */
  @IsOptional()
  @Transform(({ value }) => value === true || value === 'true')
  @IsBoolean()
  evenToo: boolean = false;
}

class ReasonBody {
  @IsString()
  @Length(3, 500)
  reason!: string;
}

export interface BalancePage extends Page<BalanceLine> {
  comparedAt: Date | null;
  toldUpTo: Date | null;
  /** Ids that differ, of whatever the caller may see: `even` where there are none. */
  verdict: 'even' | 'differs' | 'never compared';
}

/** What the hub carried, what this connector made of it, and every id that does not add up. */
@Controller('balance')
export class BalanceController {
  constructor(
    private readonly balance: Balance,
    private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('balance.read')
  @Documented({ summary: 'Carried, taken in, planned and ended, by company and type' })
  async lines(@CurrentCaller() caller: Caller, @Query() query: LinesQuery): Promise<BalancePage> {
    const { cursor, limit, source, company, type } = query;
    const now = this.clock.now();
    const from = query.from ? new Date(query.from) : new Date(now.getTime() - DAY_MS);
    const to = query.to ? new Date(query.to) : now;
    const after = readCursor(cursor, ['text', 'text', 'text']) as [string, string, string] | undefined;
    const seen = wholeCompanies(caller, 'balance.read');
    const { report } = this.balance;
    const rows = await report.lines(seen, { source, company, type, from, to, after, limit: limit + 1 });
    const open = await report.differences(seen, { source, company, evenToo: false, limit: 1 });
    const { comparedAt, toldUpTo } = await report.last();
    const verdict = open.length > 0 ? 'differs' : comparedAt ? 'even' : 'never compared';
    return { ...cursorPage(rows, limit, (row) => [row.source, row.company, row.type]), comparedAt, toldUpTo, verdict };
  }

  @Get('differences')
  @RequirePermission('balance.read')
  @Documented({ summary: 'What does not add up, newest first' })
  async differences(
    @CurrentCaller() caller: Caller,
    @Query() { cursor, limit, source, company, evenToo }: DifferencesQuery,
  ): Promise<Page<BalanceDifference>> {
    const [beforeId] = readCursor(cursor, ['integer']) ?? [];
    const wish = { source, company, evenToo, beforeId, limit: limit + 1 };
    const rows = await this.balance.report.differences(wholeCompanies(caller, 'balance.read'), wish);
    return cursorPage(rows, limit, (row) => [row.id]);
  }

  @Get('differences/:id/ids')
  @RequirePermission('balance.read')
  @Documented({ summary: 'The ids behind a difference' })
  async ids(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { cursor, limit }: PageQuery,
  ): Promise<Page<DifferingId>> {
    await this.read(caller, 'balance.read', id);
    const [after] = readCursor(cursor, ['text']) ?? [];
    const above = isUuid(after) ? after : FIRST_ID;
    return cursorPage(await this.balance.report.idsOf(id, above, limit + 1), limit, (row) => [row.id]);
  }

  @Post('differences/:id/re-emit')
  @HttpCode(202)
  @RequirePermission('balance.repair')
  @Documented({ summary: 'Asks the audit to publish the missing events again, as they came' })
  async reEmit(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: ReasonBody,
  ): Promise<{ asked: number }> {
    const difference = await this.read(caller, 'balance.repair', id);
    if (difference.kind !== 'missing' || difference.evenAt) throw conflict('not-missing', NOT_MISSING);
    return { asked: await this.balance.report.askReEmit(difference, caller.name, reason) };
  }

  @Post('differences/:id/accept')
  @HttpCode(200)
  @RequirePermission('balance.repair')
  @Documented({ summary: 'Leaves a difference as it is: its ids are named no more' })
  async accept(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: ReasonBody,
  ): Promise<BalanceDifference> {
    await this.read(caller, 'balance.repair', id);
    const accepted = await this.balance.report.accept(id, caller.name, reason);
    if (!accepted) throw conflict('already-even', 'It is even again, or was accepted before.');
    return this.read(caller, 'balance.repair', id);
  }

  private async read(caller: Caller, permission: Permission, id: string): Promise<BalanceDifference> {
    const found = /^\d{1,18}$/.test(id) ? await this.balance.report.difference(id) : undefined;
    if (!found) throw notFound('There is no such difference, or it belongs to somebody else.');
    caller.require(permission, { source: found.source, company: found.company });
    return found;
  }
}

/** A balance is of a company: whoever may see a branch alone sees none. */
function wholeCompanies(caller: Caller, permission: Permission): string[] | undefined {
  const territories = caller.territoriesOf(permission);
  if (territories === '*') return undefined;
  return territories.filter(({ branch }) => branch === undefined).map(({ source, company }) => `${source}|${company}`);
}

function conflict(type: string, detail: string): Problem {
  return new Problem({ type, status: 409, detail });
}

const NOT_MISSING = 'Only events that were carried and not taken in can be published again, while they are missing.';
