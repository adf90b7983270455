import type { PoolClient } from 'pg';
import type { AnswerCode } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import { toAnalysis, type Analysis, type AnalysisRow } from './analysis.js';
import type { CreditTeller } from './credit-teller.js';
import * as sql from './credit.sql.js';

export interface Ending {
  code: AnswerCode;
  text: string;
  /** Who brought it about. */
  by: string;
}

interface PaidRow {
  position: string;
  open: boolean;
  state: 'delivered' | 'refused' | 'skipped' | 'superseded' | null;
  reason: string | null;
}

const PARTNER = 'ponte';
const TEXT_MAX = 2_000;

/** How an analysis ends without a result; once, and told once. */
export class CreditEndings {
  constructor(
    private readonly operation: string,
    private readonly teller: CreditTeller,
    private readonly clock: Clock,
  ) {}

  /** @returns as it stands now; undefined where it had ended before */
  async end(client: PoolClient, id: string, { code, text, by }: Ending): Promise<Analysis | undefined> {
    const state = code === 'canceled' ? 'canceled' : 'answered';
    const words = textOf(text, TEXT_MAX) ?? code;
    const values = [id, state, code, words, this.clock.now()];
    const row = (await client.query<AnalysisRow>(sql.END_ANALYSIS, values)).rows[0];
    if (!row) return undefined;
    const analysis = toAnalysis(row);
    await this.teller.note(client, id, state, by, words);
    await this.teller.answered(client, analysis, code, words);
    return analysis;
  }

  /** Where its paid delivery is; undefined once nobody remembers that. */
  async positionOf(client: Pick<PoolClient, 'query'>, analysis: Analysis): Promise<string | undefined> {
    return (await this.paid(client, analysis))?.position;
  }

  /**
   * What waits for a delivery that a person left for good would wait for ever, and hold every later wish. @returns the
   * analysis as it stands now
   */
  async bringUpToDate(client: PoolClient, analysis: Analysis): Promise<Analysis> {
    if (analysis.state !== 'waiting') return analysis;
    const paid = await this.paid(client, analysis);
    if (paid?.open) return analysis;
    const by = PARTNER;
    const text = paid?.reason ?? LEFT;
    const ended =
      paid?.state === 'delivered'
        ? await this.end(client, analysis.id, { code: 'without-result', text: WITHOUT_RESULT, by })
        : await this.end(client, analysis.id, { code: paid?.state === 'refused' ? 'refused' : 'canceled', text, by });
    return ended ?? toAnalysis((await client.query<AnalysisRow>(sql.READ_ANALYSIS, [analysis.id])).rows[0]!);
  }

  private async paid(client: Pick<PoolClient, 'query'>, { integrationId, id }: Analysis): Promise<PaidRow | undefined> {
    return (await client.query<PaidRow>(sql.PAID_DELIVERY, [integrationId, this.operation, id])).rows[0];
  }
}

/** What a database can hold and an event may carry; an empty text says nothing. */
export function textOf(text: string | null | undefined, max: number): string | undefined {
  const clean = text?.replaceAll('\u0000', '').toWellFormed();
  return clean ? [...clean.slice(0, max * 2)].slice(0, max).join('') : undefined;
}

const LEFT = 'a consulta foi deixada por uma pessoa / a person let the analysis go';
const WITHOUT_RESULT =
  'uma pessoa disse que aconteceu; o resultado está só no parceiro / a person said it happened; what it says is at the partner alone';
