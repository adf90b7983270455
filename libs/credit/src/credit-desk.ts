import type { Pool, PoolClient } from 'pg';
import { waitsForBackfill, type ConnectorDefinition, type PartnerSettings } from '#libs/connector-kit';
import { compareMoney, type LastAnalysis } from '#libs/contracts';
import type { DeliveryEngine, ToSchedule } from '#libs/delivery';
import { inTransaction, Problem, type Clock } from '#libs/runtime';
import type { IntegrationRegistry, SystemParameters } from '#libs/settings';
import { toAnalysis, type Analysis, type AnalysisRow } from './analysis.js';
import { budgetLeft } from './budget-left.js';
import type { CreditEndings } from './credit-endings.js';
import type { CreditPartner } from './credit-partner.js';
import type { CreditTeller } from './credit-teller.js';
import { toLast, type Asked, type AskAnswer, type CreditWish } from './credit-wish.js';
import * as sql from './credit.sql.js';
import { readDocument } from './document.js';
import { readOffer, type Offer } from './offer.js';
import { AT_ONCE, inItsGroup, planOwedTitles } from './owed-titles.js';

export interface CreditDeskParts {
  pool: Pool;
  clock: Clock;
  registry: IntegrationRegistry<PartnerSettings>;
  parameters: SystemParameters;
  definition: ConnectorDefinition;
  partner: CreditPartner;
  teller: CreditTeller;
  endings: CreditEndings;
  /** The connector is part of the engine, and may ask here: it is looked for when it is needed. */
  engine: () => DeliveryEngine;
}

interface WishRow {
  source: string;
  company: string;
  document: string;
  answer: AskAnswer['kind'];
  analysis_id: string | null;
  cost: string;
  budget_left: string | null;
}

type Noted = { kind: AskAnswer['kind']; analysisId?: string; cost: string; budgetLeft?: string };

const DAY_MS = 86_400_000;

/**
 * Where an analysis is asked for. Whoever asks for the same person is answered one after the other, and what was shown is
 * what is confirmed: ten presses at once, or one that comes late, buy one.
 */
export class CreditDesk {
  constructor(private readonly parts: CreditDeskParts) {}

  /** @throws Problem 400 for no document; 409 `credit-analysis-off`, `product-missing`, `price-missing`, `titles-not-told`, `request-id-reused` */
  async ask(wish: CreditWish): Promise<AskAnswer> {
    const holder = readDocument(wish.document, '/customer/document');
    const asked: Asked = { ...wish, ...holder, requestId: wish.requestId ?? wish.id };
    const answer = await inTransaction(this.parts.pool, (client) => this.answer(client, asked));
    if (answer.kind === 'waiting') this.parts.engine().stir();
    return answer;
  }

  private async answer(client: PoolClient, asked: Asked): Promise<AskAnswer> {
    const { source, company, document } = asked;
    await client.query(sql.LOCK_DOCUMENT, [source, company, document]);
    const before = await this.answeredBefore(client, asked);
    if (before) return before;
    const offer = await readOffer(client, this.parts, asked);
    const standing = await this.standingOf(client, asked);
    const underWay = standing.find(({ state, product }) => state === 'waiting' && product === offer.product);
    if (underWay) return this.join(client, asked, underWay, offer);
    const last = standing.toSorted(newestFirst)[0];
    const left = await budgetLeft(client, offer.integration, this.parts.partner.operation, this.parts.clock.now());
    const rest = { cost: offer.cost, ...(left !== undefined && { budgetLeft: left }) };
    if (last && (await this.needsWord(client, asked, last, offer.requeryDays)))
      return this.tell(client, asked, offer, { kind: 'recent', last: toLast(last), ...rest });
    if (left !== undefined && compareMoney(offer.cost, left) > 0)
      return this.tell(client, asked, offer, { kind: 'over-budget', cost: offer.cost, budgetLeft: left });
    const unread = await waitsForBackfill(client, offer.integration.id);
    if (unread && !asked.knownSuffices) return this.tell(client, asked, offer, { kind: 'not-read-whole', ...rest });
    const confirmed = asked.insteadOf !== undefined || asked.confirmedAt !== undefined;
    return this.buy(client, asked, offer, { replaced: confirmed ? last : undefined, unread });
  }

  /** The answer this very wish was given. */
  private async answeredBefore(client: PoolClient, asked: Asked): Promise<AskAnswer | undefined> {
    const row = (await client.query<WishRow>(sql.READ_WISH, [asked.id])).rows[0];
    if (!row) return undefined;
    if (row.source !== asked.source || row.company !== asked.company || row.document !== asked.document)
      throw new Problem({
        type: 'request-id-reused',
        status: 409,
        detail: `${asked.id} asked for something else before`,
      });
    const { answer, analysis_id: id, cost, budget_left: left } = row;
    if (answer === 'waiting') return { kind: 'waiting', id: id! };
    if (answer === 'over-budget') return { kind: 'over-budget', cost, budgetLeft: left! };
    if (answer === 'not-read-whole') return { kind: answer, cost, ...(left !== null && { budgetLeft: left }) };
    const shown = (await client.query<AnalysisRow>(sql.READ_ANALYSIS, [id])).rows[0]!;
    return { kind: 'recent', last: toLast(toAnalysis(shown)), cost, ...(left !== null && { budgetLeft: left }) };
  }

  private async standingOf(client: PoolClient, { source, company, document }: Asked): Promise<Analysis[]> {
    const { rows } = await client.query<AnalysisRow>(sql.STANDING_OF_DOCUMENT, [source, company, document]);
    const standing: Analysis[] = [];
    for (const row of rows) standing.push(await this.parts.endings.bringUpToDate(client, toAnalysis(row)));
    return standing.filter(({ state }) => state === 'waiting' || state === 'completed');
  }

