export type { Call } from './call.js';
export { connectorConformance, type ConformanceWish } from './connector-conformance.js';
export { ConnectorEnvironment } from './connector-environment.js';
export { CONNECTOR_MIGRATIONS, ConnectorModule, type ConnectorModuleOptions } from './connector.module.js';
export {
  Connector,
  definitionOf,
  Deliver,
  nothing,
  Plan,
  plan,
  type ConnectorDefinition,
  type ConnectorOptions,
  type DeliverOptions,
  type Planned,
} from './definition.js';
export { PartnerSettings } from './partner-settings.js';
