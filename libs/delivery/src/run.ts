import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { readOwnerKey } from './endpoints.js';
import type { OutcomeWriter } from './outcome-events.js';
import type { RunCounts, RunFacts } from './told.js';
import { writeOutcomes } from './outcome-rows.js';
import * as sql from './run.sql.js';

export interface RunReport {
  id: string;
  kind: 'scheduled' | 'manual';
  windowLocal: string | null;
  zone: string;
  startedBy: string;
  startedAt: Date;
  finishedAt: Date | null;
  delivered: number | null;
  refused: number | null;
  skipped: number | null;
  superseded: number | null;
  parked: number | null;
  /** Still open when the next window came. */
  carried: number | null;
}

/** A run that is through, as whoever plans something of it sees it. */
export interface FinishedRun extends RunCounts {
  runId: string;
  integrationId: string;
  trigger: 'cadence' | 'person';
  startedAt: Date;
  finishedAt: Date;
}

/** Called in the transaction that finishes them. */
export type AfterRuns = (client: PoolClient, runs: readonly FinishedRun[]) => Promise<void>;

/** A window that has come. */
export interface FiredWindow {
  integrationId: string;
  local: string;
  zone: string;
}

interface RunRow {
  id: string;
  integration_id: string;
  kind: 'scheduled' | 'manual';
  started_by: string;
  up_to: string;
  started_at: Date;
  /** Null where nothing was ever planned for the integration. */
  owner_key: string | null;
}

interface FinishedRow extends RunRow, RunCounts {
  finished_at: Date;
}

/** The runs of a connector, within somebody's transaction: what an operator sees of the windows. */
export class Runs {
  constructor(
    private readonly client: PoolClient,
    private readonly outcomes: OutcomeWriter,
    private readonly afterRuns?: AfterRuns,
  ) {}

  async startScheduled(windows: readonly FiredWindow[], upTo: string, replica: string): Promise<void> {
    const values = columnsOf(
      windows.map(({ integrationId, local, zone }) => [integrationId, local, zone]),
      3,
    );
    const { rows } = await this.client.query<RunRow>(sql.START_SCHEDULED_RUNS, [...values, upTo, replica]);
    await this.noteStarted(rows, upTo);
  }

  /** @returns nothing while another run of the integration is open */
  async startManual(integrationId: string, zone: string, upTo: string, by: string): Promise<string | undefined> {
    const { rows } = await this.client.query<RunRow>(sql.START_MANUAL_RUN, [integrationId, zone, upTo, by]);
    await this.noteStarted(rows, upTo);
    return rows[0]?.id;
  }

  /** Those of which nothing is pending any more. @param integrations null for all */
  async finishThrough(integrations: readonly string[] | null): Promise<void> {
    const writer = await this.client.query<{ xid: string }>(sql.OLDEST_WRITER);
    const values = [integrations, writer.rows[0]?.xid ?? null];
    const { rows } = await this.client.query<{ id: string }>(sql.RUNS_THROUGH, values);
    await this.finish(rows);
  }

  /** The next window has come: what is still open is carried over to it. */
  async finishOpen(integrations: readonly string[]): Promise<void> {
    const { rows } = await this.client.query<{ id: string }>(sql.OPEN_RUNS_OF, [integrations]);
    await this.finish(rows);
  }

  private async finish(runs: readonly { id: string }[]): Promise<void> {
    if (runs.length === 0) return;
    const { rows } = await this.client.query<FinishedRow>(sql.FINISH_RUNS, [runs.map(({ id }) => id)]);
    const told = rows.map((row) => this.outcomes.runFinished(toFacts(row), row.finished_at, toCounts(row)));
    await writeOutcomes(this.client, told);
    await this.afterRuns?.(this.client, rows.map(toFinished));
  }

  private async noteStarted(rows: readonly RunRow[], upTo: string): Promise<void> {
    if (rows.length === 0) return;
    await this.client.query(sql.NOTE_RUNS, [rows.map((row) => row.integration_id), upTo]);
    await writeOutcomes(
      this.client,
      rows.map((row) => this.outcomes.runStarted(toFacts(row))),
    );
  }
}

export function toRunReport(row: Record<string, never>): RunReport {
  const { id, kind, zone, delivered, refused, skipped, superseded, parked, carried } = row;
  return {
    id: id!,
    kind: kind!,
    windowLocal: row.window_local!,
    zone: zone!,
    startedBy: row.started_by!,
    startedAt: row.started_at!,
    finishedAt: row.finished_at!,
    delivered: delivered!,
    refused: refused!,
    skipped: skipped!,
    superseded: superseded!,
    parked: parked!,
    carried: carried!,
  };
}

function toFacts(row: RunRow): RunFacts {
  const manual = row.kind === 'manual';
  return {
    runId: row.id,
    integrationId: row.integration_id,
    owner: row.owner_key === null ? undefined : readOwnerKey(row.owner_key),
    trigger: manual ? 'person' : 'cadence',
    startedAt: row.started_at,
    upTo: row.up_to,
    actor: manual ? row.started_by : undefined,
  };
}

function toFinished(row: FinishedRow): FinishedRun {
  const { runId, integrationId, trigger, startedAt } = toFacts(row);
  return { runId, integrationId, trigger, startedAt, finishedAt: row.finished_at, ...toCounts(row) };
}

function toCounts({ delivered, refused, skipped, superseded, parked, carried }: RunCounts): RunCounts {
  return { delivered, refused, skipped, superseded, parked, carried };
}
