import type { Pool } from 'pg';
import { isFillStale, renewFillWish } from '#libs/receivables';
import type { IntegrationRegistry } from '#libs/settings';
import type { PartnerSettings } from './partner-settings.js';

/**
 * Has the titles of each company read whole from time to time: an ERP whose job has stopped looks, from its outbox, like
 * one in which nothing happens. What a walk finds otherwise than the events told is counted until a movement tells it.
 */
export async function askForDueComparisons(pool: Pool, registry: IntegrationRegistry<PartnerSettings>): Promise<void> {
  for (const { source, company, settings, state } of await registry.readAll(pool)) {
    const days = settings.compareEveryDays;
    if (state.kind !== 'ready' || days === 0 || !(await isFillStale(pool, source, company, days))) continue;
    await renewFillWish(pool, { source, company, requestedBy: 'ponte' });
  }
}
