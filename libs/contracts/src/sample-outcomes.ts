import { BACKFILL_REQUESTED } from './sample-backfills.js';
import { BALANCE_SAMPLES } from './balance-samples.js';
import { CREDIT_SAMPLES } from './credit-samples.js';
import { outcomeType, type OutcomeData, type OutcomeEvent, type OutcomeSuffix } from './outcome-catalogue.js';
import type { DeliveryEvent } from './delivery-events.js';
import type { EndpointEvent, RunStarted } from './operation-events.js';
import type { CausingEvent, IntegrationRef } from './outcome-parts.js';

const INTEGRATION: IntegrationRef = {
  id: '7',
  name: 'CustomerX da filial Manaus',
  source: '/erp/demo',
  company: '1',
  branch: '3',
};

const CAUSE: CausingEvent = {
  id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0002',
  source: '/erp/demo',
  type: 'erp.receivable.settled.v1',
  subject: 'receivable/4711-2',
};

const KEYS = { receivableId: '4711-2', titleNumber: '4711', installment: '2', contractId: '2207', customerId: '8841' };
const AT = '2026-07-20T18:00:04.120Z';
const ACTOR = 'sofia.suporte';

const DELIVERY: DeliveryEvent = {
  deliveryId: '90210',
  integration: INTEGRATION,
  operation: 'financial.put',
  lane: 'receivable/4711-2',
  event: CAUSE,
  keys: KEYS,
  runId: '512',
  attempts: 2,
  occurredAt: AT,
};

const RUN: RunStarted = {
  runId: '512',
  integration: INTEGRATION,
  job: 'cadence',
  trigger: 'cadence',
  startedAt: '2026-07-20T18:00:00Z',
  releasedUpTo: '90214',
};

const PAUSE: EndpointEvent = {
  endpointId: '3',
  integration: INTEGRATION,
  operationGroup: 'financials',
  pauseReason: 'breaker',
  standing: ['breaker'],
  detail: 'Metade das últimas 20 chamadas falhou',
  occurredAt: AT,
};

const STOPPED = { reason: 'O parceiro respondeu HTTP 422: external_id_client desconhecido', reasonCode: 'http-422' };

const DATA: { readonly [S in OutcomeSuffix]: OutcomeData<S> } = {
  'delivery.delivered.v1': { ...DELIVERY, reference: '1190022' },
  'delivery.refused.v1': { ...DELIVERY, ...STOPPED },
  'delivery.skipped.v1': { ...DELIVERY, reason: 'Título acertado à mão no parceiro', actor: ACTOR },
  'delivery.superseded.v1': { ...DELIVERY, attempts: 0, supersededBy: '90214' },
  'delivery.parked.v1': { ...DELIVERY, ...STOPPED, attempts: 4 },
  'delivery.retried.v1': { ...DELIVERY, actor: ACTOR, note: 'Cadastro corrigido no parceiro', redriveId: '12' },
  'run.started.v1': RUN,
  'run.finished.v1': {
    ...RUN,
    finishedAt: '2026-07-20T18:00:09Z',
    result: 'completed',
    released: 14,
    delivered: 11,
    refused: 0,
    skipped: 0,
    superseded: 1,
    parked: 1,
    carriedOver: 1,
  },
  'endpoint.paused.v1': PAUSE,
  'endpoint.resumed.v1': { ...PAUSE, standing: [] },
  'settings.changed.v1': {
    integration: INTEGRATION,
    change: 'changed',
    fields: ['token', 'intervalHours'],
    version: 4,
    actor: ACTOR,
    occurredAt: AT,
  },
  'event.unplanned.v1': {
    event: CAUSE,
    integration: INTEGRATION,
    keys: KEYS,
    reasonCode: 'off',
    reason: 'A integração está desligada',
    occurredAt: AT,
  },
  'event.parked.v1': {
    parkedId: '41',
    kind: 'invalid',
    event: CAUSE,
    heldKey: 'receivable/4711-2',
    reason: '/data/openAmount says 10.00, but the balance is 0.00',
    occurredAt: AT,
  },
  'event.released.v1': {
    parkedId: '41',
    how: 'fixed',
    event: CAUSE,
    heldKey: 'receivable/4711-2',
    reason: 'Valor aberto corrigido no ERP',
    actor: ACTOR,
    occurredAt: AT,
  },
  'backfill.requested.v1': BACKFILL_REQUESTED,
  ...CREDIT_SAMPLES,
  ...BALANCE_SAMPLES,
};

const SUBJECTS: Readonly<Record<string, string>> = {
  delivery: 'delivery/90210',
  run: 'run/512',
  endpoint: 'endpoint/3',
  settings: 'integration/7',
  event: 'event/41',
  backfill: 'backfill/receivable',
  balance: 'balance/2026-07-20T18:00:00Z',
  'credit-analysis': 'credit-analysis/0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0991',
  'credit-limit': 'credit-limit/0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0a01',
};

/** One realistic event of `ponte.events` per kind, as the customerx connector would say it; a fresh copy at each call. */
export function sampleOutcomeOf<S extends OutcomeSuffix>(suffix: S): OutcomeEvent<S> {
  return structuredClone({
    specversion: '1.0',
    id: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d1001',
    source: '/ponte/customerx',
    type: outcomeType(suffix.startsWith('backfill.') ? 'ponte' : 'customerx', suffix),
    subject: SUBJECTS[suffix.split('.')[0] ?? ''] ?? 'event/41',
    time: AT,
    datacontenttype: 'application/json',
    company: '1',
    branch: '3',
    data: DATA[suffix],
  } satisfies OutcomeEvent) as OutcomeEvent<S>;
}
