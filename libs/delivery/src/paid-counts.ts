import type { Pool } from 'pg';
import { COUNT_UNKNOWN, SPENT } from './paid.sql.js';

/** Deliveries of which nobody knows whether their calls took effect. */
export interface UnknownCounts {
  /** Calls that were written down and whose end is not known. */
  openIntents: number;
  verifying: number;
  person: number;
  /** When the call of the longest unknown was begun. */
  oldestVerifying?: Date;
  oldestPerson?: Date;
}

/** What an integration has reserved in its present day; money. */
export interface SpentToday {
  integrationId: string;
  reserved: string;
  cap?: string;
}

export async function countUnknown(pool: Pool): Promise<UnknownCounts> {
  const row = (await pool.query(COUNT_UNKNOWN)).rows[0];
  return {
    openIntents: row.open_intents,
    verifying: row.verifying,
    person: row.person,
    oldestVerifying: row.oldest_verifying ?? undefined,
    oldestPerson: row.oldest_person ?? undefined,
  };
}

/** Of integrations with paid operations that have reserved something in a day that is not over, or was over yesterday. */
export async function spentToday(pool: Pool): Promise<SpentToday[]> {
  type Row = { integration_id: string; reserved: string; cap: string | null };
  const { rows } = await pool.query<Row>(SPENT);
  return rows.map((row) => ({
    integrationId: row.integration_id,
    reserved: row.reserved,
    ...(row.cap !== null && { cap: row.cap }),
  }));
}
