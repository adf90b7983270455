export { Lease, type LeaseOptions } from './lease.js';
export { CREATE_LEASE } from './lease.sql.js';
export { OutboxReader, type Backlog, type Marking, type ParkedHead } from './outbox-reader.js';
export { PAYLOAD_MAX_BYTES } from './outbox-row.js';
export { OUTBOX_COLUMNS, type OutboxColumns, type OutboxTable } from './outbox.sql.js';
export { Relay, type RelayNotice, type RelayOptions, type RelayReport } from './relay.js';
