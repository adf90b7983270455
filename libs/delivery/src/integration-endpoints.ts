import type { PoolClient } from 'pg';
import { ENDPOINTS_OF, ENSURE_ENDPOINTS, EXEMPT_ENDPOINTS } from './endpoints.sql.js';

export interface EndpointWish {
  integrationId: string;
  source: string;
  company: string;
  groups: readonly string[];
  concurrency: number;
  /** Of the groups, those that no cap and no ramp holds back. */
  exempt?: readonly string[];
}

/** Makes an integration's endpoints before anything is planned for it, so that they can be paused. @returns their ids */
export async function ensureEndpoints(client: Pick<PoolClient, 'query'>, wish: EndpointWish): Promise<string[]> {
  const { integrationId, source, company, groups, concurrency, exempt } = wish;
  await client.query(ENSURE_ENDPOINTS, [
    groups.map(() => integrationId),
    groups,
    groups.map(() => `${source}|${company}`),
    groups.map(() => concurrency),
  ]);
  if (exempt) {
    const values = [integrationId, groups, groups.map((group) => exempt.includes(group))];
    await client.query(EXEMPT_ENDPOINTS, values);
  }
  const { rows } = await client.query<{ id: string }>(ENDPOINTS_OF, [[integrationId]]);
  return rows.map((row) => row.id);
}
