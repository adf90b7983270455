import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import { releaseAwaiting } from './awaiting.js';
import { isOfContent } from './content-failure.js';
import { DeliveryEdit, type EditWish } from './deliveries-edit.js';
import { readFailureGroups, type FailureGroups } from './deliveries-failures.js';
import { filterValues, type DeliveryFilter, type SeenTerritory } from './deliveries-filter.js';
import * as sql from './deliveries.sql.js';
import { DeliveryRefusal } from './delivery-refusal.js';
import { DeliveryResolution, effectUnknown, endUnresolved, type Finding } from './delivery-resolution.js';
import {
  toAction,
  toAttempt,
  toIntent,
  toReport,
  type DeliveryDetail,
  type DeliveryReport,
  type DeliveryRow,
  type WaitedFor,
} from './delivery-report.js';
import { wakeDependentsOf } from './lane-locks.js';
import { LOCK_LANES, RECOMPUTE_LANES } from './lanes.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import { INTENTS_OF } from './paid.sql.js';
import { countUnknown, spentToday, type SpentToday, type UnknownCounts } from './paid-counts.js';
import { storable } from './storable.js';
import { toTold } from './told-row.js';
import { writeVerdictRows } from './verdict-rows.js';

export interface DeliveryQuery extends DeliveryFilter {
  settled: boolean;
  beforePosition?: string;
  limit: number;
  /** What the caller may see; undefined: everything. */
  seen?: readonly SeenTerritory[];
}

interface LaneOfDelivery {
  lane_id: string;
  lane_key: string;
}

interface Left {
  by: string;
  reason: string;
}

type BeforeLeaving = (client: PoolClient, row: DeliveryRow) => Promise<void>;

type Work<T> = (client: PoolClient, row: DeliveryRow | undefined, lane: LaneOfDelivery) => Promise<T>;

const LAST = '9223372036854775807';

/** What operators see of deliveries, and what they may do with one that waits for them. */
export class Deliveries {
  constructor(
    private readonly pool: Pool,
    private readonly outcomes: OutcomeWriter,
    private readonly onReleased: () => void,
  ) {}

  async list({ settled, beforePosition = LAST, limit, seen, ...filter }: DeliveryQuery): Promise<DeliveryReport[]> {
    const values = [...filterValues(seen, filter), beforePosition, limit];
    return (await this.pool.query(settled ? sql.LIST_SETTLED : sql.LIST_OPEN, values)).rows.map(toReport);
  }

  async read(position: string): Promise<DeliveryDetail | undefined> {
    const row = (await this.readRow(sql.READ_OPEN, position)) ?? (await this.readRow(sql.READ_SETTLED, position));
    if (!row) return undefined;
    const attempts = (await this.pool.query(sql.ATTEMPTS_OF, [position])).rows.map(toAttempt);
    const actions = (await this.pool.query(sql.ACTIONS_OF, [position])).rows.map(toAction);
    const replaces = (await this.pool.query<{ position: string }>(sql.REPLACED_BY_IT, [position])).rows[0]?.position;
    const waitsFor = (await this.pool.query<WaitedFor>(sql.WAITED_FOR, [position])).rows;
    const intents = (await this.pool.query(INTENTS_OF, [position])).rows.map(toIntent);
    const more = { ...(replaces && { replaces }), ...(intents.length > 0 && { intents }) };
    return { delivery: toReport(row), attempts, actions, waitsFor, ...more };
  }

  /** What is sent, unmasked. */
  async bodyOf(position: string): Promise<object | undefined> {
    return (await this.pool.query<{ body: object }>(sql.READ_BODY, [position])).rows[0]?.body;
  }

  async counts(): Promise<{ pending: number; parked: number; oldestParked?: Date }> {
    const { pending, parked, oldest_parked } = (await this.pool.query(sql.COUNT_WAITING)).rows[0];
    return { pending, parked, oldestParked: oldest_parked ?? undefined };
  }

  /** @see countUnknown */
  unknown(): Promise<UnknownCounts> {
    return countUnknown(this.pool);
  }

  /** @see spentToday */
  spentToday(): Promise<SpentToday[]> {
    return spentToday(this.pool);
  }

  /** What waits for a person, grouped by what it has in common. @see readFailureGroups */
  failures(
    seen: readonly SeenTerritory[] | undefined,
    filter: DeliveryFilter,
    groupsMax: number,
  ): Promise<FailureGroups> {
    return readFailureGroups(this.pool, seen, filter, groupsMax);
  }

  /** It is tried again, with all its attempts before it. @throws DeliveryRefusal */
  async retry(position: string, by: string, reason?: string): Promise<void> {
    await this.change(position, async (client, open, { lane_key: laneKey }) => {
      const row = requireKnown(requireOpen(position, open));
      await client.query(sql.START_OVER, [[position]]);
      await client.query(sql.NOTE_ACTIONS, [[position], 'retried', by, storable(reason), null, null]);
      await writeOutcomes(client, [this.outcomes.retried({ ...toTold(row), laneKey }, by, { reason })]);
    });
    this.onReleased();
  }

