import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import * as sql from './cadence.sql.js';
import { LOCK_ALL_EPOCHS } from './intake.sql.js';
import { recomputeLanes } from './lane-locks.js';
import { LAST_POSITION } from './ledger.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { Runs, toRunReport, type RunReport } from './run.js';
import { LIST_RUNS } from './run.sql.js';
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

export interface CadencesOptions {
  pool: Pool;
  clock: Clock;
  outcomes: OutcomeWriter;
  replica: string;
  onReleased: () => void;
}

interface DueRow {
  integration_id: string;
  every_seconds: number;
  zone: string;
  now: Date;
}

const DUE_AT_ONCE = 2_000;
const LANES_AT_ONCE = 1_000;

/**
 * The windows of integrations that send at set times. A window is a release: one number moves, and the lanes whose head
 * is at or below it are due. A run is what an operator sees of it; a window in which nothing waited leaves none, and
 * moves "last communication" all the same.
 */
export class Cadences {
  constructor(private readonly options: CadencesOptions) {}

  /**
   * Sets or drops the cadence. What waits is looked at anew; a dropped window lets everything go. Intake stands still
   * for the change, so that no lane is filed under what was.
   * @throws RangeError for a zone this process does not know
   */
  async set({ integrationId, everySeconds, zone }: CadenceWish): Promise<void> {
    const { pool, clock } = this.options;
    const values =
      everySeconds > 0
        ? [integrationId, everySeconds, zone, nextWindow(clock.now(), everySeconds, zone).opensAt]
        : [integrationId];
    const changed = await inTransaction(pool, async (client) => {
      await client.query(LOCK_ALL_EPOCHS);
      return (await client.query(everySeconds > 0 ? sql.SET_CADENCE : sql.DROP_CADENCE, values)).rowCount;
    });
    if (changed) await this.recomputeAll(integrationId);
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
    const { pool, onReleased } = this.options;
    for (let fired = DUE_AT_ONCE; fired === DUE_AT_ONCE;) {
      fired = await inTransaction(pool, (client) => this.fire(client));
      if (fired > 0) onReleased();
    }
    await inTransaction(pool, (client) => this.runsOf(client).finishThrough(null));
  }

  /** Lets go what waits, now. @returns the run, or undefined while another of the integration is open */
  async runNow(integrationId: string, by: string): Promise<string | undefined> {
    const runId = await inTransaction(this.options.pool, async (client) => {
      const upTo = await lastPosition(client);
      const { rows } = await client.query<{ zone: string }>(sql.LOCK_CADENCE, [integrationId]);
      if (!rows[0]) return undefined;
      const runs = this.runsOf(client);
      await runs.finishThrough([integrationId]);
      const run = await runs.startManual(integrationId, rows[0].zone, upTo, by);
      if (run) await client.query(sql.RELEASE_WINDOWS, [[integrationId], [null], upTo]);
      return run;
    });
    if (runId) this.options.onReleased();
    return runId;
  }

  async runs(integrationId: string, wish: { beforeId?: string; limit: number }): Promise<RunReport[]> {
    const { rows } = await this.options.pool.query(LIST_RUNS, [integrationId, wish.beforeId ?? null, wish.limit]);
    return rows.map(toRunReport);
  }

  /**
   * On the database's time, so that replicas with clocks apart agree. A window that passed while nobody was up fires
   * once, late, under the name of the last one missed.
   */
  private async fire(client: PoolClient): Promise<number> {
    // Read before the first lock gives this transaction its number: whoever has drawn a position up to here and not yet
    // committed has a lower one, which is how a run knows that nothing below its cut-off can still come.
    const upTo = await lastPosition(client);
    const { rows: due } = await client.query<DueRow>(sql.DUE_CADENCES, [DUE_AT_ONCE]);
    if (due.length === 0) return 0;
    const ids = due.map((row) => row.integration_id);
    const runs = this.runsOf(client);
    await runs.finishOpen(ids);
    const windows = windowsOf(due);
    await runs.startScheduled(windows, upTo, this.options.replica);
    await client.query(sql.RELEASE_WINDOWS, [ids, windows.map(({ nextAt }) => nextAt), upTo]);
    return due.length;
  }

  private runsOf(client: PoolClient): Runs {
    return new Runs(client, this.options.outcomes);
  }

  private async recomputeAll(integrationId: string): Promise<void> {
    const { pool, onReleased } = this.options;
    for (let after = '0'; ;) {
      const values = [integrationId, after, LANES_AT_ONCE];
      const { rows } = await pool.query<{ id: string }>(sql.LANES_OF_INTEGRATION, values);
      if (rows.length === 0) break;
      const ids = rows.map((row) => row.id);
      await recomputeLanes(pool, ids);
      after = ids.at(-1)!;
    }
    onReleased();
  }
}

/** Thousands may be due at once, of a handful of periods and zones. */
function windowsOf(due: readonly DueRow[]) {
  const told = new Map<string, { local: string; nextAt: Date }>();
  return due.map(({ integration_id: integrationId, every_seconds: every, zone, now }) => {
    const key = `${every} ${zone}`;
    const known = told.get(key);
    const window = known ?? { local: windowOf(now, every, zone).local, nextAt: nextWindow(now, every, zone).opensAt };
    if (!known) told.set(key, window);
    return { integrationId, zone, ...window };
  });
}

async function lastPosition(client: PoolClient): Promise<string> {
  return (await client.query<{ position: string }>(LAST_POSITION)).rows[0]!.position;
}
