import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import type { LaneClaim } from './claim.js';
import type { Budget, ClaimedDelivery, PaidCourier } from './courier.js';
import { standingOn, type Endpoints } from './endpoints.js';
import { WAIT_FOR_ENDPOINT } from './endpoints.sql.js';
import type { OutcomeWriter } from './outcome-events.js';
import { writeOutcomes } from './outcome-rows.js';
import * as sql from './paid.sql.js';
import { keyHolds, keyLacks, type IntentState, type LastIntent } from './paid-verdict.js';
import { reserve } from './spend.js';

export interface IntentsOptions {
  pool: Pool;
  clock: Clock;
  replica: string;
  endpoints: Endpoints;
  outcomes: OutcomeWriter;
  paid: PaidCourier;
}

/** `written`: the call may be made; `not-now`: it must not, and the lane goes back; `unasked`: planned without a key, our bug. */
export type Written = 'written' | 'not-now' | 'unasked';

interface AskedRow {
  asked: boolean;
  cost: string | null;
  key_used_ms: number | null;
}

const ON_ITS_WAY = 'uma chamada está a caminho / a call is on its way';

/** Calls are written down before they are made: nothing paid or irreversible leaves without a row that says so. */
export class Intents {
  constructor(private readonly options: IntentsOptions) {}

  /**
   * In one transaction: nothing stops the endpoint, by its row; the lane is ours; the delivery waits to be called, and may
   * be; its cost is reserved; from its commit on the delivery is `unknown`.
   */
  async write(claim: LaneClaim, delivery: ClaimedDelivery): Promise<Written> {
    const budget = await this.options.paid.budgetOf(delivery.integrationId, delivery.operation);
    return inTransaction(this.options.pool, async (client) => {
      // The endpoint before the lane, as a claim takes them.
      await client.query(WAIT_FOR_ENDPOINT, [claim.endpointId]);
      if ((await standingOn(client, claim.endpointId)).length > 0) return 'not-now';
      const lane = await client.query(sql.MARK_LANE, [claim.laneId, claim.epoch]);
      if (!lane.rowCount) return 'not-now';
      const asked = (await client.query<AskedRow>(sql.ASKED, [delivery.position, delivery.tries])).rows[0];
      if (!asked) return 'not-now';
      if (!asked.asked) return 'unasked';
      if (!(await this.mayRepeat(client, claim, delivery, asked))) return 'not-now';
      const day = asked.cost === null ? undefined : await this.pay(client, claim, asked.cost, budget);
      if (day === 'spent-out') return 'not-now';
      await this.insert(client, claim, delivery, { cost: asked.cost, day });
      return 'written';
    });
  }

  /** @returns undefined where no call was ever begun */
  async last(position: string): Promise<LastIntent | undefined> {
    type Row = { number: number; state: IntentState; unanswered: number; ended_ms: number | null; key_used_ms: number };
    const row = (await this.options.pool.query<Row>(sql.LAST_INTENT, [position])).rows[0];
    if (!row) return undefined;
    const { number, state, unanswered } = row;
    return { number, state, unanswered, endedMs: row.ended_ms ?? 0, keyUsedMs: row.key_used_ms };
  }

  /** What was found absent may leave again only under a key the partner honours now; else it is left to a person. */
  private async mayRepeat(
    client: PoolClient,
    { limits, laneKey }: LaneClaim,
    delivery: ClaimedDelivery,
    { key_used_ms: keyUsedMs }: AskedRow,
  ): Promise<boolean> {
    const { paid, outcomes } = this.options;
    const rules = { ...paid.rulesOf(delivery.operation), deadlineMs: limits.deadlineMs };
    if (keyUsedMs === null || keyHolds(keyUsedMs, rules)) return true;
    const reason = keyLacks(rules);
    await client.query(sql.LEAVE_TO_PERSON, [delivery.position, reason]);
    await writeOutcomes(client, [outcomes.stopped('parked', { ...delivery, laneKey }, reason)]);
    return false;
  }

  /** @returns the local day it is charged to; undefined where nothing caps it */
  private async pay(
    client: PoolClient,
    { integrationId, endpointId }: LaneClaim,
    cost: string,
    budget: Budget | undefined,
  ): Promise<string | 'spent-out' | undefined> {
    if (!budget) return undefined;
    const { clock, endpoints, replica } = this.options;
    const paid = await reserve(client, integrationId, cost, { budget, now: clock.now() });
    if ('day' in paid) return paid.day;
    await endpoints.pauseIn(client, endpointId, { reason: 'spend-cap', ...paid, setBy: replica });
    return 'spent-out';
  }

  private async insert(
    client: PoolClient,
    { epoch, integrationId, leaseMs }: LaneClaim,
    delivery: ClaimedDelivery,
    { cost, day }: { cost: string | null; day: string | undefined },
  ): Promise<void> {
    const { replica, paid } = this.options;
    const { position, tries } = delivery;
    const key = paid.idempotencyKeyOf(delivery);
    const values = [position, tries + 1, epoch, replica, integrationId, key, cost, day ?? null];
    await client.query(sql.INSERT_INTENT, values);
    await client.query(sql.CALL_ON_ITS_WAY, [position, ON_ITS_WAY, leaseMs]);
  }
}