  /**
   * Another one with this body takes its place in the lane. The original stays as it is, settled as superseded by the
   * new one; one that is through is only sent again while nothing of its lane has left after it.
   * @returns the position of the new one @throws DeliveryRefusal
   */
  async edit(position: string, wish: EditWish): Promise<string> {
    const replacement = await this.change(position, (client, open, { lane_key: laneKey }) =>
      new DeliveryEdit(client, this.outcomes, laneKey).replace(position, open, wish),
    ).catch((error: Error) => {
      if (!isOfContent(error)) throw error;
      throw new DeliveryRefusal('not-storable', `the database does not take the body: ${error.message}`);
    });
    this.onReleased();
    return replacement;
  }

  /** It is not sent; its lane goes on. @throws DeliveryRefusal where a call of it may have taken effect */
  skip(position: string, by: string, reason: string): Promise<void> {
    return this.leave(position, { by, reason }, (_, row) => Promise.resolve(void requireKnown(row)));
  }

  /** It was asked for and is not wanted any more; nothing of it has left. @throws DeliveryRefusal once something may have */
  withdraw(position: string, by: string, reason: string): Promise<void> {
    return this.leave(position, { by, reason }, async (_, row) => requireUntried(requireKnown(row)), true);
  }

  /** Nobody will know whether its call took effect; what it may have cost stays spent. @throws DeliveryRefusal */
  giveUp(position: string, by: string, reason: string): Promise<void> {
    return this.leave(position, { by, reason }, (client) => endUnresolved(client, position, 'given-up'));
  }

  /**
   * What a person found out of a paid or irreversible call: it happened, and the delivery is through; or it did not, and it
   * is sent once more. @throws DeliveryRefusal where nobody asks
   */
  async resolve(position: string, finding: Finding): Promise<void> {
    const laneId = await this.change(position, async (client, open, { lane_id: id, lane_key: laneKey }) => {
      await new DeliveryResolution(client, this.outcomes, laneKey).resolve(requireOpen(position, open), finding);
      return id;
    });
    if (finding.happened) {
      await wakeDependentsOf(this.pool, [laneId]).catch(() => undefined);
      await releaseAwaiting(this.pool, [{ laneId, position }]).catch(() => undefined);
    }
    this.onReleased();
  }

  private async leave(position: string, { by, reason }: Left, first: BeforeLeaving, untried = false): Promise<void> {
    const laneId = await this.change(
      position,
      async (client, open, { lane_id: id, lane_key: laneKey }) => {
        const row = requireOpen(position, open);
        await first(client, row);
        const verdict = [position, row.tries, row.tries, row.attempts, 'skipped', storable(reason), null, by];
        await writeVerdictRows(client, { settled: [verdict] });
        await client.query(sql.NOTE_ACTIONS, [[position], 'skipped', by, storable(reason), null, null]);
        await writeOutcomes(client, [this.outcomes.stopped('skipped', { ...toTold(row), laneKey }, reason, by)]);
        return id;
      },
      untried,
    );
    // It is skipped whether or not those that wait for it could be told: the sweeper finds them.
    await wakeDependentsOf(this.pool, [laneId]).catch(() => undefined);
    this.onReleased();
  }

  private async readRow(statement: string, position: string): Promise<DeliveryRow | undefined> {
    return (await this.pool.query<DeliveryRow>(statement, [position])).rows[0];
  }

  /** Holds the lane, which nobody has in hand; what it waits for is said anew after. */
  private change<T>(position: string, work: Work<T>, untried = false): Promise<T> {
    return inTransaction(this.pool, async (client) => {
      const lane = (await client.query<LaneOfDelivery>(sql.LANE_OF, [position])).rows[0];
      if (!lane) throw new DeliveryRefusal('not-found', `there is no delivery ${position}`);
      const held = (await client.query<{ leased: boolean }>(LOCK_LANES, [[lane.lane_id]])).rows[0];
      if (held?.leased)
        throw new DeliveryRefusal('in-hand', `the delivery ${position}, or its lane, is being sent just now`);
      const row = (await client.query<DeliveryRow>(sql.DELIVERY_FOR_PERSON, [position])).rows[0];
      if (row?.state === 'pending' && row.tries === 0 && !untried)
        throw new DeliveryRefusal('not-parked', `the delivery ${position} waits for its turn, not for a person`);
      if (row?.batch_id)
        throw new DeliveryRefusal(
          'in-hand',
          `the delivery ${position} went with others, and what became of them is asked first`,
        );
      const done = await work(client, row, lane);
      await client.query(RECOMPUTE_LANES, [[lane.lane_id]]);
      return done;
    });
  }
}

function requireUntried({ position, tries }: DeliveryRow): void {
  if (tries > 0) throw new DeliveryRefusal('not-untried', `the delivery ${position} was tried already`);
}

/** @throws DeliveryRefusal while a call of it may have taken effect: sent again, it might be charged twice */
function requireKnown(row: DeliveryRow): DeliveryRow {
  if (row.state === 'unknown') throw effectUnknown(row.position);
  return row;
}

function requireOpen(position: string, row: DeliveryRow | undefined): DeliveryRow {
  if (!row)
    throw new DeliveryRefusal('settled', `the delivery ${position} is through: it can be edited and sent again`);
  return row;
}
