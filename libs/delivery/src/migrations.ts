import { AwaitingDeliveries1764060000000 } from './awaiting.migration.js';
import { Balance1764130000000 } from './balance.migration.js';
import { BatchedDeliveries1764150000000 } from './batch.migration.js';
import { OperatedDeliveries1764050000000 } from './deliveries.migration.js';
import { PaidOperations1764140000000 } from './paid.migration.js';
import { DeliveryLedger1763800000000 } from './schema.migration.js';

/** The ledger's tables. They run in the order of their times, among those of whoever else lives in the schema. */
export const DELIVERY_MIGRATIONS = [
  DeliveryLedger1763800000000,
  OperatedDeliveries1764050000000,
  AwaitingDeliveries1764060000000,
  Balance1764130000000,
  PaidOperations1764140000000,
  BatchedDeliveries1764150000000,
];
