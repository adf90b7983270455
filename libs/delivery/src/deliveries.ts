import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import { columnsOf } from './columns.js';
import * as sql from './deliveries.sql.js';
import { toAttempt, toReport, type AttemptReport, type DeliveryReport, type DeliveryRow } from './delivery-report.js';
import { wakeDependentsOf } from './lane-locks.js';
import { LOCK_LANES, RECOMPUTE_LANES } from './lanes.sql.js';
import { SETTLE_DELIVERIES } from './ledger.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import { storable } from './storable.js';
import { toTold } from './told-row.js';

export interface DeliveryQuery {
  settled: boolean;
  beforePosition?: string;
  limit: number;
  /** `source|company` of what the caller may see; undefined: everything. */
  owners?: readonly string[];
  state?: string;
  subject?: string;
  integrationId?: string;
}

/** An open delivery that must be settled before another goes. */
export interface WaitedFor {
  position: string;
  lane: string;
  operation: string;
  /** A parked one waits for a person, and so does what waits for it. */
  state: 'pending' | 'parked' | 'unknown';
}

/** Not there any more, or in the hands of a process just now: the sentence says which. */
export class DeliveryRefusal extends Error {
  override readonly name = 'DeliveryRefusal';
  constructor(
    readonly code: 'not-found' | 'in-hand' | 'not-parked',
    message: string,
  ) {
    super(message);
  }
}

const LAST = '9223372036854775807';

/** What operators see of deliveries, and what they may do with one that waits for them. */
export class Deliveries {
  constructor(
    private readonly pool: Pool,
    private readonly outcomes: OutcomeWriter,
    private readonly onReleased: () => void,
  ) {}

  async list(query: DeliveryQuery): Promise<DeliveryReport[]> {
    const { beforePosition = LAST, limit, owners = null, state = null, subject = null, integrationId = null } = query;
    const statement = query.settled ? sql.LIST_SETTLED : sql.LIST_OPEN;
    return (await this.pool.query(statement, [beforePosition, limit, owners, state, subject, integrationId])).rows.map(
      toReport,
    );
  }

  async read(
    position: string,
  ): Promise<{ delivery: DeliveryReport; attempts: AttemptReport[]; waitsFor: WaitedFor[] } | undefined> {
    const open = await this.pool.query(sql.READ_OPEN, [position]);
    const row = open.rows[0] ?? (await this.pool.query(sql.READ_SETTLED, [position])).rows[0];
    if (!row) return undefined;
    const attempts = (await this.pool.query(sql.ATTEMPTS_OF, [position])).rows.map(toAttempt);
    const waitsFor = (await this.pool.query<WaitedFor>(sql.WAITED_FOR, [position])).rows;
    return { delivery: toReport(row), attempts, waitsFor };
  }

  async counts(): Promise<{ pending: number; parked: number; oldestParked?: Date }> {
    const { pending, parked, oldest_parked } = (await this.pool.query(sql.COUNT_WAITING)).rows[0];
    return { pending, parked, oldestParked: oldest_parked ?? undefined };
  }

  /** It is tried again, with all its attempts before it. @throws DeliveryRefusal */
  async retry(position: string): Promise<void> {
    await this.change(position, async (client) => {
      await client.query(sql.START_OVER, [position]);
    });
    this.onReleased();
  }

  /** It is tried again with another body, in its place in the lane; the former body stays on record. @throws DeliveryRefusal */
  async edit(position: string, body: object, by: string, reason: string): Promise<void> {
    await this.change(position, async (client) => {
      await client.query(sql.EDIT_DELIVERY, [position, JSON.stringify(body), by, storable(reason)]);
    });
    this.onReleased();
  }

  /** It is not sent; its lane goes on. @throws DeliveryRefusal */
  async skip(position: string, by: string, reason: string): Promise<void> {
    const laneId = await this.change(position, async (client, row, laneKey) => {
      const verdict = [position, row.tries, row.tries, row.attempts, 'skipped', storable(reason), null, by];
      await client.query(SETTLE_DELIVERIES, columnsOf([verdict], 8));
      await writeOutcomes(client, [this.outcomes.stopped('skipped', { ...toTold(row), laneKey }, reason, by)]);
    });
    // It is skipped whether or not those that wait for it could be told: the sweeper finds them.
    await wakeDependentsOf(this.pool, [laneId]).catch(() => undefined);
    this.onReleased();
  }

  /** @returns the lane */
  private change(
    position: string,
    work: (client: PoolClient, row: DeliveryRow, laneKey: string) => Promise<void>,
  ): Promise<string> {
    return inTransaction(this.pool, async (client) => {
      const lane = (await client.query<{ lane_id: string; lane_key: string }>(sql.LANE_OF, [position])).rows[0];
      if (!lane) throw new DeliveryRefusal('not-found', `no open delivery ${position}`);
      const held = (await client.query<{ leased: boolean }>(LOCK_LANES, [[lane.lane_id]])).rows[0];
      if (held?.leased) throw new DeliveryRefusal('in-hand', `the delivery ${position} is being sent just now`);
      const row = (await client.query<DeliveryRow>(sql.DELIVERY_FOR_PERSON, [position])).rows[0];
      if (!row) throw new DeliveryRefusal('not-found', `no open delivery ${position}`);
      if (row.state === 'pending' && row.tries === 0)
        throw new DeliveryRefusal('not-parked', `the delivery ${position} waits for its turn, not for a person`);
      await work(client, row, lane.lane_key);
      await client.query(RECOMPUTE_LANES, [[lane.lane_id]]);
      return lane.lane_id;
    });
  }
}
