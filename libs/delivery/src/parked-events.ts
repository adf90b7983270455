import type { Pool, PoolClient } from 'pg';
import { inTransaction, type Clock } from '#libs/runtime';
import { readArrival, type Arrival } from './arrival.js';
import {
  COUNT_PARKED,
  KNOWN_AT_LAST,
  LIST_PARKED,
  LOCK_ALL_EPOCHS,
  LOCK_PARKED,
  READ_PARKED,
  RESOLVE_PARKED,
  WAITING_BEHIND,
} from './intake.sql.js';
import { planAndSchedule, type EventToPlan } from './intake.js';
import { writeOutcomes, type OutcomeWriter } from './outcome-events.js';
import type { PayloadVault } from './park.js';
import type { Planner } from './plan.js';

/** As operators see it; the bytes are read one event at a time. */
export interface ParkedEvent {
  id: string;
  state: 'parked' | 'unknown-type' | 'planned' | 'skipped';
  source: string | null;
  company: string | null;
  key: string | null;
  eventId: string | null;
  type: string | null;
  subject: string | null;
  integrationId: string | null;
  holds: boolean;
  reasonCode: string;
  reason: string;
  receivedAt: Date;
  resolvedAt: Date | null;
  resolvedBy: string | null;
  resolution: string | null;
  /** Events of its key that wait behind it. */
  waitingBehind: number;
}

/** It is not there, was resolved before, or cannot be planned as it stands: the sentence says which. */
export class ParkedRefusal extends Error {
  override readonly name = 'ParkedRefusal';
  constructor(
    readonly code: 'not-found' | 'resolved' | 'still-invalid',
    message: string,
  ) {
    super(message);
  }
}

export interface ParkedEventsOptions {
  pool: Pool;
  clock: Clock;
  planner: Planner;
  outcomes: OutcomeWriter;
  vault: PayloadVault;
}

interface LockedRow {
  id: string;
  state: string;
  source: string | null;
  company: string | null;
  key: string | null;
  integration_id: string | null;
  holds: boolean;
  queue: string;
  content: Buffer;
  properties: Arrival['raw']['properties'];
  resolved_at: Date | null;
}

/** The events that wait for a person, or for a process that knows their type. */
export class ParkedEvents {
  constructor(private readonly options: ParkedEventsOptions) {}

  /** @param owners `source|company` of what the caller may see, or undefined for everything */
  async list(wish: {
    afterId?: string;
    limit: number;
    resolvedToo?: boolean;
    owners?: readonly string[];
  }): Promise<ParkedEvent[]> {
    const values = [wish.afterId ?? '0', wish.limit, wish.resolvedToo ?? false, wish.owners ?? null];
    return (await this.options.pool.query(LIST_PARKED, values)).rows.map(toParkedEvent);
  }

  /** With the bytes as they came. */
  async read(id: string): Promise<{ event: ParkedEvent; content: Buffer } | undefined> {
    const row = (await this.options.pool.query(READ_PARKED, [id])).rows[0];
    return row && { event: toParkedEvent(row), content: this.options.vault.open(row.content) };
  }

  async counts(): Promise<{ parked: number; waiting: number; oldest?: Date }> {
    const { parked, waiting, oldest } = (await this.options.pool.query(COUNT_PARKED)).rows[0];
    return { parked, waiting, oldest: oldest ?? undefined };
  }

  /** It will not be planned; what waits behind it goes on. @throws ParkedRefusal */
  skip(id: string, by: string, reason: string): Promise<void> {
    return this.resolve(id, 'skipped', by, reason);
  }

  /** It is planned as it stands, and what waits behind it after it. @throws ParkedRefusal where it still cannot be */
  plan(id: string, by: string, reason = 'planned again'): Promise<void> {
    return this.resolve(id, 'planned', by, reason);
  }

