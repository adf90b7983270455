import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import * as sql from './cadence.sql.js';
import { LAST_POSITION } from './ledger.sql.js';
import { writeOutcomes, type OutcomeWriter, type RunFacts } from './outcome-events.js';
import { columnsOf, recomputeLanes } from './settle.js';
import { nextWindow, windowOf } from './window.js';

export interface CadenceWish {
  integrationId: string;
  /** 0: as things come. */
  everySeconds: number;
  /** The branch's time zone. */
  zone: string;
}

export interface CadenceState {
  everySeconds: number;
  zone: string;
  nextAt: Date;
  /** [Últ. Comunicação] Advances on empty and failed runs too. */
  lastCommunication?: Date;
}

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
  parked: number | null;
  carried: number | null;
}

interface RunRow {
  id: string;
  integration_id: string;
  up_to: string;
  started_at: Date;
  kind?: 'scheduled' | 'manual';
  started_by?: string;
}

export interface CadencesOptions {
  pool: Pool;
  clock: Clock;
  outcomes: OutcomeWriter;
  replica: string;
  /** Whose company an integration is, for what is told of its runs. */
  companyOf: (integrationId: string) => string;
  onReleased: () => void;
}

const DUE_AT_ONCE = 500;
const LANES_AT_ONCE = 1_000;

/**
 * The windows of integrations that send at set times. A window is a release: one number moves, and the lanes whose head
 * is at or below it are due. A run is what an operator sees of it.
 */
export class Cadences {
  constructor(private readonly options: CadencesOptions) {}

  /** Sets or drops the cadence. What waits is looked at anew; a dropped window lets everything go. */
  async set({ integrationId, everySeconds, zone }: CadenceWish): Promise<void> {
    const { pool, clock } = this.options;
    const values =
      everySeconds > 0
        ? [integrationId, everySeconds, zone, nextWindow(clock.now(), everySeconds, zone).opensAt]
        : [integrationId];
    const { rowCount } = await pool.query(everySeconds > 0 ? sql.SET_CADENCE : sql.DROP_CADENCE, values);
    if (rowCount) await this.recomputeAll(integrationId);
  }

  async state(integrationId: string): Promise<CadenceState | undefined> {
    const row = (await this.options.pool.query(sql.READ_CADENCE, [integrationId])).rows[0];
    return (
      row && {
        everySeconds: row.every_seconds,
        zone: row.zone,
        nextAt: row.next_at,
        lastCommunication: row.last_communication ?? undefined,
      }
    );
  }

  /** Fires the windows that have come, and finishes the runs that are through. Every replica calls it; the rows decide. */
  async tick(): Promise<void> {
    const fired = await inTransaction(this.options.pool, (client) => this.fire(client));
    if (fired > 0) this.options.onReleased();
    await inTransaction(this.options.pool, (client) => this.finish(client, null, false));
  }

  /** Lets go what waits, now. @returns the run, or undefined while another of the integration is open */
  async runNow(integrationId: string, by: string): Promise<string | undefined> {
    const runId = await inTransaction(this.options.pool, async (client) => {
      const { rows } = await client.query<{ zone: string }>(sql.LOCK_CADENCE, [integrationId]);
      if (!rows[0]) return undefined;
      await this.finish(client, [integrationId], false);
      const upTo = await lastPosition(client);
      const started = await client.query<RunRow>(sql.START_MANUAL_RUN, [integrationId, rows[0].zone, upTo, by]);
      const run = started.rows[0];
      if (!run) return undefined;
      await client.query(sql.RELEASE_WINDOWS, [[integrationId], [null], upTo]);
      await writeOutcomes(client, [
        this.options.outcomes.runStarted(this.factsOf({ ...run, kind: 'manual', started_by: by })),
      ]);
      return run.id;
    });
    if (runId) this.options.onReleased();
    return runId;
  }

  async runs(integrationId: string, wish: { beforeId?: string; limit: number }): Promise<RunReport[]> {
    const { rows } = await this.options.pool.query(sql.LIST_RUNS, [integrationId, wish.beforeId ?? null, wish.limit]);
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      windowLocal: row.window_local,
      zone: row.zone,
      startedBy: row.started_by,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      delivered: row.delivered,
      refused: row.refused,
      parked: row.parked,
      carried: row.carried,
    }));
  }

  /** On the database's time, so that replicas with clocks apart agree. A window that passed while nobody was up fires once, late, under the name of the last one missed. */
  private async fire(client: PoolClient): Promise<number> {
    type Row = { integration_id: string; every_seconds: number; zone: string; now: Date };
    const { rows: due } = await client.query<Row>(sql.DUE_CADENCES, [DUE_AT_ONCE]);
    if (due.length === 0) return 0;
    const { now } = due[0]!;
    const ids = due.map((row) => row.integration_id);
    await this.finish(client, ids, true);
    const upTo = await lastPosition(client);
    const windows = due.map((row) => [row.integration_id, windowOf(now, row.every_seconds, row.zone).local, row.zone]);
    const started = await client.query<RunRow>(sql.START_SCHEDULED_RUNS, [
      ...columnsOf(windows, 3),
      upTo,
      this.options.replica,
    ]);
    const next = due.map((row) => nextWindow(now, row.every_seconds, row.zone).opensAt);
    await client.query(sql.RELEASE_WINDOWS, [ids, next, upTo]);
    await writeOutcomes(
      client,
      started.rows.map((run) => this.options.outcomes.runStarted(this.factsOf({ ...run, kind: 'scheduled' }))),
    );
    return due.length;
  }

  /** @param timeIsOver the next window has come: what is still open is carried over to it */
  private async finish(client: PoolClient, integrations: string[] | null, timeIsOver: boolean): Promise<void> {
    const { rows } = await client.query<RunRow>(sql.RUNS_TO_FINISH, [integrations, timeIsOver]);
    for (const { id } of rows) {
      const run = (await client.query(sql.FINISH_RUN, [id])).rows[0];
      await writeOutcomes(client, [this.options.outcomes.runFinished(this.factsOf(run), run.finished_at, run)]);
    }
  }

  private factsOf(run: RunRow): RunFacts {
    const manual = run.kind === 'manual';
    return {
      runId: run.id,
      integrationId: run.integration_id,
      company: this.options.companyOf(run.integration_id),
      trigger: manual ? 'person' : 'cadence',
      startedAt: run.started_at,
      upTo: run.up_to,
      actor: manual ? run.started_by : undefined,
    };
  }

  private async recomputeAll(integrationId: string): Promise<void> {
    const { rows } = await this.options.pool.query<{ id: string }>(sql.LANES_OF_INTEGRATION, [integrationId]);
    for (let at = 0; at < rows.length; at += LANES_AT_ONCE) {
      await recomputeLanes(
        this.options.pool,
        rows.slice(at, at + LANES_AT_ONCE).map((row) => row.id),
      );
    }
    this.options.onReleased();
  }
}

async function lastPosition(client: PoolClient): Promise<string> {
  return (await client.query<{ position: string }>(LAST_POSITION)).rows[0]!.position;
}
