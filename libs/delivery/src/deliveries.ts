import type { Pool } from 'pg';
import type { BusinessKeys } from '#libs/contracts';
import { inTransaction } from '#libs/runtime';
import * as sql from './deliveries.sql.js';
import { LOCK_LANES, RECOMPUTE_LANES } from './lanes.sql.js';
import { SETTLE_DELIVERIES } from './ledger.sql.js';
import { writeOutcomes, type OutcomeWriter } from './outcome-events.js';

export type DeliveryState = 'pending' | 'parked' | 'unknown' | 'delivered' | 'refused' | 'skipped' | 'superseded';

export interface DeliveryReport {
  position: string;
  integrationId: string;
  operation: string;
  state: DeliveryState;
  attempts: number;
  tries: number;
  reason: string | null;
  source: string;
  company: string;
  branch: string | null;
  eventId: string | null;
  eventType: string | null;
  subject: string;
  plannedAt: Date;
  retryAt: Date | null;
  reference: string | null;
  settledAt: Date | null;
}

export interface AttemptReport {
  number: number;
  outcome: string;
  reason: string | null;
  /** False where the endpoint was to blame: no attempt was spent. */
  counted: boolean;
  /** The lease was over: kept as evidence. */
  late: boolean;
  replica: string;
  exchange: unknown;
  startedAt: Date;
  endedAt: Date;
}

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

  async read(position: string): Promise<{ delivery: DeliveryReport; attempts: AttemptReport[] } | undefined> {
    const open = await this.pool.query(sql.READ_OPEN, [position]);
    const row = open.rows[0] ?? (await this.pool.query(sql.READ_SETTLED, [position])).rows[0];
    if (!row) return undefined;
    const attempts = (await this.pool.query(sql.ATTEMPTS_OF, [position])).rows.map(toAttempt);
    return { delivery: toReport(row), attempts };
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

  /** It is not sent; its lane goes on. @throws DeliveryRefusal */
  async skip(position: string, by: string, reason: string): Promise<void> {
    await this.change(position, async (client, row, laneKey) => {
      const verdict = [[position], ['skipped'], [reason], [null], [row.attempts], [row.tries + 1], [by]];
      await client.query(SETTLE_DELIVERIES, verdict);
      await writeOutcomes(client, [this.outcomes.stopped('skipped', { ...toTold(row), laneKey }, reason, by)]);
    });
    this.onReleased();
  }

  private change(position: string, work: (client: Client, row: Row, laneKey: string) => Promise<void>): Promise<void> {
    return inTransaction(this.pool, async (client) => {
      const lane = (await client.query<{ lane_id: string; lane_key: string }>(sql.LANE_OF, [position])).rows[0];
      if (!lane) throw new DeliveryRefusal('not-found', `no open delivery ${position}`);
      const held = (await client.query<{ leased: boolean }>(LOCK_LANES, [[lane.lane_id]])).rows[0];
      if (held?.leased) throw new DeliveryRefusal('in-hand', `the delivery ${position} is being sent just now`);
      const row = (await client.query<Row>(sql.DELIVERY_FOR_PERSON, [position])).rows[0];
      if (!row) throw new DeliveryRefusal('not-found', `no open delivery ${position}`);
      if (row.state === 'pending' && row.tries === 0)
        throw new DeliveryRefusal('not-parked', `the delivery ${position} waits for its turn, not for a person`);
      await work(client, row, lane.lane_key);
      await client.query(RECOMPUTE_LANES, [[lane.lane_id]]);
    });
  }
}

type Client = Parameters<Parameters<typeof inTransaction>[1]>[0];

interface Row {
  position: string;
  integration_id: string;
  operation: string;
  state: DeliveryState;
  attempts: number;
  tries: number;
  reason: string | null;
  source: string;
  company: string;
  branch: string | null;
  event_id: string | null;
  event_type: string | null;
  subject: string;
  keys: BusinessKeys | null;
  traceparent: string | null;
  planned_at: Date;
  retry_at: Date | null;
  reference: string | null;
  settled_at: Date | null;
}

function toTold(row: Row) {
  return {
    position: row.position,
    integrationId: row.integration_id,
    operation: row.operation,
    attempts: row.attempts,
    source: row.source,
    company: row.company,
    branch: row.branch,
    eventId: row.event_id,
    eventType: row.event_type,
    subject: row.subject,
    keys: row.keys,
    traceparent: row.traceparent,
  };
}

function toReport(row: Row): DeliveryReport {
  const { keys: _keys, traceparent: _traceparent, ...told } = toTold(row);
  return {
    ...told,
    state: row.state,
    tries: row.tries,
    reason: row.reason,
    plannedAt: row.planned_at,
    retryAt: row.retry_at,
    reference: row.reference,
    settledAt: row.settled_at,
  };
}

function toAttempt(row: Record<string, never>): AttemptReport {
  const { number, outcome, reason, counted, late, replica, exchange } = row;
  return {
    number: number!,
    outcome: outcome!,
    reason: reason!,
    counted: counted!,
    late: late!,
    replica: replica!,
    exchange: exchange!,
    startedAt: row.started_at!,
    endedAt: row.ended_at!,
  };
}
