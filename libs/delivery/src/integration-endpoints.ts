import type { PoolClient } from 'pg';
import { ENDPOINTS_OF, ENSURE_ENDPOINTS } from './endpoints.sql.js';

export interface EndpointWish {
  integrationId: string;
  source: string;
  company: string;
  groups: readonly string[];
  concurrency: number;
}

/** Makes an integration's endpoints before anything is planned for it, so that they can be paused. @returns their ids */
export async function ensureEndpoints(client: Pick<PoolClient, 'query'>, wish: EndpointWish): Promise<string[]> {
  const { integrationId, source, company, groups, concurrency } = wish;
  await client.query(ENSURE_ENDPOINTS, [
    groups.map(() => integrationId),
    groups,
    groups.map(() => `${source}|${company}`),
    groups.map(() => concurrency),
  ]);
  const { rows } = await client.query<{ id: string }>(ENDPOINTS_OF, [[integrationId]]);
  return rows.map((row) => row.id);
}
