import { Controller, Get, HttpCode, Logger, Param, Post, Query } from '@nestjs/common';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { OutboxReader, Relay, type Backlog, type ParkedFilter, type ParkedRow, type RelayReport } from '#libs/outbox';
import { cursorPage, Documented, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import { ReaderEnvironment } from './reader-environment.js';

/** What waits, what stops, and what a person must let go. */
@Controller()
export class OutboxController {
  private readonly log = new Logger('Outbox');

  constructor(
    private readonly relay: Relay,
    private readonly reader: OutboxReader,
    private readonly environment: ReaderEnvironment,
  ) {}

  /** Whether this process leads, what stops it, how much waits. */
  @Get('relay')
  @RequirePermission('reader.read')
  @Documented({ summary: 'Whether this process leads, what stops it, how much waits' })
  async report(): Promise<RelayReport & { backlog: Backlog }> {
    return { ...this.relay.report(), backlog: await this.relay.backlog() };
  }

  /** Rows that cannot be published as they are, each with how many of its key wait behind it. */
  @Get('parked')
  @RequirePermission('reader.read')
  @Documented({ summary: 'Rows that cannot be published as they are, and how many wait behind each' })
  async parked(@CurrentCaller() caller: Caller, @Query() { cursor, limit }: PageQuery): Promise<Page<ParkedRow>> {
    const [above = '0'] = readCursor(cursor, ['integer']) ?? [];
    const rows = await this.reader.listParked(above, limit + 1, this.filterOf(caller));
    return cursorPage(rows, limit, (row) => [row.position]);
  }

  /** Lets a row and those behind it go, in order, after it was mended in the ERP. */
  @Post('parked/:position/release')
  @HttpCode(200)
  @RequirePermission('reader.resolve')
  @Documented({ summary: 'Let a parked row go, with those behind it, after it was mended in the ERP' })
  async release(
    @CurrentCaller() caller: Caller,
    @Param('position') position: string,
  ): Promise<{ position: string; released: number }> {
    const row = /^\d{1,18}$/.test(position) ? await this.reader.parkedRow(position) : undefined;
    if (!row) throw notParked();
    const { company, branch } = row;
    caller.require('reader.resolve', { source: this.environment.ERP_SOURCE, company, branch: branch ?? undefined });
    const release = await this.reader.release(position);
    if (release.kind === 'not-parked') throw notParked();
    if (release.kind === 'behind') throw waitsBehind(position, release.head);
    this.log.log({ event: 'reader.released', position, rows: release.rows, by: caller.id });
    this.relay.wake();
    return { position, released: release.rows };
  }

  private filterOf(caller: Caller): ParkedFilter | undefined {
    const territories = caller.territoriesOf('reader.read');
    if (territories === '*') return undefined;
    const own = territories.filter(({ source }) => source === this.environment.ERP_SOURCE);
    return {
      companies: own.filter(({ branch }) => branch === undefined).map(({ company }) => company),
      branches: own.flatMap(({ company, branch }) => (branch === undefined ? [] : [`${company}|${branch}`])),
    };
  }
}

function notParked(): Problem {
  return notFound('No such row is parked, or it belongs to somebody else.');
}

function waitsBehind(position: string, head: string): Problem {
  const detail = `Row ${position} waits behind row ${head}: release that one, and this goes with it.`;
  return new Problem({ type: 'row-waits-behind', status: 409, detail });
}