  /** Whether there is one the person did not see, or saw and did not speak of. */
  private async needsWord(client: PoolClient, asked: Asked, last: Analysis, requeryDays: number): Promise<boolean> {
    const { insteadOf, confirmedAt, source, company, document } = asked;
    if (insteadOf === last.id) return false;
    if (insteadOf === undefined && confirmedAt && last.completedAt && last.completedAt < confirmedAt) return false;
    if (requeryDays > 0 && this.isYounger(last, requeryDays)) return true;
    if (insteadOf === undefined) return false;
    const values = [insteadOf, source, company, document];
    const shown = (await client.query<{ number: string }>(sql.NUMBER_OF, values)).rows[0];
    return shown !== undefined && BigInt(last.number) > BigInt(shown.number);
  }

  private isYounger({ completedAt }: Analysis, days: number): boolean {
    return !completedAt || this.parts.clock.now().getTime() - completedAt.getTime() < days * DAY_MS;
  }

  private async join(client: PoolClient, asked: Asked, { id }: Analysis, { cost }: Offer): Promise<AskAnswer> {
    await this.note(client, asked, { kind: 'waiting', analysisId: id, cost });
    return { kind: 'waiting', id };
  }

  /** Nothing is charged, and the ERP hears why. */
  private async tell(
    client: PoolClient,
    asked: Asked,
    { integration, product }: Offer,
    answer: Exclude<AskAnswer, { kind: 'waiting' }>,
  ): Promise<AskAnswer> {
    const { id: wishId, requestId, requestedBy, customerId, document, branch } = asked;
    const { kind: code, ...said } = answer;
    const last: LastAnalysis | undefined = answer.kind === 'recent' ? answer.last : undefined;
    await this.note(client, asked, { kind: code, ...said, analysisId: last?.analysisId });
    await this.parts.teller.notBegun(client, integration, {
      ...{ wishId, requestId, requestedBy, customerId, document, branch, product, code, text: WORDS[code] },
      ...said,
    });
    return answer;
  }

  private async buy(
    client: PoolClient,
    asked: Asked,
    offer: Offer,
    { replaced, unread }: { replaced?: Analysis; unread: boolean },
  ): Promise<AskAnswer> {
    const { id, branch = null, document, personType, customerId = null, customerName = null } = asked;
    const { integration, product, cost } = offer;
    const { teller, clock } = this.parts;
    await client.query(sql.INSERT_ANALYSIS, [
      ...[id, integration.id, asked.source, asked.company, branch, document, personType, customerId, customerName],
      ...[product, cost, asked.requestId, asked.requestedBy, clock.now(), replaced?.id ?? null],
    ]);
    await this.note(client, asked, { kind: 'waiting', analysisId: id, cost });
    await teller.note(client, id, replaced ? 'confirmed-new' : 'asked', asked.requestedBy);
    if (unread) await teller.note(client, id, 'known-sufficed', asked.requestedBy);
    await this.schedule(client, asked, offer);
    return { kind: 'waiting', id };
  }

  /** What the customer owes first; the paid call when nothing of that is open any more. */
  private async schedule(client: PoolClient, asked: Asked, offer: Offer): Promise<void> {
    const { partner, definition, engine } = this.parts;
    const { source, company, branch, id, document, customerId } = asked;
    const { id: integrationId } = offer.integration;
    const owed = await planOwedTitles(client, this.parts, asked, offer);
    const person = await client.query<{ id: string }>(sql.PERSON_OF, [source, company, document]);
    const batch = owed.map(({ title, deliveries }): ToSchedule => {
      const cause = { source, company, branch: title.branch, subject: `receivable/${title.receivableId}` };
      return { cause, plans: [{ integrationId, deliveries }] };
    });
    const paid = inItsGroup(definition, {
      ...{
        operation: partner.operation,
        kind: 'movement',
        lane: partner.laneOf(person.rows[0]!.id),
        priority: AT_ONCE,
      },
      body: partner.bodyOf({ ...asked, product: offer.product, askedAt: this.parts.clock.now() }),
      after: [...new Set(owed.flatMap(({ deliveries }) => deliveries.map(({ lane }) => lane)))],
      ...{ operationKey: id, cost: offer.cost },
      ...(customerId !== undefined && { keys: { customerId } }),
    });
    const cause = { source, company, branch, subject: `credit-analysis/${id}` };
    await engine().schedule(client, [...batch, { cause, plans: [{ integrationId, deliveries: [paid] }] }]);
  }

  private async note(
    client: PoolClient,
    asked: Asked,
    { kind, analysisId, cost, budgetLeft: left }: Noted,
  ): Promise<void> {
    await client.query(sql.NOTE_WISH, [
      ...[asked.id, asked.source, asked.company, asked.document, asked.requestId, asked.requestedBy],
      ...[this.parts.clock.now(), kind, analysisId ?? null, cost, left ?? null],
    ]);
  }
}

function newestFirst(one: Analysis, other: Analysis): number {
  return BigInt(one.number) > BigInt(other.number) ? -1 : 1;
}

const WORDS = {
  recent:
    'há uma consulta recente: confirme que quer uma nova, paga / there is a recent one: confirm that you want a new one, paid',
  'over-budget': 'o limite de gasto não deixa / the budget does not allow it',
  'not-read-whole':
    'os títulos da empresa ainda não foram lidos por inteiro: espere a varredura, ou diga que basta o que se conhece / the titles of the company were not read whole yet: wait for the walk, or say that what is known suffices',
};
