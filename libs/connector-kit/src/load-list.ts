import type { Pool } from 'pg';
import type { LoadReport } from './loads.js';
import type { LoadKind } from './integration-life.js';
import * as sql from './integration-life.sql.js';

/**
 * Whether the titles of the integration's company were never read whole, and nobody let its load begin without. A connector
 * that loads no titles waits for none.
 */
export async function waitsForBackfill(client: Pick<Pool, 'query'>, integrationId: string): Promise<boolean> {
  return (await client.query<{ waits: boolean }>(sql.WAITS_FOR_FILL, [integrationId])).rows[0]!.waits;
}

interface ReportRow {
  id: string;
  kind: LoadKind;
  waits_for_backfill: boolean;
  titles: number;
  deliveries: number;
  failures: number;
  asked_by: string;
  asked_at: Date;
  finished_at: Date | null;
}

/** The loads of one integration, newest first. */
export async function listLoads(
  pool: Pool,
  integrationId: string,
  wish: { beforeId?: string; limit: number },
): Promise<LoadReport[]> {
  const { rows } = await pool.query<ReportRow>(sql.LIST_LOADS, [integrationId, wish.beforeId ?? null, wish.limit]);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    state: row.finished_at ? 'finished' : row.waits_for_backfill ? 'waiting-for-backfill' : 'running',
    titles: row.titles,
    deliveries: row.deliveries,
    failures: row.failures,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    ...(row.finished_at && { finishedAt: row.finished_at }),
  }));
}

/** Titles a load could not plan as they stand, with the reason, in the order of their ids. */
export async function listLoadFailures(
  pool: Pool,
  wish: { loadId: string; integrationId: string; afterTitle: string; limit: number },
): Promise<{ title: string; reason: string }[]> {
  type Row = { receivable_id: string; reason: string };
  const values = [wish.loadId, wish.integrationId, wish.afterTitle, wish.limit];
  const { rows } = await pool.query<Row>(sql.LIST_FAILURES, values);
  return rows.map(({ receivable_id: title, reason }) => ({ title, reason }));
}
