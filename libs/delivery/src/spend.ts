import type { PoolClient } from 'pg';
import { DateTime } from 'luxon';
import { addMoney, compareMoney } from '#libs/contracts';
import type { Budget } from './courier.js';
import { ENSURE_SPEND, LOCK_SPEND, RESERVE } from './paid.sql.js';

/** A cap that would be exceeded, and when the next day or month of the integration begins. */
export interface SpentOut {
  until: Date;
  detail: string;
}

export interface Reserved {
  /** The local day it is charged to. */
  day: string;
}

interface Period {
  name: string;
  cap: string | undefined;
  until: Date;
  words: [pt: string, en: string];
}

/**
 * Takes the cost from the integration's day and month, within the transaction of the intent. Whoever reserves for the
 * same integration waits for its row, so that two replicas never see the same rest of a budget.
 */
export async function reserve(
  client: PoolClient,
  integrationId: string,
  cost: string,
  { budget, now }: { budget: Budget; now: Date },
): Promise<Reserved | SpentOut> {
  const periods = periodsOf(budget, now);
  const names = periods.map(({ name }) => name);
  await client.query(ENSURE_SPEND, [integrationId, names, periods.map(({ cap }) => cap ?? null)]);
  const { rows } = await client.query<{ period: string; reserved: string }>(LOCK_SPEND, [integrationId, names]);
  const reserved = new Map(rows.map((row) => [row.period, row.reserved]));
  for (const period of periods) {
    const before = reserved.get(period.name)!;
    if (period.cap !== undefined && compareMoney(addMoney(before, cost), period.cap) > 0)
      return { until: period.until, detail: spentOutInWords(period, before, cost) };
  }
  await client.query(RESERVE, [integrationId, names, cost]);
  return { day: periods[1]!.name };
}

/** The month first: its end is the later one. */
function periodsOf({ zone, daily, monthly }: Budget, now: Date): Period[] {
  const local = DateTime.fromJSDate(now, { zone });
  const next = (unit: 'day' | 'month') =>
    local
      .startOf(unit)
      .plus({ [unit]: 1 })
      .startOf(unit)
      .toJSDate();
  return [
    { name: local.toFormat('yyyy-MM'), cap: monthly, until: next('month'), words: ['mensal', 'monthly'] },
    { name: local.toFormat('yyyy-MM-dd'), cap: daily, until: next('day'), words: ['diário', 'daily'] },
  ];
}

function spentOutInWords({ cap, words: [pt, en] }: Period, before: string, cost: string): string {
  return `o limite ${pt} de ${cap} seria excedido: ${before} já reservados, mais ${cost} / the ${en} cap of ${cap} would be exceeded: ${before} reserved already, and ${cost} more`;
}
