import type { Pool, PoolClient } from 'pg';
import type { DeliveryEngine, DeliveryState, IntentReport, WaitedFor } from '#libs/delivery';
import { inTransaction } from '#libs/runtime';
import { toAnalysis, withoutNulls, type Analysis, type AnalysisRow } from './analysis.js';
import { DECISIONS_OF } from './credit-decision.sql.js';
import type { CreditEndings } from './credit-endings.js';
import type { CreditTeller } from './credit-teller.js';
import * as sql from './credit.sql.js';
import { toDecision, type Decision, type DecisionRow } from './decision.js';

/** What somebody did with an analysis. */
export interface HistoryEntry {
  action: string;
  by: string;
  at: Date;
  note?: string;
}

export interface ShownAnalysis extends Analysis {
  decision?: Decision;
  history: HistoryEntry[];
}

/** One that is looked at by itself: while it waits, with what it waits for. */
export interface ShownCase extends ShownAnalysis {
  delivery?: {
    position: string;
    state: DeliveryState;
    reason?: string;
    waitsFor: WaitedFor[];
    intents: IntentReport[];
  };
}

export interface HistoryWish {
  source: string;
  company: string;
  document: string;
  /** Undefined: of the whole company. */
  branches?: readonly string[];
  beforeNumber?: string;
  limit: number;
}

interface ActionRow {
  analysis_id: string;
  action: string;
  done_by: string;
  note: string | null;
  done_at: Date;
}

const LAST = '9223372036854775807';

/** What was asked about a person, the newest first; who looks is told of. */
export class CreditHistory {
  constructor(
    private readonly pool: Pool,
    private readonly teller: CreditTeller,
    private readonly endings: CreditEndings,
    private readonly engine: DeliveryEngine,
  ) {}

  /** One more than asked for, where there is one: it says that there is more, and is shown to nobody. */
  list(wish: HistoryWish, by: string): Promise<ShownAnalysis[]> {
    const { source, company, document, branches = null, beforeNumber = LAST, limit } = wish;
    return inTransaction(this.pool, async (client) => {
      const values = [source, company, document, branches, beforeNumber, limit + 1];
      const { rows } = await client.query<AnalysisRow>(sql.LIST_ANALYSES, values);
      const analyses: Analysis[] = [];
      for (const row of rows) analyses.push(await this.endings.bringUpToDate(client, toAnalysis(row)));
      const analysisIds = analyses.slice(0, limit).map(({ id }) => id);
      await this.teller.viewed(client, { source, company, document, analysisIds, by });
      return this.withStory(client, analyses);
    });
  }

  /** Whose it is, for the question whether it may be seen; told to nobody. */
  async find(id: string): Promise<Analysis | undefined> {
    const row = (await this.pool.query<AnalysisRow>(sql.READ_ANALYSIS, [id])).rows[0];
    return row && toAnalysis(row);
  }

  async one(found: Analysis, by: string): Promise<ShownCase> {
    const shown = await inTransaction(this.pool, async (client) => {
      const analysis = await this.endings.bringUpToDate(client, found);
      await this.tellView(client, analysis, by);
      return (await this.withStory(client, [analysis]))[0]!;
    });
    const position = await this.endings.positionOf(this.pool, shown);
    const read = position === undefined ? undefined : await this.engine.deliveries.read(position);
    if (!read) return shown;
    const { delivery, waitsFor, intents = [] } = read;
    const { state, reason } = delivery;
    return { ...shown, delivery: { position: position!, state, ...(reason && { reason }), waitsFor, intents } };
  }

  /** The raw answer was looked at. */
  viewed(analysis: Analysis, by: string): Promise<void> {
    return inTransaction(this.pool, (client) => this.tellView(client, analysis, by));
  }

  private tellView(client: PoolClient, { source, company, document, id }: Analysis, by: string): Promise<void> {
    return this.teller.viewed(client, { source, company, document, analysisIds: [id], by });
  }

  private async withStory(client: PoolClient, analyses: readonly Analysis[]): Promise<ShownAnalysis[]> {
    const ids = analyses.map(({ id }) => id);
    const decided = await client.query<DecisionRow>(DECISIONS_OF, [ids]);
    const acted = await client.query<ActionRow>(sql.ACTIONS_OF, [ids]);
    const decisions = new Map(decided.rows.map((row) => [row.analysis_id, toDecision(row)]));
    const actions = Map.groupBy(acted.rows, (row) => row.analysis_id);
    return analyses.map((analysis) => {
      const decision = decisions.get(analysis.id);
      const history = (actions.get(analysis.id) ?? []).map(toEntry);
      return { ...analysis, ...(decision && { decision }), history };
    });
  }
}

function toEntry({ action, done_by: by, done_at: at, note }: ActionRow): HistoryEntry {
  return withoutNulls<HistoryEntry>({ action, by, at, note });
}
