import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import * as sql from './cadence.sql.js';
import { recomputeLanes } from './lane-locks.js';
import { LAST_POSITION } from './ledger.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { Runs, toRunReport, type AfterRuns, type RunReport } from './run.js';
import { LIST_RUNS } from './run.sql.js';
import { nextWindow, windowOf } from './window.js';

export interface CadenceWish {
  integrationId: string;
  /** 0: as things come. */
  everySeconds: number;
  /** The branch's time zone. */
  zone: string;
  /** The time of the local day from which the windows are counted; midnight unless told. */
  fromSeconds?: number;
}

export interface CadenceState {
  everySeconds: number;
  zone: string;
  nextAt: Date;
  /** [Últ. Comunicação] Advances on empty and failed runs too. */
  lastCommunication?: Date;
  /** Nothing for more than two periods: nobody fires it. */
  overdue: boolean;
}

/** A run somebody asked for, or why there is none. */
export type RunNow =
  { runId: string } | { refused: 'no-windows' | 'under-way' } | { refused: 'too-soon'; notBefore: Date };

export interface CadencesOptions {
  pool: Pool;
  clock: Clock;
  outcomes: OutcomeWriter;
  replica: string;
  onReleased: () => void;
  /** What is to be planned of a run that is through. */
  afterRuns?: AfterRuns;
}

interface DueRow {
  integration_id: string;
  every_seconds: number;
  from_seconds: number;
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
   * Sets or drops the cadence, in the transaction of what asks for it, which has locked the epochs: no lane is filed under
   * what was. Call `refile` after the commit where it changed.
   * @returns whether anything changed @throws RangeError for a zone this process does not know
   */
  async change(
    client: PoolClient,
    { integrationId, everySeconds, zone, fromSeconds = 0 }: CadenceWish,
  ): Promise<boolean> {
    if (everySeconds === 0) return (await client.query(sql.DROP_CADENCE, [integrationId])).rowCount! > 0;
    const { opensAt } = nextWindow(this.options.clock.now(), everySeconds, zone, fromSeconds);
    const values = [integrationId, everySeconds, zone, opensAt, fromSeconds];
    return (await client.query(sql.SET_CADENCE, values)).rowCount! > 0;
  }

  /** Looks anew at what waits, some lanes at a time; a dropped window lets everything go. May be done again. */
  async refile(integrationId: string): Promise<void> {
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

  async state(integrationId: string): Promise<CadenceState | undefined> {
    const row = (await this.options.pool.query(sql.READ_CADENCE, [integrationId])).rows[0];
    return (
      row && {
        everySeconds: row.every_seconds,
        zone: row.zone,
        nextAt: row.next_at,
        lastCommunication: row.last_communication ?? undefined,
        overdue: row.overdue,
      }
    );
  }

  async countOverdue(): Promise<number> {
    return (await this.options.pool.query<{ overdue: number }>(sql.COUNT_OVERDUE)).rows[0]!.overdue;
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

  /** Lets go what waits, now, unless the last communication is younger than `gapSeconds`. */
  async runNow(integrationId: string, by: string, gapSeconds = 0): Promise<RunNow> {
    const answer = await inTransaction(this.options.pool, async (client): Promise<RunNow> => {
      const upTo = await lastPosition(client);
      type Row = { zone: string; not_before: Date | null };
      const cadence = (await client.query<Row>(sql.LOCK_CADENCE, [integrationId, gapSeconds])).rows[0];
      if (!cadence) return { refused: 'no-windows' };
      if (cadence.not_before) return { refused: 'too-soon', notBefore: cadence.not_before };
      const runs = this.runsOf(client);
      await runs.finishThrough([integrationId]);
      const runId = await runs.startManual(integrationId, cadence.zone, upTo, by);
      if (!runId) return { refused: 'under-way' };
      await client.query(sql.RELEASE_WINDOWS, [[integrationId], [null], upTo]);
      return { runId };
    });
    if ('runId' in answer) this.options.onReleased();
    return answer;
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
    return new Runs(client, this.options.outcomes, this.options.afterRuns);
  }
}

/** Thousands may be due at once, of a handful of periods and zones. */
function windowsOf(due: readonly DueRow[]) {
  const told = new Map<string, { local: string; nextAt: Date }>();
  return due.map(({ integration_id: integrationId, every_seconds: every, from_seconds: from, zone, now }) => {
    const key = `${every} ${from} ${zone}`;
    const known = told.get(key);
    const window = known ?? {
      local: windowOf(now, every, zone, from).local,
      nextAt: nextWindow(now, every, zone, from).opensAt,
    };
    if (!known) told.set(key, window);
    return { integrationId, zone, ...window };
  });
}

async function lastPosition(client: PoolClient): Promise<string> {
  return (await client.query<{ position: string }>(LAST_POSITION)).rows[0]!.position;
}
