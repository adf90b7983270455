import type { PoolClient } from 'pg';
import type { HubEvent } from '#libs/contracts';
import type { IntegrationPlan, PlannedDelivery } from './plan.js';
import { ENDPOINTS_OF, ENSURE_ENDPOINTS } from './endpoints.sql.js';
import { ENSURE_LANES, LOCK_LANES_BY_KEY, RECOMPUTE_LANES } from './lanes.sql.js';
import {
  DRAW_POSITIONS,
  INSERT_DELIVERIES,
  LAST_OPEN_OF_LANES,
  SETTLE_DELIVERIES,
  SUPERSEDED_STATES,
} from './ledger.sql.js';
import { ContentFailure } from './content-failure.js';
import { columnsOf } from './settle.js';

/** Where a delivery comes from. */
export type Cause = Pick<HubEvent, 'source' | 'company' | 'branch' | 'subject' | 'traceparent'> & {
  id?: string;
  type?: string;
};

export interface ToSchedule {
  cause: Cause;
  plans: readonly IntegrationPlan[];
}

interface Entry {
  integrationId: string;
  delivery: PlannedDelivery;
  cause: Cause;
}

const DEFAULT_GROUP = 'default';
const DEFAULT_CONCURRENCY = 8;

interface Lane {
  id: string;
  leased: boolean;
}

/**
 * Puts deliveries on their lanes, in the order given: locks the lanes by rising id, draws the positions, inserts, lets
 * newer states take the place of older ones, and says in a new statement what each lane waits for.
 * @returns how many were put there
 */
export async function schedule(client: PoolClient, batch: readonly ToSchedule[]): Promise<number> {
  const entries = batch.flatMap(({ cause, plans }) =>
    plans.flatMap(({ integrationId, deliveries }) =>
      deliveries.map((delivery) => ({ integrationId, delivery, cause })),
    ),
  );
  if (entries.length === 0) return 0;
  const endpoints = await endpointsFor(client, entries);
  const lanes = await lockLanes(client, entries);
  const positions = await drawPositions(client, entries.length);
  const after = await dependenciesOf(client, entries, lanes, positions);
  const rows = entries.map((entry, at) => rowOf(entry, { at, endpoints, lanes, positions, after }));
  await client.query(INSERT_DELIVERIES, columnsOf(rows, 18));
  await supersede(client, entries, lanes, positions);
  await client.query(RECOMPUTE_LANES, [[...new Set([...lanes.values()].map((lane) => lane.id))]]);
  return entries.length;
}

/** Rising positions, drawn after the locks that order them. */
export async function drawPositions(client: PoolClient, count: number): Promise<string[]> {
  const { rows } = await client.query<{ position: string }>(DRAW_POSITIONS, [count]);
  return rows.map((row) => row.position).sort((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1));
}

function laneKeyOf(integrationId: string, key: string): string {
  return `${integrationId}\n${key}`;
}

async function endpointsFor(client: PoolClient, entries: readonly Entry[]): Promise<Map<string, string>> {
  const integrations = [...new Set(entries.map((entry) => entry.integrationId))];
  const known = await readEndpoints(client, integrations);
  const missing = new Map<string, Entry>();
  for (const entry of entries) {
    const at = endpointKeyOf(entry);
    if (!known.has(at)) missing.set(at, entry);
  }
  if (missing.size === 0) return known;
  const rows = [...missing.values()].map(({ integrationId, delivery, cause }) => [
    integrationId,
    delivery.group ?? DEFAULT_GROUP,
    `${cause.source}|${cause.company}`,
    DEFAULT_CONCURRENCY,
  ]);
  await client.query(ENSURE_ENDPOINTS, columnsOf(rows, 4));
  return readEndpoints(client, integrations);
}

async function readEndpoints(client: PoolClient, integrations: string[]): Promise<Map<string, string>> {
  type Row = { id: string; integration_id: string; operation_group: string };
  const { rows } = await client.query<Row>(ENDPOINTS_OF, [integrations]);
  return new Map(rows.map((row) => [`${row.integration_id}\n${row.operation_group}`, row.id]));
}

function endpointKeyOf({ integrationId, delivery }: Entry): string {
  return `${integrationId}\n${delivery.group ?? DEFAULT_GROUP}`;
}

