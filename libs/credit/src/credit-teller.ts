import type { PoolClient } from 'pg';
import {
  JOINED_REQUESTS_MAX,
  maskDocument,
  outcomeType,
  personTokenOf,
  type AnswerCode,
  type CreditAnalysisAnswered,
  type CreditAnalysisCompleted,
  type CreditAnalysisViewed,
  type CreditLimitDecided,
  type IntegrationRef,
  type LastAnalysis,
} from '#libs/contracts';
import type { PartnerSettings } from '#libs/connector-kit';
import { writeOutcomes, type OutcomeRow } from '#libs/delivery';
import type { Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry } from '#libs/settings';
import type { Analysis } from './analysis.js';
import type { Decision } from './decision.js';
import * as sql from './credit.sql.js';

type CreditSuffix =
  | 'credit-analysis.completed.v1'
  | 'credit-analysis.answered.v1'
  | 'credit-analysis.viewed.v1'
  | 'credit-limit.decided.v1';

/** A request that was answered without an analysis being begun for it. */
export interface NotBegun {
  wishId: string;
  requestId: string;
  requestedBy: string;
  customerId?: string;
  document: string;
  branch?: string;
  product: string;
  code: 'recent' | 'over-budget' | 'not-read-whole';
  text: string;
  last?: LastAnalysis;
  cost: string;
  budgetLeft?: string;
}

type Holder = Pick<Analysis, 'source' | 'company' | 'document' | 'customerId'>;

/** What was seen of one person. */
export interface View {
  source: string;
  company: string;
  document: string;
  analysisIds: string[];
  by: string;
}

export type CreditAction =
  | 'asked'
  | 'confirmed-new'
  /** Who asked said that what is known of the company suffices. */
  | 'known-sufficed'
  | 'completed'
  | 'answered'
  | 'canceled'
  | 'decided'
  | 'left-for-later'
  | 'applied'
  | 'not-applied';

/** Says what happened to analyses, in the transaction in which it happens: to the hub, and to whoever reads the history. */
export class CreditTeller {
  constructor(
    private readonly connector: string,
    private readonly registry: IntegrationRegistry<PartnerSettings>,
    private readonly clock: Clock,
    private readonly personKey: Buffer,
  ) {}

  async completed(client: PoolClient, analysis: Analysis): Promise<void> {
    const payload: CreditAnalysisCompleted = {
      ...(await this.request(client, analysis)),
      analysisId: analysis.id,
      reference: analysis.reference!,
      score: analysis.score,
      situation: analysis.situation,
      suggestedLimit: analysis.suggestedLimit,
      link: analysis.link,
      analyzedAt: analysis.analyzedAt!.toISOString(),
      cost: analysis.cost,
    };
    await this.say(client, 'credit-analysis.completed.v1', { ...whereOf(analysis), payload });
  }

  /** It came to its end without a result. */
  async answered(client: PoolClient, analysis: Analysis, code: AnswerCode, text: string): Promise<void> {
    const payload: CreditAnalysisAnswered = {
      ...(await this.request(client, analysis)),
      analysisId: analysis.id,
      code,
      text,
      occurredAt: this.instant(),
    };
    await this.say(client, 'credit-analysis.answered.v1', { ...whereOf(analysis), payload });
  }

  async notBegun(client: PoolClient, integration: Integration<PartnerSettings>, answer: NotBegun): Promise<void> {
    const { wishId, document, branch, ...said } = answer;
    const { source, company } = integration;
    const payload: CreditAnalysisAnswered = {
      ...said,
      ...this.holder({ source, company, document, customerId: answer.customerId }),
      integration: refOf(integration),
      occurredAt: this.instant(),
    };
    const where = { subject: `credit-analysis/${wishId}`, company, branch };
    await this.say(client, 'credit-analysis.answered.v1', { ...where, payload });
  }

  async viewed(client: PoolClient, { source, company, document, analysisIds, by }: View): Promise<void> {
    if (analysisIds.length === 0) return;
    const payload: CreditAnalysisViewed = {
      ...{ source, analysisIds, viewedBy: by, viewedAt: this.instant() },
      ...this.holder({ source, company, document }),
    };
    const where = { subject: `credit-analysis/${analysisIds[0]}`, company, actor: by };
    await this.say(client, 'credit-analysis.viewed.v1', { ...where, payload });
  }

  async decided(client: PoolClient, analysis: Analysis, decision: Decision): Promise<void> {
    const { kind, id: decisionId, from, to, decidedBy, decidedAt } = decision;
    if (kind === 'canceled') return;
    const payload: CreditLimitDecided = {
      ...{ analysisId: analysis.id, decisionId, customerId: analysis.customerId, kind, from, to, decidedBy },
      ...this.holder(analysis),
      integration: await this.ref(client, analysis),
      decidedAt: decidedAt.toISOString(),
    };
    const where = { ...whereOf(analysis), subject: `credit-limit/${decisionId}`, actor: decidedBy };
    await this.say(client, 'credit-limit.decided.v1', { ...where, payload });
  }

  /** For the history. */
  async note(client: PoolClient, analysisId: string, action: CreditAction, by: string, note?: string): Promise<void> {
    await client.query(sql.NOTE_ACTION, [analysisId, action, by, note ?? null, this.clock.now()]);
  }

  private async request(client: PoolClient, analysis: Analysis) {
    const { id, requestId, customerId, product, requestedBy } = analysis;
    const values = [id, requestId, JOINED_REQUESTS_MAX];
    const joined = await client.query<{ request_id: string }>(sql.JOINED_REQUESTS, values);
    return {
      ...{ requestId, customerId, product, requestedBy },
      ...this.holder(analysis),
      ...(joined.rows.length > 0 && { joinedRequestIds: joined.rows.map((row) => row.request_id) }),
      integration: await this.ref(client, analysis),
    };
  }

  /** Whose it is: no document leaves the house, and who is no customer is found again by a token. */
  private holder({ source, company, document, customerId }: Holder) {
    const maskedDocument = maskDocument(document);
    if (customerId !== undefined) return { maskedDocument };
    return { maskedDocument, personToken: personTokenOf(this.personKey, { source, company }, document) };
  }

  private async ref(client: PoolClient, { integrationId, source, company, branch }: Analysis): Promise<IntegrationRef> {
    const integration = await this.registry.byId(client, integrationId);
    return integration ? refOf(integration) : { id: integrationId, name: integrationId, source, company, branch };
  }

  private async say(client: PoolClient, suffix: CreditSuffix, row: Omit<OutcomeRow, 'type'>): Promise<void> {
    await writeOutcomes(client, [{ ...row, type: outcomeType(this.connector, suffix) }]);
  }

  private instant(): string {
    return this.clock.now().toISOString();
  }
}

function whereOf({ id, company, branch }: Analysis): Pick<OutcomeRow, 'subject' | 'company' | 'branch'> {
  return { subject: `credit-analysis/${id}`, company, branch };
}

function refOf({ id, displayName, name, source, company, branch }: Integration<PartnerSettings>): IntegrationRef {
  return { id, name: displayName || name, source, company, branch };
}
