export {
  applyReceivables,
  readReceivable,
  type KnownReceivable,
  type PlacedEvent,
  type ReceivableEvent,
  type SequenceAnomaly,
} from './read-model.js';
export { ReceivablesReadModel1763900000000 } from './receivables.migration.js';
