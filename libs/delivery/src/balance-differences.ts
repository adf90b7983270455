import type { PoolClient } from 'pg';
import * as sql from './balance.sql.js';

export const DIFFERENCE_KINDS = [
  'missing',
  'extra',
  'unaccounted',
  'delivery-missing',
  'outcome-missing',
  'outcome-extra',
] as const;
/**
 * `missing`: carried, not taken in. `extra`: taken in, not carried. `unaccounted`: taken in, and nothing says what became
 * of it. `delivery-missing`: planned, and neither open nor settled. `outcome-missing`: settled, and its outcome neither
 * heard of nor waiting. `outcome-extra`: an outcome of which the ledger knows nothing.
 */
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** What differs, of whatever company and type. */
export interface Differing {
  id: string;
  position?: string | null;
  eventId?: string | null;
  source: string;
  company: string;
  type: string;
}

/** Of one kind, in an hour of a company's type. */
export interface DifferencePlace {
  source: string;
  company: string;
  type: string;
  hour: Date | string;
}

/** Ids of one difference that are named; the next balance names those behind them. */
export const IDS_MAX = 10_000;

/** Writes differences, in the transaction of what found them. */
export class BalanceDifferences {
  constructor(private readonly client: PoolClient) {}

  async nameAll(kind: DifferenceKind, hour: Date | string, found: readonly Differing[]): Promise<void> {
    for (const of of Map.groupBy(found, ({ source, company, type }) => `${source}|${company}|${type}`).values())
      await this.name(kind, { ...of[0]!, hour }, of);
    await this.close();
  }

  async name(
    kind: DifferenceKind,
    { source, company, type, hour }: DifferencePlace,
    found: readonly Pick<Differing, 'id' | 'position' | 'eventId'>[],
  ): Promise<void> {
    if (found.length === 0) return;
    const opened = await this.client.query<{ id: string }>(sql.OPEN_DIFFERENCE, [kind, source, company, type, hour]);
    await this.client.query(sql.NAME_IDS, [
      opened.rows[0]!.id,
      found.map(({ id }) => id),
      found.map(({ position }) => position ?? null),
      found.map(({ eventId }) => eventId ?? null),
      IDS_MAX,
    ]);
  }

  /** Those of which nothing is left are even. */
  async close(): Promise<void> {
    await this.client.query(sql.CLOSE_EVEN);
    await this.client.query(sql.COUNT_MOST);
  }
}
