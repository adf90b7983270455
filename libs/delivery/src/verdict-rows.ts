import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { KEEP_DELIVERIES, SETTLE_DELIVERIES } from './ledger.sql.js';

/** A plan of the days when the tables were small joins verdicts with deliveries each with each: of so many, that is nothing. */
const TOGETHER_MAX = 200;

/** $1 to $8 of `SETTLE_DELIVERIES`, $1 to $7 of `KEEP_DELIVERIES`, row by row. */
export interface VerdictRows {
  settled?: readonly unknown[][];
  kept?: readonly unknown[][];
}

/** @returns the positions that it changed: a delivery that has gone, or was tried since it was read, is left as it is */
export async function writeVerdictRows(
  client: PoolClient,
  { settled = [], kept = [] }: VerdictRows,
): Promise<string[]> {
  const changed: string[] = [];
  for (const [statement, rows, width] of [
    [SETTLE_DELIVERIES, settled, 8],
    [KEEP_DELIVERIES, kept, 7],
  ] as const) {
    for (let from = 0; from < rows.length; from += TOGETHER_MAX) {
      const together = columnsOf(rows.slice(from, from + TOGETHER_MAX), width);
      const answer = await client.query<{ position: string }>(statement, together);
      changed.push(...answer.rows.map((row) => row.position));
    }
  }
  return changed;
}
