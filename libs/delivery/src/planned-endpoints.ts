import type { PoolClient } from 'pg';
import { columnsOf } from './columns.js';
import { ENDPOINTS_OF, ENSURE_ENDPOINTS } from './endpoints.sql.js';

/** What a delivery says of where it goes. */
export interface EndpointName {
  integrationId: string;
  group: string;
  /** `source|company` */
  owner: string;
}

const DEFAULT_CONCURRENCY = 8;

/** Ids of the endpoints the deliveries go to, made where they are missing. */
export class PlannedEndpoints {
  private constructor(private readonly ids: ReadonlyMap<string, string>) {}

  static async of(client: PoolClient, names: readonly EndpointName[]): Promise<PlannedEndpoints> {
    const integrations = [...new Set(names.map(({ integrationId }) => integrationId))];
    const known = await read(client, integrations);
    const missing = new Map(names.map((name): [string, EndpointName] => [keyOf(name.integrationId, name.group), name]));
    for (const key of known.keys()) missing.delete(key);
    if (missing.size === 0) return new PlannedEndpoints(known);
    // Sorted, so that two who make the same ones at once wait for each other in one order.
    const rows = [...missing.keys()]
      .sort()
      .map((key) => missing.get(key)!)
      .map(({ integrationId, group, owner }) => [integrationId, group, owner, DEFAULT_CONCURRENCY]);
    await client.query(ENSURE_ENDPOINTS, columnsOf(rows, 4));
    return new PlannedEndpoints(await read(client, integrations));
  }

  get(integrationId: string, group: string): string {
    return this.ids.get(keyOf(integrationId, group))!;
  }
}

async function read(client: PoolClient, integrations: string[]): Promise<Map<string, string>> {
  type Row = { id: string; integration_id: string; operation_group: string };
  const { rows } = await client.query<Row>(ENDPOINTS_OF, [integrations]);
  return new Map(rows.map((row) => [keyOf(row.integration_id, row.operation_group), row.id]));
}

function keyOf(integrationId: string, group: string): string {
  return `${integrationId}\n${group}`;
}
