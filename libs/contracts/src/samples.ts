import { EVENT_TYPES, type EventData, type EventType } from './catalogue.js';
import type { HubEvent } from './envelope.js';
import { BACKFILL_FINISHED, BACKFILL_STARTED } from './sample-backfills.js';
import { MARINA_REGISTERED, PADARIA_CHANGED } from './sample-customers.js';
import { ADJUSTED, CANCELED, DELETED, OPENED, REVERSED, SETTLED, SNAPSHOT } from './sample-receivables.js';
import {
  BRANCH,
  BUSINESS_UNIT,
  COMPANY,
  CONTRACT,
  CONTRACT_BLOCKED,
  CONTRACT_ENDED,
  CONTRACT_WITH_LINES,
  CREDIT_ANALYSIS,
  NEGATIVATION,
  OCCURRENCE,
  OCCURRENCE_CLOSED,
} from './sample-registers.js';

interface Scene<T extends EventType> {
  subject: string;
  time: string;
  data: EventData<T>;
  /** The customer, where what happens to a request must stay in the customer's order. */
  partitionkey?: string;
}

const SNAPSHOT_TIME = BACKFILL_STARTED.startedAt;

const SCENES: { readonly [T in EventType]: Scene<T> } = {
  'erp.receivable.opened.v1': { subject: 'receivable/4711-2', time: '2026-06-10T09:02:11-03:00', data: OPENED },
  'erp.receivable.settled.v1': { subject: 'receivable/4711-2', time: '2026-07-20T14:31:40-03:00', data: SETTLED },
  'erp.receivable.settlement-reversed.v1': {
    subject: 'receivable/4711-2',
    time: '2026-07-22T08:10:05-03:00',
    data: REVERSED,
  },
  'erp.receivable.adjusted.v1': { subject: 'receivable/4711-2', time: '2026-07-01T16:00:00-03:00', data: ADJUSTED },
  'erp.receivable.canceled.v1': { subject: 'receivable/4711-2', time: '2026-07-25T11:20:00-03:00', data: CANCELED },
  'erp.receivable.deleted.v1': { subject: 'receivable/4711-2', time: '2026-07-26T11:20:00-03:00', data: DELETED },
  'erp.receivable.snapshot.v1': { subject: 'receivable/5120-1', time: '2026-07-27T02:00:00-03:00', data: SNAPSHOT },

  'erp.company.registered.v1': { subject: 'company/1', time: '2026-01-05T08:00:00-03:00', data: COMPANY },
  'erp.company.changed.v1': {
    subject: 'company/1',
    time: '2026-03-02T08:00:00-03:00',
    data: { ...COMPANY, tradingName: 'Horizonte', sequence: 2 },
  },
  'erp.branch.registered.v1': { subject: 'branch/3', time: '2026-01-05T08:05:00-03:00', data: BRANCH },
  'erp.branch.changed.v1': {
    subject: 'branch/3',
    time: '2026-03-02T08:05:00-03:00',
    data: { ...BRANCH, active: false, sequence: 3 },
  },
  'erp.branch.snapshot.v1': { subject: 'branch/3', time: SNAPSHOT_TIME, data: BRANCH },
  'erp.business-unit.registered.v1': {
    subject: 'business-unit/12',
    time: '2026-01-05T08:10:00-03:00',
    data: BUSINESS_UNIT,
  },
  'erp.business-unit.changed.v1': {
    subject: 'business-unit/12',
    time: '2026-03-02T08:10:00-03:00',
    data: { ...BUSINESS_UNIT, name: 'Loteamentos e chácaras', sequence: 2 },
  },
  'erp.business-unit.snapshot.v1': { subject: 'business-unit/12', time: SNAPSHOT_TIME, data: BUSINESS_UNIT },

  'erp.customer.registered.v1': {
    subject: 'customer/8841',
    time: '2026-05-20T10:00:00-03:00',
    data: MARINA_REGISTERED,
  },
  'erp.customer.changed.v1': { subject: 'customer/9017', time: '2026-07-02T10:00:00-03:00', data: PADARIA_CHANGED },
  'erp.customer.snapshot.v1': { subject: 'customer/8841', time: SNAPSHOT_TIME, data: MARINA_REGISTERED },

  'erp.contract.signed.v1': { subject: 'contract/2207', time: '2026-05-28T17:45:00-03:00', data: CONTRACT },
  'erp.contract.changed.v1': {
    subject: 'contract/3310',
    time: '2026-06-30T09:00:00-03:00',
    data: CONTRACT_WITH_LINES,
  },
  'erp.contract.blocked.v1': { subject: 'contract/3310', time: '2026-07-18T06:00:00-03:00', data: CONTRACT_BLOCKED },
  'erp.contract.unblocked.v1': {
    subject: 'contract/3310',
    time: '2026-07-19T09:30:00-03:00',
    data: { ...CONTRACT_WITH_LINES, sequence: 6 },
  },
  'erp.contract.ended.v1': { subject: 'contract/3310', time: '2026-09-30T18:00:00-03:00', data: CONTRACT_ENDED },
  'erp.contract.snapshot.v1': { subject: 'contract/3310', time: SNAPSHOT_TIME, data: CONTRACT_WITH_LINES },

  'erp.occurrence.recorded.v1': { subject: 'occurrence/66120', time: '2026-07-03T10:12:45-03:00', data: OCCURRENCE },
  'erp.occurrence.changed.v1': {
    subject: 'occurrence/66120',
    time: '2026-07-03T11:00:00-03:00',
    data: { ...OCCURRENCE, externalCode: 'CRM-20931', sequence: 2 },
  },
  'erp.occurrence.closed.v1': {
    subject: 'occurrence/66120',
    time: '2026-07-03T15:40:01-03:00',
    data: OCCURRENCE_CLOSED,
  },
  'erp.occurrence.reopened.v1': {
    subject: 'occurrence/66120',
    time: '2026-07-06T09:15:00-03:00',
    data: { ...OCCURRENCE, externalCode: 'CRM-20931', sequence: 4 },
  },

  'erp.credit-analysis.requested.v1': {
    subject: 'credit-analysis/991',
    time: '2026-07-08T13:05:00-03:00',
    data: CREDIT_ANALYSIS,
    partitionkey: 'customer/9017',
  },
  'erp.credit-limit.applied.v1': {
    subject: 'credit-limit/0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0a01',
    time: '2026-07-08T14:11:00-03:00',
    data: { decisionId: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0a01', applied: true },
  },
  'erp.negativation.requested.v1': {
    subject: 'negativation/318',
    time: '2026-09-15T09:00:00-03:00',
    data: NEGATIVATION,
    partitionkey: 'customer/8841',
  },
  'erp.negativation.removal-requested.v1': {
    subject: 'negativation/319',
    time: '2026-09-20T09:00:00-03:00',
    data: { ...NEGATIVATION, requestId: '319', reason: 'Pagamento confirmado' },
    partitionkey: 'customer/8841',
  },

  'ponte.backfill.started.v1': { subject: 'backfill/receivable', time: SNAPSHOT_TIME, data: BACKFILL_STARTED },
  'ponte.backfill.finished.v1': {
    subject: 'backfill/receivable',
    time: BACKFILL_FINISHED.finishedAt,
    data: BACKFILL_FINISHED,
  },
};

/** One realistic event per type and version, valid as `readEvent` understands it. Shared: copy before changing. */
export const SAMPLES = Object.fromEntries(EVENT_TYPES.map((type, at) => [type, eventOf(type, at + 1)])) as {
  readonly [T in EventType]: HubEvent<T>;
};

/** A fresh copy of the sample of `type`. */
export function sampleOf<T extends EventType>(type: T): HubEvent<T> {
  return structuredClone(SAMPLES[type]);
}

function eventOf<T extends EventType>(type: T, serial: number): HubEvent<T> {
  const { subject, time, data, partitionkey } = SCENES[type];
  const { sequence } = data as { sequence?: number };
  return {
    specversion: '1.0',
    id: `0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d${String(serial).padStart(4, '0')}`,
    source: '/erp/demo',
    type,
    subject,
    time,
    datacontenttype: 'application/json',
    company: '1',
    ...(type.startsWith('erp.') && { branch: '3', actor: 'rui.cobranca' }),
    ...(sequence !== undefined && { sequence: String(sequence) }),
    ...(partitionkey !== undefined && { partitionkey }),
    data: JSON.parse(JSON.stringify(data)),
  };
}