/** Own lanes and those waited for, in one sorted set. */
async function lockLanes(client: PoolClient, entries: readonly Entry[]): Promise<Map<string, Lane>> {
  const wanted = new Map<string, [string, string]>();
  for (const { integrationId, delivery } of entries) {
    for (const key of [delivery.lane, ...(delivery.after ?? [])])
      wanted.set(laneKeyOf(integrationId, key), [integrationId, key]);
  }
  const sorted = [...wanted.keys()].sort().map((key) => wanted.get(key)!);
  const values = columnsOf(sorted, 2);
  await client.query(ENSURE_LANES, values);
  type Row = { id: string; integration_id: string; key: string; leased: boolean };
  const { rows } = await client.query<Row>(LOCK_LANES_BY_KEY, values);
  return new Map(rows.map((row) => [laneKeyOf(row.integration_id, row.key), { id: row.id, leased: row.leased }]));
}

interface Dependency {
  lane: string;
  position: string;
}

/** The highest open position now of each lane waited for; nothing open is satisfied at once. */
async function dependenciesOf(
  client: PoolClient,
  entries: readonly Entry[],
  lanes: Map<string, Lane>,
  positions: string[],
) {
  const waited = entries.flatMap(({ integrationId, delivery }) =>
    (delivery.after ?? []).map((key) => lanes.get(laneKeyOf(integrationId, key))!.id),
  );
  if (waited.length === 0) return new Map<number, Dependency[]>();
  const { rows } = await client.query<{ lane_id: string; position: string }>(LAST_OPEN_OF_LANES, [waited]);
  const lastOpen = new Map(rows.map((row) => [row.lane_id, row.position]));
  const after = new Map<number, Dependency[]>();
  entries.forEach(({ integrationId, delivery }, at) => {
    const own = lanes.get(laneKeyOf(integrationId, delivery.lane))!.id;
    if (delivery.after?.includes(delivery.lane))
      throw new ContentFailure(`${delivery.operation} on ${delivery.lane} would wait for itself`);
    const open = (delivery.after ?? []).flatMap((key): Dependency[] => {
      const lane = lanes.get(laneKeyOf(integrationId, key))!.id;
      const position = lastOpen.get(lane);
      return position ? [{ lane, position }] : [];
    });
    if (open.length > 0) after.set(at, open);
    lastOpen.set(own, positions[at]!);
  });
  return after;
}

interface RowContext {
  at: number;
  endpoints: Map<string, string>;
  lanes: Map<string, Lane>;
  positions: string[];
  after: Map<number, Dependency[]>;
}

function rowOf(entry: Entry, { at, endpoints, lanes, positions, after }: RowContext): unknown[] {
  const { delivery, cause, integrationId } = entry;
  const waits = after.get(at);
  return [
    positions[at],
    lanes.get(laneKeyOf(integrationId, delivery.lane))!.id,
    integrationId,
    endpoints.get(endpointKeyOf(entry)),
    delivery.operation,
    delivery.kind,
    delivery.kind === 'state' ? (delivery.target ?? delivery.lane) : null,
    delivery.priority ?? 0,
    cause.source,
    cause.company,
    cause.branch ?? null,
    cause.id ?? null,
    cause.type ?? null,
    cause.subject,
    delivery.keys ? JSON.stringify(delivery.keys) : null,
    cause.traceparent ?? null,
    JSON.stringify(delivery.body),
    waits ? JSON.stringify(waits) : null,
  ];
}

async function supersede(
  client: PoolClient,
  entries: readonly Entry[],
  lanes: Map<string, Lane>,
  positions: string[],
): Promise<void> {
  const states = entries.flatMap(({ integrationId, delivery }, at) => {
    const lane = lanes.get(laneKeyOf(integrationId, delivery.lane))!;
    if (delivery.kind !== 'state' || lane.leased) return [];
    return [[lane.id, delivery.operation, delivery.target ?? delivery.lane, positions[at]]];
  });
  if (states.length === 0) return;
  const { rows } = await client.query<{ position: string; by: string }>(SUPERSEDED_STATES, columnsOf(states, 4));
  const newest = new Map<string, string>();
  for (const { position, by } of rows) if (BigInt(by) > BigInt(newest.get(position) ?? 0)) newest.set(position, by);
  if (newest.size === 0) return;
  const settled = [...newest].map(([position, by]) => [position, 'superseded', `by ${by}`, null, 0, 1, null]);
  await client.query(SETTLE_DELIVERIES, columnsOf(settled, 7));
}
