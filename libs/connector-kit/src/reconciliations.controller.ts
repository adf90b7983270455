import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, IsIn, IsOptional } from 'class-validator';
import { CurrentCaller, RequirePermission, type Caller, type Permission } from '#libs/access';
import { cursorPage, Documented, notFound, PageQuery, Problem, readCursor, type Page } from '#libs/runtime';
import { IntegrationDesk } from './integration-desk.js';
import { ReconciliationBook, type Item, type ReconciliationReport } from './reconciliation-book.js';
import { ReconciliationClerk } from './reconciliation-clerk.js';
import { repair, type RepairOptions } from './reconciliation-repair.js';

const KINDS = ['missing', 'extra', 'different', 'in-flight', 'inexpressible'] as const;
const REPAIRED = ['missing', 'different', 'extra'] as const;

class ItemQuery extends PageQuery {
  @IsOptional()
  @IsIn(KINDS)
  kind?: (typeof KINDS)[number];
}

class RepairBody {
  /** An extra is deleted there only where its title was deleted in the ERP. */
  @ArrayMinSize(1)
  @ArrayMaxSize(3)
  @IsIn(REPAIRED, { each: true })
  kinds: (typeof REPAIRED)[number][] = ['missing', 'different'];
}

type Shown = ReconciliationReport & { counts: { kind: string; items: number; planned: number }[] };

/** Injection token of what plans repairs; absent where the connector plans no title as it stands. */
export const REPAIRS = Symbol('repairs');

@Controller()
export class ReconciliationsController {
  constructor(
    private readonly desk: IntegrationDesk,
    @Inject(ReconciliationClerk) private readonly clerk: ReconciliationClerk | undefined,
    private readonly book: ReconciliationBook,
    @Inject(REPAIRS) private readonly repairs: RepairOptions | undefined,
  ) {}

  @Post('integrations/:id/reconciliations')
  @RequirePermission('reconciliations.start')
  @Documented({ summary: 'Reads back what the partner holds and compares it with what it should hold' })
  async start(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ reconciliationId: string }> {
    caller.require('reconciliations.start', await this.desk.read(id));
    if (!this.clerk) throw new Problem({ type: 'no-reconciliation', status: 409, detail: NOT_BACK });
    const reconciliationId = await this.clerk.start(id, caller.name);
    if (reconciliationId) return { reconciliationId };
    throw new Problem({ type: 'reconciliation-open', status: 409, detail: 'One of this integration is under way.' });
  }

  @Get('integrations/:id/reconciliations')
  @RequirePermission('runs.read')
  @Documented({ summary: 'The last reconciliations of an integration, newest first' })
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { cursor, limit }: PageQuery,
  ): Promise<Page<ReconciliationReport>> {
    caller.require('runs.read', await this.desk.read(id));
    const [beforeId = null] = readCursor(cursor, ['integer']) ?? [];
    return cursorPage(await this.book.list(id, beforeId, limit + 1), limit, (row) => [row.id]);
  }

  @Get('reconciliations/:id')
  @RequirePermission('runs.read')
  @Documented({ summary: 'How far it is, and how many titles are missing, extra, different, or in flight' })
  async one(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<Shown> {
    const found = await this.read(caller, 'runs.read', id);
    return { ...found, counts: await this.book.counts(id) };
  }

  @Get('reconciliations/:id/items')
  @RequirePermission('deliveries.read')
  @Documented({ summary: 'What differs, with both values' })
  async items(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { cursor, limit, kind }: ItemQuery,
  ): Promise<Page<Item>> {
    await this.read(caller, 'deliveries.read', id);
    const [after = '0'] = readCursor(cursor, ['integer']) ?? [];
    const rows = await this.book.items(id, { after, kind: kind ?? null, limit: limit + 1 });
    return cursorPage(rows, limit, (row) => [row.id]);
  }

  @Post('reconciliations/:id/repair')
  @HttpCode(200)
  @RequirePermission('redrives.start')
  @Documented({ summary: 'Plans the titles as they stand now, as ordinary deliveries' })
  async repair(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { kinds }: RepairBody,
  ): Promise<{ planned: number }> {
    const { integrationId, finishedAt } = await this.read(caller, 'redrives.start', id);
    const integration = await this.desk.read(integrationId);
    const mayPlan = this.repairs && finishedAt && integration.state.kind === 'ready';
    if (!mayPlan)
      throw new Problem({
        type: 'not-repairable',
        status: 409,
        detail: 'It is not finished, the integration is not ready, or its connector plans no title as it stands.',
      });
    return { planned: await repair(this.repairs!, integration, { reconciliationId: id, kinds, by: caller.name }) };
  }

  private async read(caller: Caller, permission: Permission, id: string): Promise<ReconciliationReport> {
    const found = /^\d{1,18}$/.test(id) ? await this.book.read(id) : undefined;
    if (!found) throw notFound('There is no such reconciliation, or it belongs to somebody else.');
    caller.require(permission, await this.desk.read(found.integrationId));
    return found;
  }
}

const NOT_BACK = 'This connector does not read back what its partner holds: its class has no @Reconcile method.';
