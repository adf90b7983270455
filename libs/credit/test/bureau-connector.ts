import { Injectable } from '@nestjs/common';
import { absent, delivered, present, refused, unavailable } from '#libs/contracts';
import type { HubEvent, Outcome, PersonType, ReceivableChanged, Verification } from '#libs/contracts';
import {
  Check,
  Connector,
  Deliver,
  Load,
  nothing,
  Plan,
  plan,
  SpendSettings,
  Verify,
  type Call,
  type Capability,
  type CapabilityWish,
  type ConnectionVerdict,
  type Planned,
} from '#libs/connector-kit';
import type { PlannedDelivery } from '#libs/delivery';
import { readCommon } from '#libs/partner';
import {
  creditCapabilities,
  CreditDecisions,
  CreditDesk,
  CreditPartner,
  CreditResults,
  OwnRequeryInterval,
  RequeryInterval,
  type Acknowledgement,
  type AnalysisToBuy,
  type CreditProduct,
  type CreditResult,
  type CreditWish,
} from '../src/index.js';

export class BureauSettings extends SpendSettings {
  @OwnRequeryInterval()
  requeryDays?: number;
}

/** What holds for a whole ERP instance. */
export class BureauSystemSettings {
  @RequeryInterval()
  requeryDays: number | null = 90;
}

export const COST = '7.50';
const SETTLES_WITHIN_MS = 300;

interface Query {
  analysisId: string;
  document: string;
  product: string;
}

@Injectable()
export class MadeUpBureau extends CreditPartner<BureauSettings, BureauSystemSettings> {
  readonly operation = 'analysis.buy';

  laneOf(person: string): string {
    return `analysis/${person}`;
  }

  /** It says nothing at a login. */
  productsOf(): CreditProduct[] {
    return [{ product: 'unpriced', name: 'Sem preço', personType: 'J' }];
  }

  productFor(_settings: BureauSettings, personType: PersonType): string {
    return personType === 'F' ? 'person' : 'company';
  }

  priceOf(_settings: BureauSettings, product: string): string | undefined {
    return product === 'unpriced' ? undefined : COST;
  }

  planTitle({ receivableId, number }: ReceivableChanged): PlannedDelivery[] {
    if (number === 'broken') throw new Error('it has no number');
    return [plan('title.show', { lane: `receivable/${receivableId}`, body: { id: receivableId } })];
  }

  bodyOf({ id, document, product }: AnalysisToBuy): Query {
    return { analysisId: id, document, product };
  }

  requeryDaysOf({ requeryDays }: BureauSettings, ofSystem: BureauSystemSettings): number {
    return requeryDays ?? ofSystem.requeryDays ?? 0;
  }
}

/** What a connector that sells credit analyses looks like. */
@Injectable()
@Connector({
  name: 'bureau',
  settings: BureauSettings,
  systemParameter: {
    code: 'analise-de-credito',
    label: { pt: 'Utilizar integração com análise de crédito', en: 'Use the credit analysis integration' },
    turnsOnWithIntegration: true,
    settings: BureauSystemSettings,
  },
  groups: { analyses: () => ({}) },
})
export class BureauConnector {
  constructor(
    private readonly desk: CreditDesk,
    private readonly results: CreditResults,
    private readonly decisions: CreditDecisions,
  ) {}

  @Plan('erp.receivable.opened.v1')
  planNothing(_event: HubEvent<'erp.receivable.opened.v1'>): Planned {
    return nothing('a title goes before an analysis');
  }

  /** So that its loads wait for the titles to be read whole. */
  @Load()
  loadNothing(_title: ReceivableChanged): Planned {
    return nothing('a title goes before an analysis');
  }

