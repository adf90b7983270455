export { auditBoundQueues } from './bound-queues.js';
export { ConfirmLost, type PublishResult, type Settle } from './confirm-window.js';
export { BrokerConnection, ConnectionRefused, userOf, type ConnectionState } from './connection.js';
export { BrokerManagement, ManagementError } from './management.js';
export type { IncomingMessage, IncomingProperties, OutgoingMessage, OutgoingProperties } from './message.js';
export { ROUTING_KEY_MAX_BYTES } from './message.js';
export { ConfirmPublisher } from './publisher.js';
export { applyPolicies, auditTopology, requireSafeTopology, UnsafeTopology } from './topology-audit.js';
export {
  appTopology,
  assertTopology,
  publisherTopology,
  DEAD_LETTERS,
  DELIVERY_LIMIT,
  ERP_EVENTS,
  PONTE_EVENTS,
  type Binding,
  type QueueTopology,
  type Topology,
} from './topology.js';
export { TopicContext, TopicServer, type TopicServerOptions } from './topic-server.js';
