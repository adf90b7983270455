import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { SUPERSEDED_STATES } from './ledger.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import { toTold, type ToldRow } from './told-row.js';
import { writeVerdictRows } from './verdict-rows.js';

/** A state that has just been put on a lane nobody holds. */
export interface NewState {
  laneId: string;
  operation: string;
  target: string;
  position: string;
}

interface SupersededRow extends ToldRow {
  lane_key: string;
  tries: number;
  /** The newer state, by its position; the last row of a delivery has the newest. */
  by: string;
}

/** Newer states take the place of older ones that nobody has claimed. */
export async function supersede(
  client: PoolClient,
  outcomes: OutcomeWriter,
  states: readonly NewState[],
): Promise<void> {
  if (states.length === 0) return;
  const values = columnsOf(
    states.map(({ laneId, operation, target, position }) => [laneId, operation, target, position]),
    4,
  );
  const { rows } = await client.query<SupersededRow>(SUPERSEDED_STATES, values);
  if (rows.length === 0) return;
  const superseded = [...new Map(rows.map((row) => [row.position, row])).values()];
  const settled = superseded.map(({ position, tries, attempts, by }) => [
    position,
    tries,
    tries,
    attempts,
    'superseded',
    `by ${by}`,
    null,
    null,
  ]);
  await writeVerdictRows(client, { settled });
  const told = superseded.map((row) => outcomes.superseded({ ...toTold(row), laneKey: row.lane_key }, row.by));
  await writeOutcomes(client, told);
}
