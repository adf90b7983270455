import type { PoolClient } from 'pg';
import { isUuid, type BalanceListed } from '#libs/contracts';
import type { BalanceDifferences, DifferenceKind } from './balance-differences.js';
import * as sql from './balance.sql.js';

type Wish = BalanceListed & { company: string; connector: string };
type Found = { id: string; position?: string; eventId?: string };

/**
 * One stretch of the audit's ids of an hour, against ours of the same stretch. Stretches come in order; each is complete
 * in itself, so that one that comes twice finds the same.
 */
export async function compareList(client: PoolClient, differences: BalanceDifferences, wish: Wish): Promise<void> {
  const { source, company, type, hour, after, upTo, last } = wish;
  const place = [source, company, type, hour];
  if ((await client.query(sql.LOCK_ASKED, place)).rows.length === 0) return;
  for (const [kind, found] of await differing(client, wish)) {
    await client.query(sql.UNNAME_IDS, [kind, ...place, after, upTo]);
    await differences.name(kind, wish, found);
  }
  if (!last) return;
  await differences.close();
  await client.query(sql.END_LIST, place);
}

function differing(client: PoolClient, wish: Wish): Promise<[DifferenceKind, Found[]][]> {
  const ids = wish.ids.filter(isUuid);
  const state = new RegExp(`^${wish.connector}\\.delivery\\.([a-z]+)\\.v1$`).exec(wish.type)?.[1];
  return state === undefined ? differingEvents(client, wish, ids) : differingOutcomes(client, wish, ids, state);
}

async function differingEvents(client: PoolClient, wish: Wish, ids: string[]): Promise<[DifferenceKind, Found[]][]> {
  const { source, company, type, hour, after, upTo } = wish;
  const missing = await client.query<Found>(sql.NOT_TAKEN_IN, [ids, source, hour.slice(0, 10)]);
  const extra = await client.query<Found>(sql.NOT_CARRIED, [hour, source, company, type, after, upTo, ids]);
  return [
    ['missing', missing.rows],
    ['extra', extra.rows],
  ];
}

async function differingOutcomes(
  client: PoolClient,
  { connector, source, company, hour, after, upTo }: Wish,
  ids: string[],
  state: string,
): Promise<[DifferenceKind, Found[]][]> {
  const due = [hour, connector, source, company, state];
  type Row = { id: string; position: string; event_id: string | null };
  const unheard = await client.query<Row>(sql.OUTCOMES_UNHEARD, [...due, after, upTo, ids]);
  const unknown = await client.query<Found>(sql.OUTCOMES_UNKNOWN, [...due, ids]);
  return [
    [
      'outcome-missing',
      unheard.rows.map(({ event_id: eventId, ...row }) => ({ ...row, eventId: eventId ?? undefined })),
    ],
    ['outcome-extra', unknown.rows],
  ];
}
