import { DateTime } from 'luxon';
import type { PoolClient } from 'pg';
import { budgetOf, type PartnerSettings } from '#libs/connector-kit';
import { compareMoney, subtractMoney } from '#libs/contracts';
import type { Integration } from '#libs/settings';
import { RESERVED, TO_BE_RESERVED } from './credit.sql.js';

const NOTHING = '0.00';

/**
 * What may still be asked for today, with what was asked for and is not called yet taken off. What is charged is held to
 * the budget by the engine, call by call: this is for people. @returns money; undefined: nothing caps it
 */
export async function budgetLeft(
  client: PoolClient,
  { id, settings }: Integration<PartnerSettings>,
  operation: string,
  now: Date,
): Promise<string | undefined> {
  const { zone, daily, monthly } = budgetOf(settings);
  if (daily === undefined && monthly === undefined) return undefined;
  const local = DateTime.fromJSDate(now, { zone });
  const [day, month] = [local.toFormat('yyyy-MM-dd'), local.toFormat('yyyy-MM')];
  const { rows } = await client.query<{ period: string; reserved: string }>(RESERVED, [id, day, month]);
  const reserved = new Map(rows.map((row) => [row.period, row.reserved]));
  const waiting = (await client.query<{ cost: string }>(TO_BE_RESERVED, [id, operation])).rows[0]!.cost;
  const rest = (cap: string, period: string) => subtractMoney(cap, reserved.get(period) ?? NOTHING, waiting);
  const rests = [daily && rest(daily, day), monthly && rest(monthly, month)].filter((each) => each !== undefined);
  const least = rests.reduce((one, other) => (compareMoney(one, other) <= 0 ? one : other));
  return compareMoney(least, NOTHING) < 0 ? NOTHING : least;
}
