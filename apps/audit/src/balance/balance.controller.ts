import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { IsArray, IsBoolean, IsInt, IsISO8601, IsOptional, IsString, Matches } from 'class-validator';
import { Pool } from 'pg';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { Clock, cursorPage, Documented, readCursor, type Page } from '#libs/runtime';
import { WhereQuery } from '../search/entries-query.js';
import { Scopes } from '../search/scopes.js';
import { BalanceRounds } from './balance-rounds.js';
import * as sql from './balance.sql.js';

const DAY_MS = 86_400_000;

export class BalanceQuery extends WhereQuery {
  @IsOptional()
  @Matches(/^[a-z0-9.-]{1,120}$/)
  type?: string;

  /** Of the events' times, by the hour; a day back unless told. */
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  from?: string;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  to?: string;
}

/** What the hub carried of one type. */
export class CarriedView {
  @IsString()
  source!: string;

  @IsString()
  company!: string;

  @IsString()
  type!: string;

  @IsInt()
  carried!: number;

  @IsOptional()
  @IsISO8601()
  toldAt?: string;

  /** Connectors that had something else when they were told: ask them for their differences. */
  @IsArray()
  @IsString({ each: true })
  differedBy!: string[];
}

export class BegunView {
  /** False: a round was under way, and will tell. */
  @IsBoolean()
  begun!: boolean;
}

type CarriedRow = Omit<CarriedView, 'source' | 'toldAt'> & { owner: string; toldAt: Date | null };

@Controller('balance')
export class BalanceController {
  constructor(
    private readonly pool: Pool,
    private readonly scopes: Scopes,
    private readonly rounds: BalanceRounds,
    private readonly clock: Clock,
  ) {}

  @Get()
  @RequirePermission('balance.read')
  @Documented({ summary: 'What the hub carried, by company and type, and who had something else', page: CarriedView })
  async carried(@CurrentCaller() caller: Caller, @Query() query: BalanceQuery): Promise<Page<CarriedView>> {
    const { cursor, limit, type } = query;
    const after = readCursor(cursor, ['text', 'text', 'text']) ?? [null, null, null];
    const scopes = (await this.scopes.of(caller, 'balance.read', query)).filter(({ branch }) => branch === undefined);
    const now = this.clock.now().getTime();
    const { from = new Date(now - DAY_MS).toISOString(), to = new Date(now).toISOString() } = query;
    const where = [scopes.map(({ owner }) => owner), scopes.map(({ company }) => company), type ?? null, from, to];
    const { rows } = await this.pool.query<CarriedRow>(sql.SUM_HOURS, [...where, ...after, limit + 1]);
    return cursorPage(rows, limit, ({ owner, company, type: of }) => [owner, company, of], toView);
  }

  @Post()
  @HttpCode(200)
  @RequirePermission('balance.repair')
  @Documented({ summary: 'Tells the balance now instead of at the next hour', answer: BegunView })
  async tell(): Promise<BegunView> {
    return { begun: await this.rounds.begin() };
  }
}

function toView({ owner, toldAt, ...rest }: CarriedRow): CarriedView {
  return { source: owner, ...rest, ...(toldAt && { toldAt: toldAt.toISOString() }) };
}
