export { Balance, type BalanceOptions } from './balance.js';
export { DIFFERENCE_KINDS, type DifferenceKind } from './balance-differences.js';
export {
  BalanceReport,
  type BalanceDifference,
  type BalanceLine,
  type DifferingId,
  type LastBalance,
} from './balance-report.js';
export { Cadences, type CadenceState, type CadenceWish, type RunNow } from './cadence.js';
export { ContentFailure, isOfContent } from './content-failure.js';
export {
  NeverLeft,
  NotNow,
  type BatchAnswer,
  type BatchCourier,
  type Budget,
  type ClaimedDelivery,
  type Courier,
  type CourierAnswer,
  type DeliveryCall,
  type DeliveryLimits,
  type EndpointOfGroup,
  type PaidCourier,
  type PaidRules,
  type VerifiedAnswer,
} from './courier.js';
export { Deliveries, type DeliveryQuery } from './deliveries.js';
export type { EditWish } from './deliveries-edit.js';
export type { FailureGroup, FailureGroups } from './deliveries-failures.js';
export type { DeliveryFilter, SeenTerritory } from './deliveries-filter.js';
export { DeliveryRefusal } from './delivery-refusal.js';
export type { Finding } from './delivery-resolution.js';
export type {
  ActionReport,
  AttemptReport,
  DeliveryDetail,
  DeliveryReport,
  DeliveryState,
  IntentReport,
  WaitedFor,
} from './delivery-report.js';
export { Endpoints } from './endpoints.js';
export { DeliveryEngine, type EngineOptions } from './engine.js';
export { ensureEndpoints, type EndpointWish } from './integration-endpoints.js';
export type { IntakeCount } from './intake.js';
export { LOCK_ALL_EPOCHS } from './intake.sql.js';
export { endpointOfGroup, lastPosition, readLaneFacts, type LaneFacts } from './lane-facts.js';
export { DELIVERY_MIGRATIONS } from './migrations.js';
export { writeOutcomes, type OutcomeRow } from './outcome-rows.js';
export type { SpentToday, UnknownCounts } from './paid-counts.js';
export type { IntentState } from './paid-verdict.js';
export type { PayloadVault } from './park.js';
export type { Pause, PauseReason, StandingPause } from './pause.js';
export { ParkedEvents, type ParkedEvent, type ParkedFilter } from './parked-events.js';
export { ParkedRefusal } from './parked-release.js';
export { BACKGROUND } from './plan.js';
export type { EventPlan, IntegrationPlan, PlannedDelivery, PlannedEvent, Planner, Unplanned } from './plan.js';
export { EpochLost } from './queue-epoch.js';
export { RedriveRefusal, Redrives, type RedriveWish } from './redrives.js';
export {
  REDRIVE_ITEM_STATES,
  type RedriveItem,
  type RedriveItemState,
  type RedrivePreview,
  type RedriveReport,
} from './redrive-report.js';
export { DEFAULT_ATTEMPTS, DEFAULT_WAITS_MS } from './retry.js';
export type { AfterRuns, FinishedRun, RunReport } from './run.js';
export type { Cause, ToSchedule } from './schedule.js';
export { readDirectPublishers, WaysIn, type DirectPublisher, type WaysInOptions } from './way-in.js';
export { nextWindow, windowOf, type Window } from './window.js';
