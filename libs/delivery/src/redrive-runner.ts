import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import { columnsOf } from './columns.js';
import { NOTE_ACTIONS, START_OVER } from './deliveries.sql.js';
import { LOCK_LANES, RECOMPUTE_LANES } from './lanes.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import type { RedriveItemState } from './redrive-report.js';
import * as sql from './redrive-runner.sql.js';
import { toTold, type ToldRow } from './told-row.js';

export interface RedriveRunnerOptions {
  pool: Pool;
  outcomes: OutcomeWriter;
  onReleased: () => void;
}

interface DueRedrive {
  id: string;
  reason: string;
  started_by: string;
  per_second: number;
  canceled: boolean;
  looked_up_to: string;
  /** How many of the first are left to go; null: all may. */
  first_left: number | null;
}

interface ParkedRow extends ToldRow {
  state: string;
  lane_key: string;
}

/** Half a second's worth at a time, and no more than one transaction should hold. */
const CHUNKS_PER_SECOND = 2;
const CHUNK_MAX = 250;
const LOOKED_AFTER_AT_ONCE = 1_000;
const NOTHING_TO_RELEASE_MS = 1_000;
const CHUNKS_AT_ONCE = 20;

/**
 * Lets go of redrives what is due. Every replica runs one: a job is in the hand of one at a time, for one transaction, and
 * what a process that dies has not committed another one does.
 */
export class RedriveRunner {
  constructor(private readonly options: RedriveRunnerOptions) {}

  /** @returns how many chunks were due */
  async run(): Promise<number> {
    let chunks = 0;
    while (chunks < CHUNKS_AT_ONCE && (await this.step())) chunks += 1;
    return chunks;
  }

  private async step(): Promise<boolean> {
    const taken = await inTransaction(this.options.pool, async (client) => {
      const redrive = (await client.query<DueRedrive>(sql.TAKE_REDRIVE)).rows[0];
      if (!redrive) return undefined;
      const count = await this.release(client, redrive);
      await this.lookAfter(client, redrive);
      if (count > 0) await client.query(sql.NOTE_TAKEN, [redrive.id, count, redrive.per_second]);
      else await this.rest(client, redrive);
      return count;
    });
    if (taken) this.options.onReleased();
    return taken !== undefined;
  }

  /** As a person's retry, under the lanes' locks. @returns how many had their turn, whatever came of it */
  private async release(client: PoolClient, redrive: DueRedrive): Promise<number> {
    type Row = { position: string; lane_id: string | null };
    const { rows } = await client.query<Row>(sql.WAITING_ITEMS, [redrive.id, roomOf(redrive)]);
    if (rows.length === 0) return 0;
    const lanes = rows.flatMap(({ lane_id: laneId }) => laneId ?? []);
    await client.query(LOCK_LANES, [lanes]);
    const positions = rows.map(({ position }) => position);
    const open = (await client.query<ParkedRow>(sql.DELIVERIES_TO_RELEASE, [positions])).rows;
    await this.startOver(
      client,
      redrive,
      open.filter(({ state }) => state === 'parked'),
    );
    const states = new Map(open.map(({ position, state }) => [position, becomes(state)]));
    const marks = positions.map((position) => [position, states.get(position) ?? 'already-settled']);
    await client.query(sql.MARK_TAKEN, [redrive.id, ...columnsOf(marks, 2)]);
    await client.query(RECOMPUTE_LANES, [lanes]);
    return rows.length;
  }

  private async startOver(client: PoolClient, redrive: DueRedrive, parked: readonly ParkedRow[]): Promise<void> {
    if (parked.length === 0) return;
    const { id: redriveId, started_by: by, reason } = redrive;
    const positions = parked.map(({ position }) => position);
    await client.query(START_OVER, [positions]);
    await client.query(NOTE_ACTIONS, [positions, 'redriven', by, reason, redriveId, null]);
    const { outcomes } = this.options;
    const told = parked.map((row) =>
      outcomes.retried({ ...toTold(row), laneKey: row.lane_key }, by, { reason, redriveId }),
    );
    await writeOutcomes(client, told);
  }

  /** What became of those let go, some at a time, round and round. */
  private async lookAfter(client: PoolClient, redrive: DueRedrive): Promise<void> {
    type Row = { position: string; state: RedriveItemState | null; reason: string | null };
    const values = [redrive.id, redrive.looked_up_to, LOOKED_AFTER_AT_ONCE];
    const { rows } = await client.query<Row>(sql.LOOK_AFTER, values);
    const ended = rows.filter(({ state }) => state !== null);
    if (ended.length > 0) {
      const marks = ended.map(({ position, state, reason }) => [position, state, reason]);
      await client.query(sql.MARK_ENDED, [redrive.id, ...columnsOf(marks, 3)]);
    }
    const next = rows.length < LOOKED_AFTER_AT_ONCE ? '0' : rows.at(-1)!.position;
    if (next !== redrive.looked_up_to) await client.query(sql.NOTE_LOOKED, [redrive.id, next]);
  }

  private async rest(client: PoolClient, { id }: DueRedrive): Promise<void> {
    const finished = await client.query(sql.FINISH_REDRIVE, [id]);
    if (finished.rowCount === 0) await client.query(sql.LOOK_LATER, [id, NOTHING_TO_RELEASE_MS]);
  }
}

function roomOf({ per_second: perSecond, first_left: firstLeft, canceled }: DueRedrive): number {
  if (canceled) return 0;
  const chunk = Math.min(Math.ceil(perSecond / CHUNKS_PER_SECOND), CHUNK_MAX);
  return Math.max(Math.min(chunk, firstLeft ?? chunk), 0);
}

function becomes(state: string): RedriveItemState {
  return state === 'parked' ? 'released' : 'already-retried';
}
