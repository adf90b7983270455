export { Cadences, type CadenceState, type CadenceWish, type RunReport } from './cadence.js';
export { ContentFailure } from './content-failure.js';
export type { ClaimedDelivery, Courier, CourierAnswer, DeliveryCall, DeliveryLimits } from './courier.js';
export {
  Deliveries,
  DeliveryRefusal,
  type AttemptReport,
  type DeliveryQuery,
  type DeliveryReport,
  type DeliveryState,
} from './deliveries.js';
export { Endpoints, type Pause, type PauseReason, type StandingPause } from './endpoints.js';
export { DeliveryEngine, type EngineOptions } from './engine.js';
export { EpochLost, type IntakeCount } from './intake.js';
export { LOCK_ALL_EPOCHS } from './intake.sql.js';
export type { PayloadVault } from './park.js';
export { ParkedEvents, ParkedRefusal, type ParkedEvent } from './parked-events.js';
export type { EventPlan, IntegrationPlan, PlannedDelivery, PlannedEvent, Planner, Unplanned } from './plan.js';
export { DEFAULT_ATTEMPTS } from './retry.js';
export { schedule, type Cause, type ToSchedule } from './schedule.js';
export { DeliveryLedger1763800000000 } from './schema.migration.js';
export { nextWindow, windowOf, type Window } from './window.js';
