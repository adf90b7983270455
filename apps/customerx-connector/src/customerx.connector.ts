import { Injectable } from '@nestjs/common';
import type { EventTypesMatching, HubEvent, Outcome, ReceivableChanged } from '#libs/contracts';
import {
  AfterRun,
  Check,
  Connector,
  Deliver,
  Load,
  nothing,
  Plan,
  plan,
  Reconcile,
  type Call,
  type ConnectionVerdict,
  type HeldPage,
  type Planned,
} from '#libs/connector-kit';
import type { FinishedRun } from '#libs/delivery';
import { CustomerXApi } from './customerx.api.js';
import { readCheck } from './customerx.check.js';
import { clientLane, toClient, toClientId, type Client } from './customerx.client-id.js';
import { toExternalId, toFinancial, type Financial } from './customerx.mapping.js';
import { readHeldPage, toExpected } from './customerx.reconciliation.js';
import { CustomerXSettings } from './customerx.settings.js';
import { CustomerXTracker } from './customerx.tracker.js';
import { toRunTracking, toTracking, type Tracking } from './customerx.tracking.js';

type CustomerXCall = Call<CustomerXSettings>;
type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;
type Branch = HubEvent<EventTypesMatching<'erp.branch.*.v1'>>;
type BusinessUnit = HubEvent<EventTypesMatching<'erp.business-unit.*.v1'>>;

/**
 * The whole integration: every movement of a title is one call, in order, per title; its client goes ahead of it, and the
 * tracking of a settlement behind it.
 */
@Injectable()
@Connector({
  name: 'customerx',
  settings: CustomerXSettings,
  systemParameter: {
    code: '046',
    label: { pt: 'Integração com o CustomerX', en: 'Integration with CustomerX' },
    help: { pt: 'Habilita o processo de integração do CustomerX.', en: 'Enables the integration with CustomerX.' },
  },
  groups: { tracker: ({ trackerUrl }: CustomerXSettings) => ({ baseUrl: trackerUrl }) },
})
export class CustomerXConnector {
  constructor(
    private readonly customerx: CustomerXApi,
    private readonly tracker: CustomerXTracker,
  ) {}

  @Plan('erp.receivable.*.v1')
  planMovement({ type, subject, data }: Receivable, settings: CustomerXSettings): Planned {
    const title = type === 'erp.receivable.deleted.v1' ? { ...data, status: 'deleted' as const } : data;
    const isTracked = type === 'erp.receivable.settled.v1' && settings.tracking === 'per-settlement';
    return [...planFinancial(subject, title, settings), ...(isTracked ? planTracking(subject, data, settings) : [])];
  }

  /** The title as it stands, of which no event tells. */
  @Load()
  planTitle(title: ReceivableChanged, settings: CustomerXSettings): Planned {
    return planFinancial(`receivable/${title.receivableId}`, title, settings);
  }

  @Plan('erp.branch.*.v1')
  planBranch({ data }: Branch, settings: CustomerXSettings): Planned {
    if (settings.businessUnitAsClient)
      return nothing('o cliente é a unidade de negócio / the client is the business unit');
    return planClient(toClient(data, settings), settings);
  }

  @Plan('erp.business-unit.*.v1')
  planBusinessUnit({ data }: BusinessUnit, settings: CustomerXSettings): Planned {
    if (!settings.businessUnitAsClient) return nothing('o cliente é a filial / the client is the branch');
    return planClient(toClient(data, settings), settings);
  }

  @Deliver('client.put')
  putClient(client: Client, call: CustomerXCall): Promise<Outcome> {
    return this.customerx.putClient(client, call);
  }

  @Deliver('financial.put')
  putFinancial(financial: Financial, call: CustomerXCall): Promise<Outcome> {
    return this.customerx.putFinancial(financial, call);
  }

  @Deliver('financial.delete')
  deleteFinancial({ externalId }: { externalId: string }, call: CustomerXCall): Promise<Outcome> {
    return this.customerx.deleteFinancial(externalId, call);
  }

  @AfterRun()
  planRunTracking(run: FinishedRun, settings: CustomerXSettings): Planned {
    if (settings.tracking !== 'per-run') return nothing('execuções não são rastreadas / runs are not tracked');
    if (run.delivered === 0) return nothing('a execução não enviou nada / the run sent nothing');
    return [plan('tracking.post', { lane: `run/${run.runId}`, body: toRunTracking(run, settings) })];
  }

  @Deliver('tracking.post', { group: 'tracker', onRefused: 'continue' })
  postTracking(tracking: Tracking, call: CustomerXCall): Promise<Outcome> {
    return this.tracker.postTracking(tracking, call);
  }

  @Reconcile({ expected: toExpected, every: ({ reconcile }: CustomerXSettings) => reconcile })
  async readFinancials(page: number, call: CustomerXCall): Promise<HeldPage | Outcome> {
    return readHeldPage(await this.customerx.listFinancials(page, call), call.settings);
  }

  @Check()
  async checkRest(call: CustomerXCall): Promise<ConnectionVerdict> {
    return readCheck(await this.customerx.listFinancials(1, call), { pt: 'o Token', en: 'the Token' });
  }

  @Check('tracker')
  async checkTracker(call: CustomerXCall): Promise<ConnectionVerdict> {
    const { credential, key } = call.settings;
    if (!credential || !key)
      return {
        ok: false,
        problem: 'not-configured',
        detail: { pt: 'Sem Credential e Chave.', en: 'No Credential and Key.' },
      };
    const answer = await this.tracker.probe(call);
    return answer.status === 422
      ? { ok: true }
      : readCheck(answer, { pt: 'Credential e Chave', en: 'Credential and Key' });
  }
}

function planFinancial(lane: string, title: ReceivableChanged, settings: CustomerXSettings) {
  const kind = settings.sendOnlyLatest ? 'state' : 'movement';
  if (title.status === 'deleted')
    return [plan('financial.delete', { lane, kind, body: { externalId: toExternalId(title, settings) } })];
  const after = settings.registerClients ? [clientLane(toClientId(title, settings))] : [];
  return [plan('financial.put', { lane, kind, after, body: toFinancial(title, settings) })];
}

/** On a lane of its own: a tracker that stands still holds no title. */
function planTracking(subject: string, title: ReceivableChanged, settings: CustomerXSettings) {
  return [plan('tracking.post', { lane: `${subject}/tracking`, after: [subject], body: toTracking(title, settings) })];
}

function planClient(client: Client, { registerClients }: CustomerXSettings): Planned {
  if (!registerClients) return nothing('o cadastro de clientes está desligado / clients are not registered');
  return [plan('client.put', { lane: clientLane(client.external_id_client), kind: 'state', body: client })];
}
