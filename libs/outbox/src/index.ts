export type { EventPublisher, OutgoingEvent, PublishAnswer } from './event-publisher.js';
export { CommitEar, type CommitEarOptions } from './commit-ear.js';
export { Lease, type LeaseOptions } from './lease.js';
export { CREATE_LEASE } from './lease.sql.js';
export {
  OutboxReader,
  type Backlog,
  type LastWritten,
  type Marking,
  type ParkedFilter,
  type ParkedRow,
  type Release,
} from './outbox-reader.js';
export { checkOutbox, type OutboxFindings } from './outbox-check.js';
export { PAYLOAD_MAX_BYTES } from './outbox-row.js';
export { OPTIONAL_COLUMNS, OUTBOX_COLUMNS, quoteTable, type OutboxColumns, type OutboxTable } from './outbox-table.js';
export { PAUSE_CAUSES, type PauseCause } from './pauses.js';
export { Relay, type RelayNotice, type RelayOptions, type RelayReport } from './relay.js';
