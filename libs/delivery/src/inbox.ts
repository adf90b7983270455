import type { PoolClient } from 'pg';
import type { Arrival } from './arrival.js';
import { columnsOf } from './columns.js';
import { HASHES_OF, INSERT_INBOX } from './intake.sql.js';

interface InboxRow {
  source: string;
  event_id: string;
  day: string;
}

/**
 * Remembers what arrives and leaves out what was here before; the same id with another body is not the same event and
 * is parked in its place. What has no day in the memory passes.
 */
export async function withoutRepeated(client: PoolClient, arrivals: readonly Arrival[]): Promise<Arrival[]> {
  const remembered = arrivals.filter((arrival) => arrival.day);
  if (remembered.length === 0) return [...arrivals];
  const rows = remembered.map(({ facts, day, at, hash }) => [
    facts!.source,
    facts!.id,
    day,
    hash,
    facts!.company,
    facts!.type,
    facts!.subject,
    at,
  ]);
  const inserted = await client.query<InboxRow>(INSERT_INBOX, columnsOf(rows, 8));
  const fresh = new Set(inserted.rows.map((row) => nameOf(row.source, row.event_id, row.day)));
  const repeated = new Set(remembered.filter((arrival) => !fresh.delete(nameOfArrival(arrival))));
  if (repeated.size === 0) return [...arrivals];
  const hashes = await hashesOf(client, [...repeated]);
  return arrivals.flatMap((arrival) => {
    if (!repeated.has(arrival)) return [arrival];
    return hashes.get(nameOfArrival(arrival))?.equals(arrival.hash) ? [] : [asReused(arrival)];
  });
}

async function hashesOf(client: PoolClient, arrivals: readonly Arrival[]): Promise<Map<string, Buffer>> {
  const keys = arrivals.map(({ facts, day }) => [facts!.source, facts!.id, day]);
  const { rows } = await client.query<InboxRow & { hash: Buffer }>(HASHES_OF, columnsOf(keys, 3));
  return new Map(rows.map((row) => [nameOf(row.source, row.event_id, row.day), row.hash]));
}

function asReused(arrival: Arrival): Arrival {
  const reason = `the id ${arrival.facts!.id} came before with another body`;
  return { ...arrival, event: undefined, parked: { kind: 'id-reused', reason, holds: true } };
}

function nameOfArrival({ facts, day }: Arrival): string {
  return nameOf(facts!.source, facts!.id, day!);
}

function nameOf(source: string, id: string, day: string): string {
  return `${source}\n${id}\n${day}`;
}
