import { randomUUID } from 'node:crypto';
import { DateTime } from 'luxon';
import type { PoolClient } from 'pg';
import type { BackfillFinished, BackfillStarted, HubEvent, ReceivableChanged } from '#libs/contracts';
import * as sql from './fill.sql.js';

type Queryable = Pick<PoolClient, 'query'>;

export interface FillWish {
  source: string;
  company: string;
  backfillId: string;
  requestedBy: string;
}

/** Whether the titles of a company were ever read whole. */
export interface FillState {
  filledAt?: Date;
  rows?: number;
  swept?: number;
  wantedAt?: Date;
  wantedBy?: string;
  walking: boolean;
  /** Titles that the last walk found otherwise than every event had told, and no movement has told of since. */
  missed: number;
}

/** Titles a load is about. */
export interface TitlesToLoad {
  source: string;
  company: string;
  branch?: string;
  /** Titles in the order of their ids, behind this one. */
  after: string;
  /** Changed behind this position, in any way. */
  above: string;
  /** Without a movement behind this position: that one told of the title itself. */
  notMovedAfter: string;
  /** Only what is owed, or has a settlement that stands of this day or later: `YYYY-MM-DD`, `infinity` for none. */
  owedOrSettledSince?: string;
  limit: number;
}

/** A walk shows what was settled in the last 365 days; one day less leaves room for midnight. */
const SETTLED_DAYS = 364;

/**
 * Asks that the titles of a company be read whole, unless they were; a wish that stands is the same wish.
 * @returns what is wanted; undefined where nothing is
 */
export async function wantFill(
  client: Queryable,
  { source, company, requestedBy }: Omit<FillWish, 'backfillId'>,
): Promise<FillWish | undefined> {
  const { rows } = await client.query<{ wanted_id: string }>(sql.WANT_FILL, [
    source,
    company,
    randomUUID(),
    requestedBy,
  ]);
  return rows[0] && { source, company, backfillId: rows[0].wanted_id, requestedBy };
}

/** Asks for a walk, whatever was walked before; one under way that never ended is given up. @returns its id */
export async function renewFillWish(
  client: Queryable,
  { source, company, requestedBy }: Omit<FillWish, 'backfillId'>,
): Promise<string> {
  const backfillId = randomUUID();
  await client.query(sql.RENEW_WISH, [source, company, backfillId, requestedBy]);
  return backfillId;
}

/**
 * Wishes that no walk has answered, to be said in this transaction; the same ones again after `againAfterSeconds`: whoever
 * was not there to hear it hears it then.
 */
export async function sayFillWishes(client: Queryable, againAfterSeconds: number): Promise<FillWish[]> {
  type Row = { source: string; company: string; wanted_id: string; wanted_by: string };
  const { rows } = await client.query<Row>(sql.SAY_WISHES, [againAfterSeconds]);
  return rows.map((row) => ({
    source: row.source,
    company: row.company,
    backfillId: row.wanted_id,
    requestedBy: row.wanted_by,
  }));
}

export async function readFill(client: Queryable, source: string, company: string): Promise<FillState> {
  const row = (await client.query(sql.READ_FILL, [source, company])).rows[0];
  return {
    filledAt: row?.filled_at ?? undefined,
    rows: row?.rows ?? undefined,
    swept: row?.swept ?? undefined,
    wantedAt: row?.wanted_at ?? undefined,
    wantedBy: row?.wanted_by ?? undefined,
    walking: row?.walking ?? false,
    missed: row?.missed ?? 0,
  };
}

/** Companies of which the ERP's views tell what its events did not: its job has stopped, or forgot a kind of movement. */
export async function countMissed(client: Queryable): Promise<{ source: string; company: string; missed: number }[]> {
  return (await client.query(sql.COUNT_MISSED)).rows as { source: string; company: string; missed: number }[];
}

/** Whether the titles were last read whole more than `days` ago, and nobody has asked for it since. */
export async function isFillStale(client: Queryable, source: string, company: string, days: number): Promise<boolean> {
  return ((await client.query(sql.IS_STALE, [source, company, days])).rowCount ?? 0) > 0;
}

/** A walk through the ERP's titles begins at this position; every title of it is heard of after. */
export async function beginWalk(client: Queryable, event: HubEvent, position: bigint): Promise<void> {
  const { backfillId } = event.data as BackfillStarted;
  await client.query(sql.BEGIN_WALK, [event.source, event.company, backfillId, String(position)]);
}

/**
 * The walk is over: what it had to show and did not is gone from the ERP, unless something was heard of it since the walk
 * began. Where more rows were skipped than are named, nothing is swept: nobody can tell what is missing.
 */
export async function endWalk(client: Queryable, event: HubEvent, position: bigint): Promise<void> {
  const { source, company } = event;
  const { backfillId, startedAt, rows, skipped = 0, skippedIds = [] } = event.data as BackfillFinished;
  const walk = (await client.query<{ started: string }>(sql.LOCK_WALK, [source, company, backfillId])).rows[0];
  if (!walk) return;
  const since = DateTime.fromISO(startedAt, { zone: 'utc' }).minus({ days: SETTLED_DAYS }).toISODate();
  const values = [source, company, walk.started, skippedIds, since, String(position)];
  const swept = skipped > skippedIds.length ? 0 : (await client.query(sql.SWEEP_UNSEEN, values)).rowCount;
  await client.query(sql.END_WALK, [source, company, rows, swept]);
}

/** The next titles of a load, locked: a movement that comes in meanwhile waits, or has come before and excludes its title. */
export async function lockTitlesToLoad(client: Queryable, wish: TitlesToLoad): Promise<ReceivableChanged[]> {
  const { source, company, branch = null, after, above, notMovedAfter, owedOrSettledSince = null, limit } = wish;
  const values = [source, company, branch, after, above, notMovedAfter, owedOrSettledSince, limit];
  const { rows } = await client.query<{ data: ReceivableChanged }>(sql.LOCK_TITLES_TO_LOAD, values);
  return rows.map(({ data }) => data);
}

export async function countOwed(client: Queryable, source: string, company: string, branch?: string): Promise<number> {
  const { rows } = await client.query<{ titles: number }>(sql.COUNT_OWED, [source, company, branch ?? null]);
  return rows[0]!.titles;
}
