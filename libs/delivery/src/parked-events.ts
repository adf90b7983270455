import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import { filterValues, type SeenTerritory } from './deliveries-filter.js';
import { COUNT_PARKED, KNOWN_AT_LAST } from './intake.sql.js';
import { CONTENT_OF_PARKED, FIND_PARKED, LIST_PARKED } from './parked-events.sql.js';
import { ParkedRefusal, ParkedRelease, type FixWish, type ReleaseOptions } from './parked-release.js';

/** As operators see it; the bytes are read one event at a time. */
export interface ParkedEvent {
  id: string;
  state: 'parked' | 'unknown-type' | 'planned' | 'skipped';
  source: string | null;
  company: string | null;
  /** Null where it says none, or none that can be read. */
  branch: string | null;
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

/** What to look for; everything that is given must hold. */
export interface ParkedFilter {
  source?: string;
  company?: string;
  branch?: string;
  reasonCode?: string;
  type?: string;
  subject?: string;
  eventId?: string;
  /** Of its arrival. */
  from?: Date;
  to?: Date;
}

export interface ParkedQuery extends ParkedFilter {
  seen?: readonly SeenTerritory[];
  afterId?: string;
  limit: number;
  resolvedToo?: boolean;
}

export interface ParkedEventsOptions extends Omit<ReleaseOptions, 'queue'> {
  pool: Pool;
}

/** The events that wait for a person, or for a process that knows their type. */
export class ParkedEvents {
  constructor(private readonly options: ParkedEventsOptions) {}

  /** In the order they came. @param seen what the caller may see, or undefined for everything */
  async list({ seen, afterId = '0', limit, resolvedToo = false, ...filter }: ParkedQuery): Promise<ParkedEvent[]> {
    const { source, company, branch, reasonCode, type, subject, eventId, from, to } = filter;
    const looked = [source, company, branch, reasonCode, type, subject, eventId, from, to].map((one) => one ?? null);
    const values = [...filterValues(seen, {}).slice(0, 3), afterId, limit, resolvedToo, ...looked];
    return (await this.options.pool.query(LIST_PARKED, values)).rows.map(toParkedEvent);
  }

  /** Without the bytes, which stay sealed. */
  async find(id: string): Promise<ParkedEvent | undefined> {
    const row = (await this.options.pool.query(FIND_PARKED, [id])).rows[0];
    return row && toParkedEvent(row);
  }

  /** With the bytes as they came. */
  async read(id: string): Promise<{ event: ParkedEvent; content: Buffer } | undefined> {
    const event = await this.find(id);
    const sealed = (await this.options.pool.query<{ content: Buffer }>(CONTENT_OF_PARKED, [id])).rows[0]?.content;
    return event && sealed && { event, content: this.options.vault.open(sealed) };
  }

  async counts(): Promise<{ parked: number; waiting: number; oldest?: Date }> {
    const { parked, waiting, oldest } = (await this.options.pool.query(COUNT_PARKED)).rows[0];
    return { parked, waiting, oldest: oldest ?? undefined };
  }

  /** It will not be planned; what waits behind it goes on. @throws ParkedRefusal */
  skip(id: string, by: string, reason: string): Promise<void> {
    return this.release((release) => release.skip(id, by, reason));
  }

  /** It is planned as it stands, and what waits behind it after it. @throws ParkedRefusal where it still cannot be */
  plan(id: string, by: string, reason = 'planned again'): Promise<void> {
    return this.release((release) => release.plan(id, by, reason));
  }

  /**
   * It is planned with these bytes in place of its own, which stay on record; they must be of the same key, and,
   * under another id, an event that was not here before. @throws ParkedRefusal
   */
  fix(
    id: string,
    content: Buffer,
    by: string,
    reason: string,
    more: Pick<FixWish, 'properties' | 'allows'> = {},
  ): Promise<void> {
    return this.release((release) => release.fix(id, { content, by, reason, ...more }));
  }

  /** What a former version did not know and this one does. @returns how many events */
  async planKnownAtLast(types: readonly string[]): Promise<number> {
    let planned = 0;
    let afterId = '0';
    for (;;) {
      const { rows } = await this.options.pool.query<{ id: string }>(KNOWN_AT_LAST, [types, afterId]);
      if (rows.length === 0) return planned;
      for (const { id } of rows) if (await this.planIfInTurn(id)) planned += 1;
      afterId = rows.at(-1)!.id;
    }
  }

  /** One that waits behind another is planned with it. */
  private async planIfInTurn(id: string): Promise<boolean> {
    try {
      await this.plan(id, 'ponte', 'this version knows its type');
      return true;
    } catch (error) {
      if (error instanceof ParkedRefusal) return error.code === 'resolved';
      throw error;
    }
  }

  private release(work: (release: ParkedRelease) => Promise<void>): Promise<void> {
    return inTransaction(this.options.pool, (client: PoolClient) => work(new ParkedRelease(client, this.options)));
  }
}

function toParkedEvent(row: Record<string, never>): ParkedEvent {
  return {
    id: row.id!,
    state: row.state!,
    source: row.source!,
    company: row.company!,
    branch: row.branch!,
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
