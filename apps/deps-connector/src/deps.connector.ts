import { Injectable } from '@nestjs/common';
import type { EventTypesMatching, HubEvent, Outcome, ReceivableChanged } from '#libs/contracts';
import {
  Check,
  Connector,
  Deliver,
  Load,
  Login,
  nothing,
  Plan,
  plan,
  type BatchCall,
  type Call,
  type ConnectionVerdict,
  type LoginAnswer,
  type Planned,
} from '#libs/connector-kit';
import { DepsApi } from './deps.api.js';
import { toDepsTitle, type DepsTitle } from './deps.mapping.js';
import { DepsSettings } from './deps.settings.js';

type DepsCall = Call<DepsSettings>;
type Titles = BatchCall<DepsSettings>;
type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

const IN_BATCHES = { batch: 500, group: 'receivables' } as const;

/** The whole integration: what moved goes once a day, in batches. */
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
  },
  groups: { receivables: () => ({}) },
})
export class DepsConnector {
  constructor(private readonly deps: DepsApi) {}

  @Login({ authorize: (token) => ({ authorization: `Bearer ${token}` }) })
  logIn(call: DepsCall): Promise<LoginAnswer> {
    return this.deps.logIn(call);
  }

  @Plan('erp.receivable.*.v1')
  planMovement({ type, subject, data }: Receivable, settings: DepsSettings): Planned {
    if (!settings.dailySync) return nothing('a sincronização diária está desligada / the daily synchronisation is off');
    const title = type === 'erp.receivable.deleted.v1' ? { ...data, status: 'deleted' as const } : data;
    return [plan('receivables.move', { lane: subject, body: toDepsTitle(title) })];
  }

  /** First what was received in the last 365 days and all that is open. */
  @Load({ settledWithinDays: 365 })
  planTitle(title: ReceivableChanged, settings: DepsSettings): Planned {
    if (!settings.dailySync) return nothing('a sincronização diária está desligada / the daily synchronisation is off');
    const { movement: _, ...asItStands } = title;
    return [plan('receivables.load', { lane: `receivable/${title.receivableId}`, body: toDepsTitle(asItStands) })];
  }

  @Deliver('receivables.load', IN_BATCHES)
  loadTitles(titles: DepsTitle[], call: Titles): Promise<Outcome | Outcome[]> {
    return this.deps.putTitles('INICIAL', titles, call);
  }

  @Deliver('receivables.move', IN_BATCHES)
  moveTitles(titles: DepsTitle[], call: Titles): Promise<Outcome | Outcome[]> {
    return this.deps.putTitles('DIARIA', titles, call);
  }

  /** A login of its own is the test: nothing else is free of charge. */
  @Check()
  async check(): Promise<ConnectionVerdict> {
    return { ok: true };
  }
}
