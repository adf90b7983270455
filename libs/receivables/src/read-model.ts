import type { PoolClient } from 'pg';
import type { EventTypesMatching, HubEvent, ReceivableChanged } from '#libs/contracts';
import {
  LOCK_RECEIVABLES,
  READ_RECEIVABLE,
  RECORD_ANOMALIES,
  TOUCH_RECEIVABLES,
  WRITE_RECEIVABLES,
} from './receivables.sql.js';

export type ReceivableEvent = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

export interface PlacedEvent {
  event: ReceivableEvent;
  /** In the connector's order: what changed after an instant is found by it. */
  position: bigint;
}

/** The ERP's own numbering of a title's events did not rise by one. It is told, and drops nothing. */
export interface SequenceAnomaly {
  event: ReceivableEvent;
  kind: 'gap' | 'repeat' | 'fall';
  known: bigint;
  came: bigint;
}

export interface KnownReceivable {
  data: ReceivableChanged;
  sequence: bigint;
  position: bigint;
}

const SNAPSHOT = 'erp.receivable.snapshot.v1';

/** What a batch does to one title. */
interface Touch {
  event: ReceivableEvent;
  /** Whether `event` is the state to keep, or older than what is known. */
  isNewest: boolean;
  position: bigint;
  /** The position of the last movement among them; zero where all were snapshots. */
  moved: bigint;
}

/**
 * Brings the read model up to these events, inside the intake's transaction. The state with the highest sequence wins,
 * whatever the order of arrival; a snapshot older than what is known changes nothing but when the title was last seen.
 */
export async function applyReceivables(client: PoolClient, events: readonly PlacedEvent[]): Promise<SequenceAnomaly[]> {
  if (events.length === 0) return [];
  const known = await lockKnown(client, events);
  const anomalies: SequenceAnomaly[] = [];
  const touched = new Map<string, Touch>();
  for (const { event, position } of events) {
    const key = keyOf(event);
    const before = known.get(key);
    const came = BigInt(event.data.sequence);
    const isMovement = event.type !== SNAPSHOT;
    const anomaly = isMovement ? anomalyOf(before, came) : undefined;
    if (anomaly) anomalies.push({ event, kind: anomaly, known: before!, came });
    const isNewest = before === undefined || came >= before;
    const other = touched.get(key);
    const moved = isMovement ? position : (other?.moved ?? 0n);
    touched.set(key, isNewest || !other ? { event, isNewest, position, moved } : { ...other, position, moved });
    if (isNewest) known.set(key, came);
  }
  const sorted = [...touched].sort(byKey).map(([, each]) => each);
  await write(
    client,
    sorted.filter(({ isNewest }) => isNewest),
  );
  await touch(
    client,
    sorted.filter(({ isNewest }) => !isNewest),
  );
  await record(client, anomalies);
  return anomalies;
}

export async function readReceivable(
  client: Pick<PoolClient, 'query'>,
  source: string,
  company: string,
  receivableId: string,
): Promise<KnownReceivable | undefined> {
  const row = (await client.query(READ_RECEIVABLE, [source, company, receivableId])).rows[0];
  return row && { data: row.data as ReceivableChanged, sequence: BigInt(row.sequence), position: BigInt(row.position) };
}

function anomalyOf(known: bigint | undefined, came: bigint): SequenceAnomaly['kind'] | undefined {
  if (known === undefined || came === known + 1n) return undefined;
  if (came === known) return 'repeat';
  return came < known ? 'fall' : 'gap';
}

async function lockKnown(client: PoolClient, events: readonly PlacedEvent[]): Promise<Map<string, bigint>> {
  const keys = [...new Map(events.map(({ event }) => [keyOf(event), event]))].sort(byKey).map(([, event]) => event);
  type Row = { source: string; company: string; receivable_id: string; sequence: string };
  const { rows } = await client.query<Row>(LOCK_RECEIVABLES, [
    keys.map((event) => event.source),
    keys.map((event) => event.company),
    keys.map((event) => event.data.receivableId),
  ]);
  return new Map(rows.map((row) => [`${row.source}\n${row.company}\n${row.receivable_id}`, BigInt(row.sequence)]));
}

async function write(client: PoolClient, touches: readonly Touch[]): Promise<void> {
  if (touches.length === 0) return;
  await client.query(WRITE_RECEIVABLES, [
    ...keysOf(touches),
    touches.map(({ event }) => event.data.branch),
    touches.map(({ event }) => event.data.status),
    touches.map(({ event }) => event.data.sequence),
    touches.map(({ position }) => String(position)),
    touches.map(({ event: { data } }) => JSON.stringify({ ...data, movement: undefined })),
    touches.map(({ moved }) => String(moved)),
  ]);
}

async function touch(client: PoolClient, touches: readonly Touch[]): Promise<void> {
  if (touches.length === 0) return;
  const positions = touches.map(({ position }) => String(position));
  await client.query(TOUCH_RECEIVABLES, [...keysOf(touches), positions, touches.map(({ moved }) => String(moved))]);
}

function keysOf(touches: readonly Touch[]): string[][] {
  return [
    touches.map(({ event }) => event.source),
    touches.map(({ event }) => event.company),
    touches.map(({ event }) => event.data.receivableId),
  ];
}

async function record(client: PoolClient, anomalies: readonly SequenceAnomaly[]): Promise<void> {
  if (anomalies.length === 0) return;
  await client.query(RECORD_ANOMALIES, [
    anomalies.map(({ event }) => event.source),
    anomalies.map(({ event }) => event.company),
    anomalies.map(({ event }) => event.data.receivableId),
    anomalies.map(({ event }) => event.id),
    anomalies.map(({ kind }) => kind),
    anomalies.map(({ known }) => String(known)),
    anomalies.map(({ came }) => String(came)),
  ]);
}

function keyOf({ source, company, data }: ReceivableEvent): string {
  return `${source}\n${company}\n${data.receivableId}`;
}

function byKey([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
