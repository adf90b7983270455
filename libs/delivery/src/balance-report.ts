import type { Pool } from 'pg';
import { RE_EMITTED_IDS_MAX } from '#libs/contracts';
import { inTransaction } from '#libs/runtime';
import type { DifferenceKind } from './balance-differences.js';
import * as sql from './balance-report.sql.js';
import { writeOutcomes } from './outcome-rows.js';
import { storable } from './storable.js';

/** One type of one company over a period. */
export interface BalanceLine {
  source: string;
  company: string;
  /** `-`: planned of no event, as a load does. */
  type: string;
  /** Events the audit heard; of an outcome type, outcomes. */
  carried: number;
  /** Events in the inbox; of an outcome type, deliveries that ended so. */
  takenIn: number;
  planned: number;
  delivered: number;
  refused: number;
  skipped: number;
  superseded: number;
  /** At the last balance, whatever the period. */
  open: number;
  parked: number;
  /** Ids behind its open differences. */
  differing: number;
  comparedAt: Date | null;
}

export interface BalanceDifference {
  id: string;
  kind: DifferenceKind;
  source: string;
  company: string;
  type: string;
  hour: Date;
  /** Ids that differ now, and the most there were. */
  count: number;
  most: number;
  foundAt: Date;
  evenAt: Date | null;
  reEmitAskedAt: Date | null;
  reEmitAskedBy: string | null;
  acceptedBy: string | null;
  acceptedReason: string | null;
}

export interface DifferingId {
  id: string;
  position: string | null;
  eventId: string | null;
  /** Why the audit could not publish it again. */
  refused: string | null;
}

/** `source|company` of what somebody may see; undefined: everything. */
type Seen = readonly string[] | undefined;

export interface LinesWish {
  source?: string;
  company?: string;
  type?: string;
  from: Date;
  to: Date;
  after?: readonly [source: string, company: string, type: string];
  limit: number;
}

export interface DifferencesWish {
  source?: string;
  company?: string;
  evenToo: boolean;
  beforeId?: string;
  limit: number;
}

export interface LastBalance {
  comparedAt: Date | null;
  toldUpTo: Date | null;
  /** Since the last one; where there was none yet, since the first was due. */
  ageSeconds: number;
}

/** The last balances, for people. */
export class BalanceReport {
  constructor(
    private readonly pool: Pool,
    private readonly connector: string,
  ) {}

  async lines(seen: Seen, { source, company, type, from, to, after, limit }: LinesWish): Promise<BalanceLine[]> {
    const filter = [seen ?? null, source ?? null, company ?? null, type ?? null, from, to];
    const [afterSource = null, afterCompany = null, afterType = null] = after ?? [];
    const values = [...filter, afterSource, limit, afterCompany, afterType];
    return (await this.pool.query<BalanceLine>(sql.SUM_HOURS, values)).rows;
  }

  async differences(seen: Seen, wish: DifferencesWish): Promise<BalanceDifference[]> {
    const { source, company, evenToo, beforeId, limit } = wish;
    const values = [seen ?? null, source ?? null, company ?? null, evenToo, beforeId ?? null, limit];
    return (await this.pool.query<BalanceDifference>(sql.LIST_DIFFERENCES, values)).rows;
  }

  async difference(id: string): Promise<BalanceDifference | undefined> {
    return (await this.pool.query<BalanceDifference>(sql.READ_DIFFERENCE, [id])).rows[0];
  }

  async idsOf(differenceId: string, after: string, limit: number): Promise<DifferingId[]> {
    return (await this.pool.query<DifferingId>(sql.IDS_OF, [differenceId, after, limit])).rows;
  }

  /** Asks the audit to publish again what is missing. @returns how many, as far as one request goes */
  async askReEmit({ id, source, company }: BalanceDifference, actor: string, reason: string): Promise<number> {
    const ids = await this.idsOf(id, '00000000-0000-0000-0000-000000000000', RE_EMITTED_IDS_MAX);
    const payload = { differenceId: id, source, ids: ids.map((one) => one.id), actor, reason: storable(reason) };
    const type = `${this.connector}.balance.re-emit-requested.v1`;
    await inTransaction(this.pool, async (client) => {
      await client.query(sql.NOTE_RE_EMIT, [id, actor]);
      await writeOutcomes(client, [{ subject: `balance/${id}`, type, company, actor, payload }]);
    });
    return ids.length;
  }

  /** It stays as it is, and is named no more. @returns false where it was not open */
  accept(id: string, by: string, reason: string): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const accepted = await client.query(sql.ACCEPT, [id, by, storable(reason)]);
      await client.query(sql.ACCEPT_HOUR, [id]);
      return accepted.rowCount === 1;
    });
  }

  async openByKind(): Promise<Map<DifferenceKind, number>> {
    const { rows } = await this.pool.query<{ kind: DifferenceKind; ids: number }>(sql.COUNT_OPEN);
    return new Map(rows.map(({ kind, ids }) => [kind, ids]));
  }

  async last(): Promise<LastBalance> {
    return (await this.pool.query<LastBalance>(sql.LAST_BALANCE)).rows[0]!;
  }
}
