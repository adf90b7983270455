import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { CreditStanding } from '#libs/contracts';
import { inTransaction, notFound, Problem, type Clock } from '#libs/runtime';
import { toAnalysis, type Analysis, type AnalysisRow } from './analysis.js';
import { DECISIONS_OF, ACKNOWLEDGE, INSERT_DECISION } from './credit-decision.sql.js';
import type { CreditTeller } from './credit-teller.js';
import { LOCK_ANALYSIS } from './credit.sql.js';
import { toDecision, type Decision, type DecisionKind, type DecisionRow } from './decision.js';

export interface DecisionWish {
  kind: DecisionKind;
  /** What is in force, as the person sees it. */
  from?: CreditStanding;
  /** Of `changed`: what takes its place. */
  to?: CreditStanding;
  reason?: string;
}

/** What an ERP says of a decision. */
export interface Acknowledgement {
  decisionId: string;
  source: string;
  company: string;
  applied: boolean;
  reason?: string;
}

/** What people decide by an analysis: the first of them does, and nothing changes in the ERP without it. */
export class CreditDecisions {
  constructor(
    private readonly pool: Pool,
    private readonly clock: Clock,
    private readonly teller: CreditTeller,
  ) {}

  /** @throws Problem 409 `already-decided`, naming who and when; `not-completed`; `nothing-proposed` */
  decide(id: string, wish: DecisionWish, by: string): Promise<Decision> {
    return inTransaction(this.pool, async (client) => {
      const analysis = await this.lock(client, id);
      const { kind, from = {}, reason } = wish;
      const to = standingAfter(analysis, wish);
      const values = [
        ...[id, randomUUID(), kind, from.situation ?? null, from.limit ?? null],
        ...[to.situation ?? null, to.limit ?? null, reason ?? null, by, this.clock.now()],
      ];
      const row = (await client.query<DecisionRow>(INSERT_DECISION, values)).rows[0];
      if (!row) throw await this.decidedBefore(client, id);
      const decision = toDecision(row);
      await this.teller.note(client, id, 'decided', by, kind);
      await this.teller.decided(client, analysis, decision);
      return decision;
    });
  }

  /** It was charged all the same, and stays in the history to be decided. @throws Problem as `decide` does */
  leaveForLater(id: string, by: string, note?: string): Promise<void> {
    return inTransaction(this.pool, async (client) => {
      await this.lock(client, id);
      const decided = await client.query<DecisionRow>(DECISIONS_OF, [[id]]);
      if (decided.rows[0]) throw alreadyDecided(decided.rows[0]);
      await this.teller.note(client, id, 'left-for-later', by, note);
    });
  }

  /** Said again, it changes nothing. @returns whether it was news of a decision of this company */
  acknowledge({ decisionId, source, company, applied, reason }: Acknowledgement): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const said = applied ? 'applied' : 'refused';
      const values = [decisionId, source, company, said, reason ?? null, this.clock.now()];
      const row = (await client.query<{ analysis_id: string }>(ACKNOWLEDGE, values)).rows[0];
      if (!row) return false;
      await this.teller.note(client, row.analysis_id, applied ? 'applied' : 'not-applied', source, reason);
      return true;
    });
  }

  private async lock(client: PoolClient, id: string): Promise<Analysis> {
    const row = (await client.query<AnalysisRow>(LOCK_ANALYSIS, [id])).rows[0];
    if (!row) throw notFound('There is no such analysis, or it belongs to somebody else.');
    if (row.state === 'completed') return toAnalysis(row);
    const detail = 'a consulta não tem resultado / the analysis has no result to decide by';
    throw new Problem({ type: 'not-completed', status: 409, detail });
  }

  private async decidedBefore(client: PoolClient, id: string): Promise<Problem> {
    return alreadyDecided((await client.query<DecisionRow>(DECISIONS_OF, [[id]])).rows[0]!);
  }
}

function standingAfter(analysis: Analysis, { kind, from = {}, to = {} }: DecisionWish): CreditStanding {
  const { situation, suggestedLimit: limit } = analysis;
  if (kind === 'canceled') return from;
  if (kind === 'changed') return to;
  if (situation !== undefined || limit !== undefined) return { situation, limit };
  const detail = 'a consulta não propõe situação nem limite / the analysis proposes neither situation nor limit';
  throw new Problem({ type: 'nothing-proposed', status: 409, detail });
}

function alreadyDecided({ decided_by: by, decided_at: at, kind }: DecisionRow): Problem {
  const detail = `${by} já decidiu em ${at.toISOString()} (${kind}) / ${by} decided it at ${at.toISOString()} (${kind})`;
  return new Problem({ type: 'already-decided', status: 409, detail });
}
