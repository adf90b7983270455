import { Injectable } from '@nestjs/common';
import { delivered, refused } from '#libs/contracts';
import type { EventTypesMatching, HubEvent, Outcome, ReceivableChanged, Verification } from '#libs/contracts';
import {
  Check,
  Connector,
  Deliver,
  Load,
  Login,
  nothing,
  Plan,
  plan,
  Verify,
  type BatchCall,
  type Call,
  type Capability,
  type CapabilityWish,
  type ConnectionVerdict,
  type LoginAnswer,
  type Planned,
} from '#libs/connector-kit';
import { CreditDecisions, creditCapabilities, CreditDesk, CreditResults, type Acknowledgement } from '#libs/credit';
import { readAnalysis } from './deps.answers.js';
import { DepsApi } from './deps.api.js';
import { BUY, type Query } from './deps.credit.js';
import { findQuery } from './deps.history.js';
import { toDepsTitle, type DepsTitle } from './deps.mapping.js';
import { askFor, toWish, type WrittenWish } from './deps.requests.js';
import { DepsSettings, DepsSystemSettings } from './deps.settings.js';

type DepsCall = Call<DepsSettings>;
type Titles = BatchCall<DepsSettings>;
type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

/** No window holds it: somebody waits. */
const AT_ONCE = 1;
const IN_BATCHES = { batch: 500, group: 'receivables' } as const;

/** The whole integration: what moved goes once a day, in batches; an analysis is bought once, behind what its person owes. */
@Injectable()
@Connector({
  name: 'deps',
  settings: DepsSettings,
  windowsFrom: '01:00',
  systemParameter: {
    code: 'analise-de-credito',
    label: { pt: 'Utilizar integração com análise de crédito', en: 'Use the credit analysis integration' },
    help: {
      pt: 'Liga-se sozinho quando uma integração é criada ou alterada. Desligado, esconde a consulta e recusa novas.',
      en: 'Turns itself on when an integration is created or changed. Off, it hides the analyses and refuses new ones.',
    },
    turnsOnWithIntegration: true,
    settings: DepsSystemSettings,
  },
  groups: { receivables: () => ({}), analyses: () => ({}) },
})
export class DepsConnector {
  constructor(
    private readonly deps: DepsApi,
    private readonly desk: CreditDesk,
    private readonly results: CreditResults,
    private readonly decisions: CreditDecisions,
  ) {}

  @Login({ authorize: (token) => ({ authorization: `Bearer ${token}` }) })
  logIn(call: DepsCall): Promise<LoginAnswer> {
    return this.deps.logIn(call);
  }

  @Plan('erp.receivable.*.v1')
  planMovement({ type, subject, data }: Receivable, settings: DepsSettings): Planned {
    if (!settings.dailySync) return nothing('a sincronização diária está desligada / the daily synchronisation is off');
    const title = type === 'erp.receivable.deleted.v1' ? { ...data, status: 'deleted' as const } : data;
    return [plan('receivables.move', { lane: subject, body: toDepsTitle(title, settings) })];
  }

  /** First what was received in the last 365 days and all that is open. */
  @Load({ settledWithinDays: 365 })
  planTitle(title: ReceivableChanged, settings: DepsSettings): Planned {
    if (!settings.dailySync) return nothing('a sincronização diária está desligada / the daily synchronisation is off');
    const { movement: _, ...asItStands } = title;
    return [
      plan('receivables.load', { lane: `receivable/${title.receivableId}`, body: toDepsTitle(asItStands, settings) }),
    ];
  }

  @Deliver('receivables.load', IN_BATCHES)
  loadTitles(titles: DepsTitle[], call: Titles): Promise<Outcome | Outcome[]> {
    return this.deps.putTitles('INICIAL', titles, call);
  }

  @Deliver('receivables.move', IN_BATCHES)
  moveTitles(titles: DepsTitle[], call: Titles): Promise<Outcome | Outcome[]> {
    return this.deps.putTitles('DIARIA', titles, call);
  }

  @Deliver('receivables.show', IN_BATCHES)
  showTitles(titles: DepsTitle[], call: Titles): Promise<Outcome | Outcome[]> {
    return this.deps.putTitles('CONSULTA', titles, call);
  }

  @Plan('erp.credit-analysis.requested.v1')
  planRequest(event: HubEvent<'erp.credit-analysis.requested.v1'>): Planned {
    return [plan('analysis.ask', { lane: event.subject, priority: AT_ONCE, body: toWish(event) })];
  }

  /** No call: the request is decided on here, and what it needs is planned. */
  @Deliver('analysis.ask')
  ask(wish: WrittenWish): Promise<Outcome> {
    return askFor(wish, this.desk);
  }

  @Deliver(BUY, { effect: 'paid', group: 'analyses', onRefused: 'continue' })
  async buy(query: Query, call: DepsCall): Promise<Outcome> {
    const read = readAnalysis(await this.deps.query(query, call));
    if (read.kind === 'outcome') return read.outcome;
    if (read.kind === 'answer') {
      await this.results.answerWithout(query.analysisId, read.code, read.text);
      return refused(read.text);
    }
    await this.results.complete(query.analysisId, read.result);
    return delivered(read.result.reference);
  }

  @Verify(BUY, { settlesWithinMs: 120_000 })
  find(query: Query, call: DepsCall): Promise<Verification> {
    return findQuery(query, { api: this.deps, results: this.results, call });
  }

  @Plan('erp.credit-limit.applied.v1')
  planApplied({ subject, source, company, data }: HubEvent<'erp.credit-limit.applied.v1'>): Planned {
    return [plan('decision.acknowledge', { lane: subject, priority: AT_ONCE, body: { source, company, ...data } })];
  }

  @Deliver('decision.acknowledge')
  async acknowledge(said: Acknowledgement): Promise<Outcome> {
    await this.decisions.acknowledge(said);
    return delivered(said.decisionId);
  }

  @Check('analyses')
  async checkAnalyses(): Promise<ConnectionVerdict> {
    return { ok: true };
  }

  capabilitiesFor(wish: CapabilityWish): Capability[] {
    return creditCapabilities(wish);
  }

  /** A login of its own is the test: nothing else is free of charge. */
  @Check()
  async check(): Promise<ConnectionVerdict> {
    return { ok: true };
  }
}
