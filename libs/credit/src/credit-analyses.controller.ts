import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CurrentCaller, RequirePermission, type Caller, type Permission, type Territory } from '#libs/access';
import { isUuid } from '#libs/contracts';
import { cursorPage, Documented, invalidRequest, notFound, readCursor, type Page } from '#libs/runtime';
import type { Analysis } from './analysis.js';
import { AskBody, CancelBody, DecisionBody, HistoryQuery, LaterBody } from './credit-bodies.js';
import { CreditCancellation } from './credit-cancellation.js';
import { CreditDecisions } from './credit-decisions.js';
import { CreditDesk } from './credit-desk.js';
import { CreditHistory, type ShownAnalysis, type ShownCase } from './credit-history.js';
import { CreditResults } from './credit-results.js';
import type { AskAnswer } from './credit-wish.js';
import type { Decision } from './decision.js';
import { readDocument } from './document.js';

/** Analyses of customers' credit: asked for, seen and decided by, each a right of its own. */
@Controller('credit-analyses')
export class CreditAnalysesController {
  constructor(
    private readonly desk: CreditDesk,
    private readonly history: CreditHistory,
    private readonly decisions: CreditDecisions,
    private readonly results: CreditResults,
    private readonly cancellation: CreditCancellation,
  ) {}

  @Post()
  @HttpCode(200)
  @RequirePermission('credit-analyses.request')
  @Documented({
    summary: 'Asks for an analysis, which is charged; or says why not, with the last one, the cost and the budget',
  })
  ask(@CurrentCaller() caller: Caller, @Body() body: AskBody): Promise<AskAnswer> {
    const { id = randomUUID(), source, company, branch, customer, product, insteadOf, knownSuffices } = body;
    caller.require('credit-analyses.request', { source, company, branch });
    return this.desk.ask({
      ...{ id, source, company, branch, product, insteadOf, knownSuffices, requestedBy: caller.name },
      ...{ document: customer.document, customerId: customer.id, customerName: customer.name },
    });
  }

  @Get()
  @RequirePermission('credit-analyses.read')
  @Documented({ summary: 'What was asked about a document, newest first; whoever looks is recorded' })
  async list(@CurrentCaller() caller: Caller, @Query() query: HistoryQuery): Promise<Page<ShownAnalysis>> {
    const { source, company, limit, cursor } = query;
    const branches = branchesSeen(caller, source, company);
    const { document } = readDocument(query.document, '?document');
    const [beforeNumber] = readCursor(cursor, ['integer']) ?? [];
    const rows = await this.history.list({ source, company, document, branches, beforeNumber, limit }, caller.name);
    return cursorPage(rows, limit, ({ number }) => [number]);
  }

  @Get(':id')
  @RequirePermission('credit-analyses.read')
  @Documented({ summary: 'One analysis with its decision, its history and, while it is under way, what it waits for' })
  async one(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ShownCase> {
    return this.history.one(await this.find(caller, 'credit-analyses.read', id), caller.name);
  }

  @Get(':id/raw')
  @RequirePermission('events.read-personal')
  @Documented({ summary: "The partner's answer as it came, unmasked; whoever looks is recorded" })
  async raw(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ raw?: unknown }> {
    const analysis = await this.find(caller, 'events.read-personal', id);
    await this.history.viewed(analysis, caller.name);
    return { raw: await this.results.rawOf(id) };
  }

  @Post(':id/cancel')
  @HttpCode(204)
  @RequirePermission('credit-analyses.request')
  @Documented({ summary: 'Takes it back while nothing of it was called' })
  async cancel(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { reason }: CancelBody,
  ): Promise<void> {
    const analysis = await this.find(caller, 'credit-analyses.request', id);
    await this.cancellation.cancel(analysis, caller.name, reason);
  }

  @Post(':id/decision')
  @RequirePermission('credit-limits.decide')
  @Documented({
    summary: 'Confirms or changes what the analysis proposes, or lets things be; the first decision stands',
  })
  async decide(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: DecisionBody,
  ): Promise<Decision> {
    await this.find(caller, 'credit-limits.decide', id);
    const { situation, limit } = body.to ?? {};
    if (body.kind === 'changed' && situation === undefined && limit === undefined)
      throw invalidRequest([{ pointer: '/to', detail: 'to must give a situation or a limit' }]);
    return this.decisions.decide(id, body, caller.name);
  }

  @Post(':id/decision/later')
  @HttpCode(204)
  @RequirePermission('credit-limits.decide')
  @Documented({
    summary: 'Leaves the decision for later: the analysis was charged all the same, and stays in the history',
  })
  async later(@CurrentCaller() caller: Caller, @Param('id') id: string, @Body() { note }: LaterBody): Promise<void> {
    await this.find(caller, 'credit-limits.decide', id);
    await this.decisions.leaveForLater(id, caller.name, note);
  }

  private async find(caller: Caller, permission: Permission, id: string): Promise<Analysis> {
    const found = isUuid(id) ? await this.history.find(id) : undefined;
    if (!found) throw notFound('There is no such analysis, or it belongs to somebody else.');
    caller.require(permission, territoryOf(found));
    return found;
  }
}

function territoryOf({ source, company, branch }: Analysis): Territory {
  return { source, company, ...(branch !== undefined && { branch }) };
}

/** Undefined: of the whole company. @throws Problem 404 or 403 where the caller sees nothing there */
function branchesSeen(caller: Caller, source: string, company: string): string[] | undefined {
  const everywhere = caller.territoriesOf('credit-analyses.read');
  if (everywhere === '*') return undefined;
  const own = everywhere.filter((one) => one.source === source && one.company === company);
  if (own.length === 0) caller.require('credit-analyses.read', { source, company });
  const branches = own.flatMap(({ branch }) => branch ?? []);
  return branches.length < own.length ? undefined : branches;
}
