import type { Pool, PoolClient } from 'pg';
import { isCharge, type AnswerCode } from '#libs/contracts';
import { inTransaction, Secret, sqlStateOf, type Clock } from '#libs/runtime';
import type { SecretBox } from '#libs/settings';
import { toAnalysis, type AnalysisRow } from './analysis.js';
import { textOf, type CreditEndings } from './credit-endings.js';
import type { CreditTeller } from './credit-teller.js';
import * as sql from './credit.sql.js';

/** What a bureau answered, in the words of this house. */
export interface CreditResult {
  /** The partner's own name for the analysis: no other analysis of the integration has it. */
  reference: string;
  analyzedAt: Date;
  link?: string;
  score?: string;
  situation?: string;
  /** Money; what is none is left out, and read in the raw answer. */
  suggestedLimit?: string;
  /** The whole answer; kept sealed. */
  raw: unknown;
}

/** `of-another`: the partner's answer belongs to another analysis, and nothing was written. */
export type Completion = 'completed' | 'known' | 'of-another';

export interface CreditResultsParts {
  pool: Pool;
  clock: Clock;
  box: SecretBox;
  teller: CreditTeller;
  endings: CreditEndings;
}

const UNIQUE_VIOLATION = '23505';

/** What the connector's `@Deliver` and `@Verify` write of the partner's answers, before they return an outcome. */
export class CreditResults {
  constructor(private readonly parts: CreditResultsParts) {}

  /** Written twice, it is told once. @throws RangeError for an analysis nobody asked for */
  async complete(id: string, result: CreditResult): Promise<Completion> {
    try {
      return await inTransaction(this.parts.pool, (client) => this.completeIn(client, id, result));
    } catch (error) {
      if (sqlStateOf(error) === UNIQUE_VIOLATION) return 'of-another';
      throw error;
    }
  }

  /** The partner's answer is no analysis: charged or not, the request has come to its end. @returns whether it had not before */
  answerWithout(id: string, code: AnswerCode, text: string): Promise<boolean> {
    const { pool, endings } = this.parts;
    return inTransaction(pool, async (client) => {
      return (await endings.end(client, id, { code, text, by: 'ponte' })) !== undefined;
    });
  }

  /** Of these names of the partner those that belong to another analysis of ours. */
  async referencesOfOthers(id: string, references: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.parts.pool.query<{ reference: string }>(sql.KNOWN_REFERENCES, [id, references]);
    return new Set(rows.map(({ reference }) => reference));
  }

  /** The partner's answer as it came; undefined where there is none. */
  async rawOf(id: string): Promise<unknown> {
    const { rows } = await this.parts.pool.query<{ raw: Buffer | null }>(sql.READ_RAW, [id]);
    const sealed = rows[0]?.raw;
    return sealed ? JSON.parse(this.parts.box.open(sealed.toString(), placeOf(id)).reveal()) : undefined;
  }

  private async completeIn(client: PoolClient, id: string, result: CreditResult): Promise<Completion> {
    const before = (await client.query<AnalysisRow>(sql.LOCK_ANALYSIS, [id])).rows[0];
    if (!before) throw new RangeError(`there is no analysis ${id}`);
    if (before.state === 'completed') return 'known';
    const { reference } = result;
    const owner = await client.query<{ id: string }>(sql.OWNER_OF_REFERENCE, [before.integration_id, reference]);
    if (owner.rows[0]) return 'of-another';
    const completed = await client.query<AnalysisRow>(sql.COMPLETE_ANALYSIS, this.valuesOf(id, result));
    const analysis = toAnalysis(completed.rows[0]!);
    await this.parts.teller.note(client, id, 'completed', 'ponte');
    await this.parts.teller.completed(client, analysis);
    return 'completed';
  }

  private valuesOf(id: string, result: CreditResult): unknown[] {
    const { reference, analyzedAt, link, score, situation, suggestedLimit, raw } = result;
    const { box, clock } = this.parts;
    return [
      id,
      reference,
      analyzedAt,
      link !== undefined && link.length <= LINK_MAX ? (textOf(link, LINK_MAX) ?? null) : null,
      textOf(score, SCORE_MAX) ?? null,
      textOf(situation, SITUATION_MAX) ?? null,
      isCharge(suggestedLimit) ? suggestedLimit : null,
      Buffer.from(box.seal(new Secret(JSON.stringify(raw ?? null)), placeOf(id))),
      clock.now(),
    ];
  }
}

const LINK_MAX = 2_000;
const SCORE_MAX = 40;
const SITUATION_MAX = 80;

function placeOf(id: string) {
  return { integration: 'credit-analyses', field: id };
}