  @Plan('erp.credit-analysis.requested.v1')
  planRequest({
    id,
    source,
    company,
    branch,
    subject,
    time,
    data,
  }: HubEvent<'erp.credit-analysis.requested.v1'>): Planned {
    const { requestId, requestedBy, customer, productId: product, confirmedNew, insteadOf, knownSuffices } = data;
    const wish = { id, requestId, source, company, branch, requestedBy, product, insteadOf, customerId: customer.id };
    const body = { ...wish, knownSuffices, document: customer.document, ...(confirmedNew && { confirmedAt: time }) };
    return [plan('analysis.ask', { lane: subject, body })];
  }

  @Deliver('analysis.ask')
  async ask({ confirmedAt, ...wish }: Omit<CreditWish, 'confirmedAt'> & { confirmedAt?: string }): Promise<Outcome> {
    await this.desk.ask({ ...wish, ...(confirmedAt && { confirmedAt: new Date(confirmedAt) }) });
    return delivered(wish.id);
  }

  @Plan('erp.credit-limit.applied.v1')
  planApplied({ subject, source, company, data }: HubEvent<'erp.credit-limit.applied.v1'>): Planned {
    return [plan('decision.acknowledge', { lane: subject, body: { source, company, ...data } })];
  }

  @Deliver('decision.acknowledge')
  async acknowledge(said: Acknowledgement): Promise<Outcome> {
    await this.decisions.acknowledge(said);
    return delivered(said.decisionId);
  }

  @Deliver('title.show')
  async showTitle(body: { id: string }, call: Call<BureauSettings>): Promise<Outcome> {
    const answer = await call.request({ method: 'POST', path: '/titles', body });
    return answer.status === 422 ? refused('HTTP 422') : (readCommon(answer) ?? delivered());
  }

  @Deliver('analysis.buy', { effect: 'paid', group: 'analyses', onRefused: 'continue' })
  async buy({ analysisId, document, product }: Query, call: Call<BureauSettings>): Promise<Outcome> {
    const headers = { 'idempotency-key': call.idempotencyKey };
    const answer = await call.request({ method: 'POST', path: '/analyses', headers, body: { document, product } });
    const { code } = answer.body as { code?: string };
    if (answer.status === 400) {
      await this.results.answerWithout(
        analysisId,
        code === 'consent' ? 'consent-pending' : 'no-data',
        `bureau: ${code}`,
      );
      return refused(`bureau: ${code}`);
    }
    const common = readCommon(answer);
    if (common) return common;
    await this.results.complete(analysisId, toResult(answer.body as Answer));
    return delivered((answer.body as Answer).id);
  }

  @Verify('analysis.buy', { settlesWithinMs: SETTLES_WITHIN_MS })
  async find({ analysisId }: Query, call: Call<BureauSettings>): Promise<Verification> {
    const answer = await call.request({ method: 'GET', path: '/analyses', query: { key: call.idempotencyKey } });
    if (answer.status !== 200) return unavailable(`HTTP ${answer.status}`);
    const [found] = answer.body as Answer[];
    if (!found) return absent();
    await this.results.complete(analysisId, toResult(found));
    return present(found.id);
  }

  @Check()
  check(call: Call<BureauSettings>): Promise<ConnectionVerdict> {
    return isThere(call);
  }

  @Check('analyses')
  checkAnalyses(call: Call<BureauSettings>): Promise<ConnectionVerdict> {
    return isThere(call);
  }

  capabilitiesFor(wish: CapabilityWish): Capability[] {
    return creditCapabilities(wish);
  }
}

interface Answer {
  id: string;
  score: number;
  situation: string;
  limit: string;
  link: string;
}

function toResult(answer: Answer): CreditResult {
  const { id: reference, score, situation, limit: suggestedLimit, link } = answer;
  return { reference, analyzedAt: new Date(), score: String(score), situation, suggestedLimit, link, raw: answer };
}

async function isThere(call: Call<BureauSettings>): Promise<ConnectionVerdict> {
  const { status } = await call.request({ method: 'GET', path: '/me' });
  const detail = { pt: `HTTP ${status}`, en: `HTTP ${status}` };
  return status === 200 ? { ok: true } : { ok: false, problem: 'unreachable', detail };
}
