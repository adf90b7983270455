import type { PoolClient } from 'pg';
import type { HubEvent } from '#libs/contracts';
import { columnsOf } from './columns.js';
import { dependenciesOf, refuseRings, type Dependency } from './dependencies.js';
import { LockedLanes } from './lane-locks.js';
import { RECOMPUTE_LANES } from './lanes.sql.js';
import { DRAW_POSITIONS, INSERT_DELIVERIES } from './ledger.sql.js';
import { askedBefore } from './operation-keys.js';
import type { OutcomeWriter } from './outcome-events.js';
import type { IntegrationPlan, PlannedDelivery } from './plan.js';
import { PlannedEndpoints } from './planned-endpoints.js';
import { supersede } from './supersede.js';

/** Where a delivery comes from. */
export type Cause = Pick<HubEvent, 'source' | 'company' | 'branch' | 'subject' | 'traceparent'> & {
  id?: string;
  type?: string;
};

export interface ToSchedule {
  cause: Cause;
  plans: readonly IntegrationPlan[];
}

/** What was not put on its lane again: it was asked for before, by its permanent key. */
export interface AskedBefore {
  /** Which of the batch it comes of. */
  at: number;
  integrationId: string;
  operation: string;
  /** What it became then. */
  position: string;
}

export interface Scheduled {
  planned: number;
  askedBefore: AskedBefore[];
}

interface Entry {
  /** Which of the batch it comes of. */
  at: number;
  integrationId: string;
  delivery: PlannedDelivery;
  cause: Cause;
}

/** An entry with the rows it belongs to. */
interface PlacedEntry extends Entry {
  laneId: string;
  laneIsLeased: boolean;
  endpointId: string;
  position: string;
  after: string[];
}

const DEFAULT_GROUP = 'default';

/**
 * Puts deliveries on their lanes, in the order given: locks the lanes by rising id, draws the positions, inserts, lets
 * newer states take the place of older ones, and says in a new statement what each lane waits for.
 * @returns how many were put there, and what was asked for before
 * @throws ContentFailure where a plan asks for a ring of waits
 */
export async function schedule(
  client: PoolClient,
  outcomes: OutcomeWriter,
  batch: readonly ToSchedule[],
): Promise<Scheduled> {
  const entries = batch.flatMap(({ cause, plans }, at) => plans.flatMap((plan) => toEntries(at, cause, plan)));
  if (entries.length === 0) return { planned: 0, askedBefore: [] };
  const all = await place(client, entries);
  const before = await askedBefore(client, all);
  const placed = before.size === 0 ? all : all.filter(({ position }) => !before.has(position));
  const after = await dependenciesOf(client, placed);
  const rows = placed.map((entry, at) => rowOf(entry, after[at]));
  await client.query(INSERT_DELIVERIES, columnsOf(rows, 19));
  await supersede(client, outcomes, placed.flatMap(toNewState));
  await client.query(RECOMPUTE_LANES, [[...new Set(placed.map(({ laneId }) => laneId))]]);
  const repeated = all.flatMap(({ at, integrationId, delivery: { operation }, position }): AskedBefore[] => {
    const first = before.get(position);
    return first === undefined ? [] : [{ at, integrationId, operation, position: first }];
  });
  return { planned: placed.length, askedBefore: repeated };
}

/** Rising positions, drawn after the locks that order them. */
export async function drawPositions(client: PoolClient, count: number): Promise<string[]> {
  const { rows } = await client.query<{ position: string }>(DRAW_POSITIONS, [count]);
  return rows.map((row) => row.position).sort((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1));
}

function toEntries(at: number, cause: Cause, { integrationId, deliveries }: IntegrationPlan): Entry[] {
  refuseRings(deliveries);
  return deliveries.map((delivery) => ({ at, integrationId, delivery, cause }));
}

async function place(client: PoolClient, entries: readonly Entry[]): Promise<PlacedEntry[]> {
  const endpoints = await PlannedEndpoints.of(
    client,
    entries.map(({ integrationId, delivery, cause }) => ({
      integrationId,
      group: groupOf(delivery),
      owner: `${cause.source}|${cause.company}`,
    })),
  );
  // Own lanes and those waited for, in one sorted set.
  const lanes = await LockedLanes.of(
    client,
    entries.flatMap(({ integrationId, delivery }) =>
      [delivery.lane, ...(delivery.after ?? [])].map((key) => ({ integrationId, key })),
    ),
  );
  const positions = await drawPositions(client, entries.length);
  return entries.map((entry, at) => {
    const { integrationId, delivery } = entry;
    const lane = lanes.get(integrationId, delivery.lane);
    return {
      ...entry,
      laneId: lane.id,
      laneIsLeased: lane.leased,
      endpointId: endpoints.get(integrationId, groupOf(delivery)),
      position: positions[at]!,
      after: (delivery.after ?? []).map((key) => lanes.get(integrationId, key).id),
    };
  });
}

function groupOf(delivery: PlannedDelivery): string {
  return delivery.group ?? DEFAULT_GROUP;
}

function targetOf(delivery: PlannedDelivery): string | null {
  return delivery.kind === 'state' ? (delivery.target ?? delivery.lane) : null;
}

function toNewState({ delivery, laneId, laneIsLeased, position }: PlacedEntry) {
  const target = targetOf(delivery);
  return target === null || laneIsLeased ? [] : [{ laneId, operation: delivery.operation, target, position }];
}

function rowOf(placed: PlacedEntry, waits: readonly Dependency[] | undefined): unknown[] {
  const { delivery, cause } = placed;
  return [
    placed.position,
    placed.laneId,
    placed.integrationId,
    placed.endpointId,
    delivery.operation,
    delivery.kind,
    targetOf(delivery),
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
    waits ? arrayLiteral(waits.map(({ lane }) => lane)) : null,
    waits ? arrayLiteral(waits.map(({ position }) => position)) : null,
  ];
}

/** Of numbers in text: nothing to escape. */
function arrayLiteral(numbers: readonly string[]): string {
  return `{${numbers.join(',')}}`;
}
