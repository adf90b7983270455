export { absent, ambiguous, delivered, present, refused, refusedUntil, unavailable, unknown } from './outcome.js';
export type { Outcome, OutcomeKind, PauseWish, Unavailable, Verification } from './outcome.js';

export {
  ATTRIBUTE_LENGTHS,
  HubEnvelope,
  HubEvent,
  MAX_EVENT_BYTES,
  NO_COMPANY,
  aggregateIdOf,
  aggregateOf,
  orderingKey,
} from './envelope.js';
export { EVENT_CATALOGUE, EVENT_TYPES, isEventType } from './catalogue.js';
export type { EventData, EventType } from './catalogue.js';
export { bindingOf, matchesPattern } from './pattern.js';
export type { EventDataMatching, EventTypesMatching } from './pattern.js';

export {
  MOVEMENT_KINDS,
  Movement,
  RECEIVABLE_KINDS,
  RECEIVABLE_STATUSES,
  ReceivableChanged,
  Settlement,
} from './receivable.js';
export type { MovementKind, ReceivableKind, ReceivableStatus } from './receivable.js';
export {
  AGENT_KINDS,
  Address,
  CREDIT_SITUATIONS,
  CustomerChanged,
  CustomerContact,
  PERSON_TYPES,
  ReceivableCustomer,
} from './customer.js';
export type { PersonType } from './customer.js';
export { RegisterEntryChanged } from './register.js';
export {
  BLOCK_KINDS,
  BLOCK_REASONS,
  CONTRACT_STATUSES,
  ContractBlock,
  ContractChanged,
  ContractLine,
  LINE_KINDS,
  LINE_STATUSES,
  NamedPlace,
} from './contract.js';
export {
  BACKFILL_AGGREGATES,
  BackfillFinished,
  BackfillRequested,
  BackfillStarted,
  SKIPPED_KEYS_MAX,
  snapshotTypeOf,
} from './backfill.js';
export type { BackfillAggregate, SnapshotType } from './backfill.js';
export { OCCURRENCE_ORIGINS, OCCURRENCE_STATUSES, OccurrenceChanged, OccurrenceType } from './occurrence.js';
export { CreditAnalysisRequested, CreditLimitApplied, NegativationRequested, NegativationTitle } from './credit.js';
export {
  ANSWER_CODES,
  CreditAnalysisAnswered,
  CreditAnalysisCompleted,
  CreditAnalysisViewed,
  CreditLimitDecided,
  CreditStanding,
  JOINED_REQUESTS_MAX,
  LastAnalysis,
  VIEWED_ANALYSES_MAX,
  type AnswerCode,
} from './credit-outcomes.js';
export { personTokenOf } from './person-token.js';

export {
  OUTCOME_CATALOGUE,
  OUTCOME_SUFFIXES,
  OutcomeEvent,
  outcomeSuffixOf,
  outcomeType,
} from './outcome-catalogue.js';
export type { OutcomeData, OutcomeSuffix, OutcomeType } from './outcome-catalogue.js';
export { BusinessKeys, CausingEvent, IntegrationRef } from './outcome-parts.js';
export { DeliveryEvent, DeliveryStopped, DeliverySuperseded } from './delivery-events.js';
export { EndpointEvent, PAUSE_REASONS, RunFinished, RunStarted, SettingsChanged } from './operation-events.js';
export {
  BalanceBegun,
  BalanceCarried,
  BalancedHour,
  BalanceDiffered,
  BalanceListed,
  BalanceReEmitRequested,
  BalanceReEmitted,
  BalanceTold,
  CarriedHour,
  LISTED_IDS_MAX,
  NotReEmitted,
  RE_EMITTED_IDS_MAX,
} from './balance-events.js';
export { FINAL_STATES, FIRST_ID, hourOf, LAST_ID, NO_DIGEST, outcomeIdOf } from './balance-ids.js';
export { digestOfIds, outcomeIdIn } from './balance.sql.js';
export { EventParked, EventReleased, EventUnplanned, PARKED_KINDS, UNPLANNED_REASONS } from './parking-events.js';
export type { ParkedKind, UnplannedReason } from './parking-events.js';

export { envelopeProblems } from './read-envelope.js';
export type { HeldEnvelope, Unread } from './read-envelope.js';
export { readEvent, readOutcomeEvent } from './read.js';
export type { ReadEvent, ReadOptions, ReadOutcomeEvent } from './read.js';
export type { MessageProperties } from './cloudevents.js';
export { writeEnvelope, writeEvent } from './write.js';
export type { WrittenEvent } from './write.js';

export { movementContradictions, receivableContradictions } from './receivable-contradictions.js';
export { isCnpj, isCpf, maskDocument } from './documents.js';
export {
  addMoney,
  centsOf,
  compareMoney,
  isCharge,
  isMoney,
  moneyOf,
  receivableBalance,
  subtractMoney,
} from './money.js';
export { isCalendarDate, isInstant, isTimeZone, isUuid } from './formats.js';
export { envelopeSchema, eventSchemas, jsonSchemaOf, jsonSchemaOfOutcome } from './schemas.js';
export type { JsonSchema } from './schemas.js';
export { SAMPLES, sampleOf } from './samples.js';
export { sampleOutcomeOf } from './sample-outcomes.js';
