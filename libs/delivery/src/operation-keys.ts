import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { ASKED_BEFORE, CLAIM_OPERATION_KEYS } from './paid.sql.js';

/** A delivery that is being put on its lane. */
export interface Asking {
  integrationId: string;
  position: string;
  delivery: { operation: string; operationKey?: string; cost?: string };
}

/**
 * Notes the permanent keys of what is being planned; within the transaction that puts it on its lanes, which holds them.
 * @returns by position, what was asked for before and must not be planned again: the delivery it became then
 */
export async function askedBefore(client: PoolClient, asking: readonly Asking[]): Promise<Map<string, string>> {
  const keyed = asking.filter(({ delivery }) => delivery.operationKey !== undefined);
  if (keyed.length === 0) return new Map();
  const rows = keyed.map(({ integrationId, position, delivery: { operation, operationKey, cost } }) => [
    integrationId,
    operation,
    operationKey,
    position,
    cost ?? null,
  ]);
  const taken = await client.query<{ position: string }>(CLAIM_OPERATION_KEYS, columnsOf(rows, 5));
  const fresh = new Set(taken.rows.map((row) => row.position));
  const before = new Map<string, string>();
  for (const { integrationId, position, delivery } of keyed) {
    if (fresh.has(position)) continue;
    const values = [integrationId, delivery.operation, delivery.operationKey];
    before.set(position, (await client.query<{ position: string }>(ASKED_BEFORE, values)).rows[0]!.position);
  }
  return before;
}
