import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import * as sql from './batches.sql.js';
import type { LaneClaim } from './claim.js';
import { toClaimed, type HeadRow } from './heads.js';
import { LOCK_LANES } from './lanes.sql.js';

/** Lanes in one hand whose first deliveries go in one call, in the order of their positions. */
export interface HeldBatch {
  id: string;
  claims: LaneClaim[];
}

/**
 * Which deliveries went in one call is on record before the call: it is repeated with the same ones under the same name,
 * or not at all. Lanes are locked by rising id, as everybody locks them.
 */
export class Batches {
  constructor(private readonly pool: Pool) {}

  /** @returns a new batch of what is still ours; nothing where nothing is */
  begin(claims: readonly LaneClaim[]): Promise<HeldBatch | undefined> {
    return inTransaction(this.pool, async (client) => {
      const lanes = claims.map(({ laneId }) => laneId);
      const epochs = await lock(client, lanes);
      const ours = claims
        .filter(({ laneId, epoch }) => epochs.get(laneId) === epoch)
        .toSorted((one, other) => compare(positionOf(one), positionOf(other)));
      if (ours.length === 0) return undefined;
      const id = randomUUID();
      await client.query(sql.JOIN_BATCH, [ours.map(positionOf), id]);
      await client.query(sql.FOLLOW_FIRST, [ours.slice(1).map(({ laneId }) => laneId)]);
      // Whoever held one of them before had not yet said with whom it would go, and so had called nobody.
      return { id, claims: ours.map((claim) => ({ ...claim, lost: false })) };
    });
  }

  /** @returns the batch whose first lane was claimed, whole; nothing where the lane is not ours any more */
  resume(first: LaneClaim): Promise<HeldBatch | undefined> {
    const id = first.deliveries[0]!.batchId!;
    return inTransaction(this.pool, async (client) => {
      const lanes = (await client.query<{ lane_id: string }>(sql.LANES_OF_BATCH, [id])).rows.map((row) => row.lane_id);
      const epochs = await lock(client, lanes);
      if (epochs.get(first.laneId) !== first.epoch) return undefined;
      const others = lanes.filter((lane) => lane !== first.laneId);
      const { rows: members } = await client.query<HeadRow>(sql.MEMBERS_OF_BATCH, [id]);
      const { rows: held } = await client.query<TakenLane>(sql.TAKE_ALONG, [others, first.leaseMs]);
      const byLane = new Map(held.map((lane) => [lane.id, lane]));
      return { id, claims: members.map((row) => claimOf(row, first, byLane.get(row.lane_id))) };
    });
  }

  /** Nothing of it has left: its members go on as if they had never met. */
  async dissolve({ claims }: HeldBatch): Promise<void> {
    await this.pool.query(sql.LEAVE_BATCH, [claims.map(positionOf)]);
  }
}

interface TakenLane {
  id: string;
  key: string;
  epoch: string;
}

async function lock(client: PoolClient, lanes: readonly string[]): Promise<Map<string, string | undefined>> {
  type Row = { id: string; epoch: string; leased: boolean };
  const { rows } = await client.query<Row>(LOCK_LANES, [lanes]);
  return new Map(rows.map(({ id, epoch, leased }) => [id, leased ? epoch : undefined]));
}

function claimOf(row: HeadRow, first: LaneClaim, lane: TakenLane | undefined): LaneClaim {
  const deliveries = [toClaimed(row)];
  return lane
    ? { ...first, laneId: lane.id, laneKey: lane.key, epoch: lane.epoch, deliveries }
    : { ...first, deliveries };
}

function positionOf({ deliveries }: LaneClaim): string {
  return deliveries[0]!.position;
}

function compare(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : 1);
}