  /** What a former version did not know and this one does. @returns how many events */
  async planKnownAtLast(types: readonly string[]): Promise<number> {
    const { rows } = await this.options.pool.query<{ id: string }>(KNOWN_AT_LAST, [types]);
    let planned = 0;
    for (const { id } of rows) {
      await this.plan(id, 'ponte', 'this version knows its type').then(
        () => (planned += 1),
        (error: Error) => {
          if (!(error instanceof ParkedRefusal)) throw error;
        },
      );
    }
    return planned;
  }

  private resolve(id: string, how: 'skipped' | 'planned', by: string, reason: string): Promise<void> {
    return inTransaction(this.options.pool, async (client) => {
      await client.query(LOCK_ALL_EPOCHS);
      const row = await this.lock(client, id);
      const batch = how === 'planned' ? [this.toPlan(row, this.readAgain(row))] : [];
      await client.query(RESOLVE_PARKED, [[id], how, by, reason]);
      const behind = row.holds && row.key ? await this.freedBy(client, row) : [];
      const waited = behind.map((one) => one.id);
      if (waited.length > 0) await client.query(RESOLVE_PARKED, [waited, 'planned', by, `waited behind ${id}`]);
      batch.push(...behind.map((one) => this.toPlan(one, this.readRow(one))));
      await planAndSchedule(client, { ...this.options, queue: row.queue }, batch);
      const { facts } = this.readRow(row);
      await writeOutcomes(client, [this.options.outcomes.eventReleased(facts, id, how, by, reason)]);
    });
  }

  private async lock(client: PoolClient, id: string): Promise<LockedRow> {
    const row = (await client.query<LockedRow>(LOCK_PARKED, [id])).rows[0];
    if (!row || row.state === 'waiting') throw new ParkedRefusal('not-found', `no event is parked under ${id}`);
    if (row.resolved_at) throw new ParkedRefusal('resolved', `the parked event ${id} was resolved before`);
    return row;
  }

  /** The events that waited for this one, up to the next that holds the key for itself. */
  private async freedBy(client: PoolClient, row: LockedRow): Promise<LockedRow[]> {
    const { rows } = await client.query<LockedRow>(WAITING_BEHIND, [row.source, row.company, row.key]);
    const freed: LockedRow[] = [];
    const held = new Set<string | null>();
    for (const other of rows) {
      const blocked = held.has(null) || held.has(other.integration_id);
      if (other.state !== 'waiting') held.add(other.integration_id);
      else if (!blocked && this.waitsFor(other, row)) freed.push(other);
    }
    return freed;
  }

  private waitsFor(waiting: LockedRow, head: LockedRow): boolean {
    return head.integration_id === null || waiting.integration_id === head.integration_id;
  }

  private readRow(row: LockedRow): Arrival {
    const content = this.options.vault.open(row.content);
    return readArrival({ content, properties: row.properties }, this.options.clock.now());
  }

  private readAgain(row: LockedRow): Arrival {
    const arrival = this.readRow(row);
    if (arrival.event) return arrival;
    throw new ParkedRefusal('still-invalid', arrival.parked?.reason ?? 'it cannot be read');
  }

  private toPlan(row: LockedRow, arrival: Arrival): EventToPlan {
    return { arrival, exceptIntegrations: new Set(), onlyIntegration: row.integration_id ?? undefined };
  }
}

function toParkedEvent(row: Record<string, never>): ParkedEvent {
  return {
    id: row.id!,
    state: row.state!,
    source: row.source!,
    company: row.company!,
    key: row.key!,
    eventId: row.event_id!,
    type: row.type!,
    subject: row.subject!,
    integrationId: row.integration_id!,
    holds: row.holds!,
    reasonCode: row.reason_code!,
    reason: row.reason!,
    receivedAt: row.received_at!,
    resolvedAt: row.resolved_at!,
    resolvedBy: row.resolved_by!,
    resolution: row.resolution!,
    waitingBehind: row.waiting_behind!,
  };
}
