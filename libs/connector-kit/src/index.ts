export type { AboutRequest, BatchCall, Call, ConnectionVerdict } from './call.js';
export { connectorConformance, type ConformanceWish } from './connector-conformance.js';
export type { Allowance, Capability, CapabilityWish, HasCapabilities } from './capabilities.js';
export { ConnectorEnvironment } from './connector-environment.js';
export { CONNECTOR_MIGRATIONS, ConnectorModule, type ConnectorModuleOptions } from './connector.module.js';
export {
  AfterRun,
  Check,
  Connector,
  definitionOf,
  Deliver,
  Load,
  nothing,
  Plan,
  plan,
  type ConnectorDefinition,
  type ConnectorOptions,
  type DeliverOptions,
  type Planned,
  Verify,
  type VerifyOptions,
} from './definition.js';
export { ExternalIdPrefix } from './external-id.js';
export type { LoginVerdict } from './login-calls.js';
export { Login, type LoginAnswer, type LoginOptions } from './login-definition.js';
export { waitsForBackfill } from './load-list.js';
export { PartnerSettings } from './partner-settings.js';
export { IsMoney } from './is-money.js';
export { readConnection } from './read-connection.js';
export { budgetOf, SpendSettings } from './spend-settings.js';
export {
  Reconcile,
  type ComparedFields,
  type ExpectedRow,
  type HeldPage,
  type HeldRow,
  type ReconcileEvery,
  type ReconcileOptions,
} from './reconciliation.js';
export { ConnectionTest } from './connection-test.js';
export { ConnectorCourier } from './connector-courier.js';
export { DEFAULT_GROUP } from './default-group.js';
export { IntegrationDesk } from './integration-desk.js';
