import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { ENDPOINT_OF_GROUP, LANE_FACTS } from './lane-facts.sql.js';
import { LAST_POSITION } from './ledger.sql.js';

type Queryable = Pick<PoolClient, 'query'>;

/** What the ledger says of one lane. */
export interface LaneFacts {
  /** Something is on its way. */
  open: boolean;
  /** What is open waits for a person. */
  parked: boolean;
  settledSince: boolean;
  /** The partner was given something of it, as far back as the ledger keeps it. */
  delivered: boolean;
}

/** @param lanes with the subject of what was planned on them @param since what was settled from then on counts as recent */
export async function readLaneFacts(
  client: Queryable,
  integrationId: string,
  lanes: readonly { key: string; subject: string }[],
  since: Date,
): Promise<Map<string, LaneFacts>> {
  if (lanes.length === 0) return new Map();
  const keys = columnsOf(
    lanes.map(({ key, subject }) => [key, subject]),
    2,
  );
  type Row = { key: string; open: boolean; parked: boolean; settled_since: boolean; delivered: boolean };
  const { rows } = await client.query<Row>(LANE_FACTS, [integrationId, ...keys, since]);
  return new Map(
    rows.map(({ key, open, parked, settled_since: settledSince, delivered }) => [
      key,
      { open, parked, settledSince, delivered },
    ]),
  );
}

/** @returns undefined where nothing was ever saved or planned for it */
export async function endpointOfGroup(
  client: Queryable,
  integrationId: string,
  group: string,
): Promise<string | undefined> {
  return (await client.query<{ id: string }>(ENDPOINT_OF_GROUP, [integrationId, group])).rows[0]?.id;
}

/** Everything planned so far lies at or below it. */
export async function lastPosition(client: Queryable): Promise<string> {
  return (await client.query<{ position: string }>(LAST_POSITION)).rows[0]!.position;
}
