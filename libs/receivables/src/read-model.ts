import type { PoolClient } from 'pg';
import type { EventTypesMatching, HubEvent, ReceivableChanged } from '#libs/contracts';
import { LOCK_RECEIVABLES, READ_RECEIVABLE, RECORD_ANOMALIES, WRITE_RECEIVABLES } from './receivables.sql.js';

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

/**
 * Brings the read model up to these events, inside the intake's transaction. The state with the highest sequence wins,
 * whatever the order of arrival; a snapshot older than what is known changes nothing.
 */
export async function applyReceivables(client: PoolClient, events: readonly PlacedEvent[]): Promise<SequenceAnomaly[]> {
  if (events.length === 0) return [];
  const known = await lockKnown(client, events);
  const anomalies: SequenceAnomaly[] = [];
  const newest = new Map<string, PlacedEvent>();
  for (const placed of events) {
    const key = keyOf(placed.event);
    const before = known.get(key);
    const came = BigInt(placed.event.data.sequence);
    const anomaly = placed.event.type === SNAPSHOT ? undefined : anomalyOf(before, came);
    if (anomaly) anomalies.push({ event: placed.event, kind: anomaly, known: before!, came });
    if (before !== undefined && came < before) continue;
    known.set(key, came);
    newest.set(key, placed);
  }
  await write(
    client,
    [...newest].sort(byKey).map(([, placed]) => placed),
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

async function write(client: PoolClient, placed: readonly PlacedEvent[]): Promise<void> {
  if (placed.length === 0) return;
  await client.query(WRITE_RECEIVABLES, [
    placed.map(({ event }) => event.source),
    placed.map(({ event }) => event.company),
    placed.map(({ event }) => event.data.receivableId),
    placed.map(({ event }) => event.data.branch),
    placed.map(({ event }) => event.data.status),
    placed.map(({ event }) => event.data.sequence),
    placed.map(({ position }) => String(position)),
    placed.map(({ event: { data } }) => JSON.stringify({ ...data, movement: undefined })),
  ]);
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
