import { ReceivablesFill1764100000000 } from './fill.migration.js';
import { ReceivablesLookedUpByKey1764210000000 } from './looked-up-by-key.migration.js';
import { ReceivablesReadModel1763900000000 } from './receivables.migration.js';

/** What every connector has of the titles. */
export const RECEIVABLES_MIGRATIONS = [
  ReceivablesReadModel1763900000000,
  ReceivablesFill1764100000000,
  ReceivablesLookedUpByKey1764210000000,
];
