import type { PoolClient } from 'pg';
import type { ReceivableChanged } from '#libs/contracts';
import * as sql from './titles.sql.js';

type Queryable = Pick<PoolClient, 'query'>;

/** A title as its last event left it, and where in the connector's order that was. */
export interface TitleNow {
  title: ReceivableChanged;
  position: bigint;
}

export interface TitlesWish {
  source: string;
  company: string;
  /** Titles in the order of their ids, behind this one. */
  after: string;
  limit: number;
}

/** A branch or business unit with titles of its own. */
export interface TitlePlace {
  branch: string;
  businessUnit?: string;
  titles: number;
  /** Open or settled in part. */
  owed: number;
}

/** The next titles of a walk, deleted ones included. */
export async function readTitles(client: Queryable, wish: TitlesWish): Promise<TitleNow[]> {
  const { source, company, after, limit } = wish;
  const { rows } = await client.query(sql.READ_TITLES, [source, company, after, limit]);
  return rows.map(toTitleNow);
}

/** These titles, locked until the transaction ends: what comes in meanwhile waits, and is planned behind it. */
export async function lockTitles(
  client: Queryable,
  source: string,
  company: string,
  titles: readonly string[],
): Promise<TitleNow[]> {
  return (await client.query(sql.LOCK_TITLES, [source, company, titles])).rows.map(toTitleNow);
}

/** Every title the holder of this document owes, locked as `lockTitles` locks. */
export async function lockOwedBy(
  client: Queryable,
  source: string,
  company: string,
  document: string,
): Promise<TitleNow[]> {
  return (await client.query(sql.LOCK_OWED_BY, [source, company, document])).rows.map(toTitleNow);
}

export async function placesOfTitles(client: Queryable, source: string, company: string): Promise<TitlePlace[]> {
  type Row = { branch: string; business_unit: string | null; titles: number; owed: number };
  const { rows } = await client.query<Row>(sql.PLACES_OF_TITLES, [source, company]);
  return rows.map(({ branch, business_unit: businessUnit, titles, owed }) => ({
    branch,
    ...(businessUnit !== null && { businessUnit }),
    titles,
    owed,
  }));
}

function toTitleNow(row: { data: ReceivableChanged; position: string }): TitleNow {
  return { title: row.data, position: BigInt(row.position) };
}
