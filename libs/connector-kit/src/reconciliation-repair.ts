import type { Pool, PoolClient } from 'pg';
import type { ReceivableChanged } from '#libs/contracts';
import type { DeliveryEngine, PlannedDelivery, ToSchedule } from '#libs/delivery';
import { lockTitles } from '#libs/receivables';
import { inTransaction } from '#libs/runtime';
import type { Integration } from '#libs/settings';
import type { PartnerSettings } from './partner-settings.js';
import type { ItemKind } from './reconciliation-book.js';
import { NOTE_PLANNED, TO_REPAIR } from './reconciliation.sql.js';

export interface RepairWish {
  reconciliationId: string;
  kinds: readonly ItemKind[];
  by: string;
}

export interface RepairOptions {
  pool: Pool;
  engine: DeliveryEngine;
  /** Plans a title as it stands, as states. @throws Error where it cannot be told */
  planTitle: (integration: Integration<PartnerSettings>, title: ReceivableChanged) => PlannedDelivery[];
}

const AT_ONCE = 200;

/**
 * Plans the titles as they stand now, as states on their own lanes: what is on its way there goes first. Locked against
 * the movements that come in meanwhile. Asked for again, it plans what is left.
 * @returns how many titles were planned
 */
export async function repair(
  options: RepairOptions,
  integration: Integration<PartnerSettings>,
  wish: RepairWish,
): Promise<number> {
  let planned = 0;
  for (let after: string | undefined = '0'; after !== undefined;) {
    const behind: string = after;
    const step = await inTransaction(options.pool, (client) => repairSome(client, options, integration, wish, behind));
    planned += step.planned;
    after = step.next;
  }
  options.engine.stir();
  return planned;
}

async function repairSome(
  client: PoolClient,
  { engine, planTitle }: RepairOptions,
  integration: Integration<PartnerSettings>,
  { reconciliationId, kinds, by }: RepairWish,
  after: string,
): Promise<{ planned: number; next?: string }> {
  type Row = { id: string; receivable_id: string };
  const { rows } = await client.query<Row>(TO_REPAIR, [reconciliationId, kinds, after, AT_ONCE]);
  const ids = rows.map((row) => row.receivable_id);
  const titles = await lockTitles(client, integration.source, integration.company, ids);
  const batch = titles.flatMap(({ title }) => toSchedule(title, integration, planTitle));
  await engine.schedule(client, batch);
  const told = new Set(batch.map(({ cause }) => cause.subject));
  const done = rows.filter((row) => told.has(subjectOf(row.receivable_id)));
  await client.query(NOTE_PLANNED, [done.map(({ id }) => id), by]);
  return { planned: done.length, ...(rows.length === AT_ONCE && { next: rows.at(-1)!.id }) };
}

/** What cannot be told any more stays on the list, unplanned. */
function toSchedule(
  title: ReceivableChanged,
  integration: Integration<PartnerSettings>,
  planTitle: RepairOptions['planTitle'],
): ToSchedule[] {
  const { id: integrationId, source, company } = integration;
  const { receivableId, branch } = title;
  try {
    const deliveries = planTitle(integration, title);
    const cause = { source, company, branch, subject: subjectOf(receivableId) };
    return deliveries.length > 0 ? [{ cause, plans: [{ integrationId, deliveries }] }] : [];
  } catch {
    return [];
  }
}

function subjectOf(receivableId: string): string {
  return `receivable/${receivableId}`;
}
