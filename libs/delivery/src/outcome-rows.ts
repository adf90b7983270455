import { aggregateIdOf, aggregateOf } from '#libs/contracts';
import type { Prepared } from '#libs/runtime';
import { INSERT_OUTBOX } from './ledger.sql.js';
import { storableJson } from './storable.js';

/** One row of the connector's own outbox. */
export interface OutcomeRow {
  /** Where it follows from what is told; else a new one. */
  id?: string;
  subject: string;
  type: string;
  payload: object;
  company: string;
  branch?: string | null;
  actor?: string | null;
  traceparent?: string | null;
}

interface Queryable {
  query(statement: Prepared, values: unknown[]): Promise<unknown>;
}

/** In the transaction of what they tell of. */
export async function writeOutcomes(client: Queryable, rows: readonly OutcomeRow[]): Promise<void> {
  if (rows.length === 0) return;
  const written = rows.map(({ subject, ...row }) => ({
    aggregatetype: aggregateOf(subject),
    aggregateid: aggregateIdOf(subject),
    ...row,
  }));
  await client.query(INSERT_OUTBOX, [storableJson(written)]);
}
