import type { PoolClient } from 'pg';
import type { ConnectorDefinition } from '#libs/connector-kit';
import type { ReceivableChanged } from '#libs/contracts';
import type { PlannedDelivery } from '#libs/delivery';
import { lockOwedBy } from '#libs/receivables';
import { Problem } from '#libs/runtime';
import type { CreditPartner } from './credit-partner.js';
import type { Asked } from './credit-wish.js';
import { accountOf, type Offer } from './offer.js';

/** Before what waits for the window of the day. */
export const AT_ONCE = 1;

/** A title, and what tells the partner of it. */
export interface OwedTitle {
  title: ReceivableChanged;
  deliveries: PlannedDelivery[];
}

export interface OwedParts {
  partner: CreditPartner;
  definition: ConnectorDefinition;
}

/**
 * Everything the customer owes that is told through this account, locked until it is planned; daily synchronisation on or
 * off. @throws Problem 409 `titles-not-told` where one cannot be planned: nothing is asked for then
 */
export async function planOwedTitles(
  client: PoolClient,
  parts: OwedParts,
  { source, company, document }: Asked,
  { integration, all }: Offer,
): Promise<OwedTitle[]> {
  const titles = await lockOwedBy(client, source, company, document);
  const own = titles.filter(({ title }) => accountOf(all, title.branch)?.id === integration.id);
  return own.map(({ title }) => ({ title, deliveries: plan(parts, title, integration.settings) }));
}

/** On the endpoint of its operation. @throws Error for one that nobody delivers */
export function inItsGroup(definition: ConnectorDefinition, delivery: PlannedDelivery): PlannedDelivery {
  const entry = definition.delivers.get(delivery.operation);
  if (!entry) throw new Error(`nothing delivers "${delivery.operation}": write @Deliver('${delivery.operation}')`);
  return { ...delivery, ...(entry.group !== undefined && { group: entry.group }) };
}

function plan(
  { partner, definition }: OwedParts,
  title: ReceivableChanged,
  settings: Offer['integration']['settings'],
): PlannedDelivery[] {
  try {
    const { receivableId, number, installment, contractId, customer } = title;
    const keys = { receivableId, titleNumber: number, installment, contractId, customerId: customer.id };
    // A movement: were it a state, a newer one could take its place and the analysis would not wait for that.
    return partner
      .planTitle(title, settings)
      .map((each) => inItsGroup(definition, { keys, ...each, kind: 'movement', priority: AT_ONCE }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const detail = `o título ${title.receivableId} não pode ser enviado antes da consulta / cannot be told before the analysis: ${reason}`;
    throw new Problem({ type: 'titles-not-told', status: 409, detail });
  }
}
