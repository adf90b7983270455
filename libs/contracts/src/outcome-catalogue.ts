import { BackfillRequested } from './backfill.js';
import {
  BalanceBegun,
  BalanceCarried,
  BalanceDiffered,
  BalanceListed,
  BalanceReEmitRequested,
  BalanceReEmitted,
  BalanceTold,
} from './balance-events.js';
import {
  CreditAnalysisAnswered,
  CreditAnalysisCompleted,
  CreditAnalysisViewed,
  CreditLimitDecided,
} from './credit-outcomes.js';
import { HubEnvelope } from './envelope.js';
import { DeliveryEvent, DeliveryRetried, DeliveryStopped, DeliverySuperseded } from './delivery-events.js';
import { EndpointEvent, RunFinished, RunStarted, SettingsChanged } from './operation-events.js';
import { EventParked, EventReleased, EventUnplanned } from './parking-events.js';

/** Every event of `ponte.events`, by what follows the connector's name: `customerx` + `delivery.delivered.v1`. */
export const OUTCOME_CATALOGUE = {
  'delivery.delivered.v1': DeliveryEvent,
  'delivery.refused.v1': DeliveryStopped,
  'delivery.skipped.v1': DeliveryStopped,
  'delivery.superseded.v1': DeliverySuperseded,
  /** Announced, not final: a person decides. */
  'delivery.parked.v1': DeliveryStopped,
  /** A person had it sent again; what becomes of it is told by another. */
  'delivery.retried.v1': DeliveryRetried,
  'run.started.v1': RunStarted,
  'run.finished.v1': RunFinished,
  'endpoint.paused.v1': EndpointEvent,
  'endpoint.resumed.v1': EndpointEvent,
  'settings.changed.v1': SettingsChanged,
  'event.unplanned.v1': EventUnplanned,
  'event.parked.v1': EventParked,
  'event.released.v1': EventReleased,
  /** A credit analysis was made and charged … */
  'credit-analysis.completed.v1': CreditAnalysisCompleted,
  /** … or its request came to an end without one. */
  'credit-analysis.answered.v1': CreditAnalysisAnswered,
  'credit-analysis.viewed.v1': CreditAnalysisViewed,
  /** A person decided by it what a customer is granted: the ERP applies it and says so. */
  'credit-limit.decided.v1': CreditLimitDecided,
  /** Always `ponte.backfill.requested.v1`: an ERP's reader is asked, whoever asks. */
  'backfill.requested.v1': BackfillRequested,
  /** The hourly balance: said by the audit … */
  'balance.begun.v1': BalanceBegun,
  'balance.carried.v1': BalanceCarried,
  'balance.told.v1': BalanceTold,
  'balance.listed.v1': BalanceListed,
  'balance.re-emitted.v1': BalanceReEmitted,
  /** … and asked by a connector. */
  'balance.differed.v1': BalanceDiffered,
  'balance.re-emit-requested.v1': BalanceReEmitRequested,
} as const satisfies Readonly<Record<`${string}.${string}.v${number}`, new () => object>>;

export type OutcomeSuffix = keyof typeof OUTCOME_CATALOGUE;
export type OutcomeType<S extends OutcomeSuffix = OutcomeSuffix> = `${string}.${S}`;
export type OutcomeData<S extends OutcomeSuffix = OutcomeSuffix> = InstanceType<(typeof OUTCOME_CATALOGUE)[S]>;

export const OUTCOME_SUFFIXES = Object.keys(OUTCOME_CATALOGUE) as readonly OutcomeSuffix[];

/** An event of `ponte.events`. Its company is the one of the ERP event behind it; its source is `/ponte/<app>`. */
export class OutcomeEvent<S extends OutcomeSuffix = OutcomeSuffix> extends HubEnvelope {
  declare type: OutcomeType<S>;
  declare data: OutcomeData<S>;
}

/** `outcomeType('customerx', 'delivery.delivered.v1')` → `customerx.delivery.delivered.v1`. */
export function outcomeType<C extends string, S extends OutcomeSuffix>(connector: C, suffix: S): `${C}.${S}` {
  return `${connector}.${suffix}`;
}

/** What follows the connector's name; undefined where the catalogue does not know it. */
export function outcomeSuffixOf(type: string): OutcomeSuffix | undefined {
  const suffix = type.slice(type.indexOf('.') + 1);
  return Object.hasOwn(OUTCOME_CATALOGUE, suffix) ? (suffix as OutcomeSuffix) : undefined;
}
