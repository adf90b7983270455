/** One row as the relay reads it; `payload` is the JSON text as the database writes it, absent when too large. */
export interface OutboxRow {
  position: string;
  id: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  company: string;
  branch: string | null;
  sequence: string | null;
  occurred_at: string;
  actor: string | null;
  partitionkey: string | null;
  traceparent: string | null;
  payload: string | null;
  payload_bytes: number;
}

/** Larger payloads belong in a document store, with a link in the event. What the envelope adds is far below the rest. */
export const PAYLOAD_MAX_BYTES = 1_000_000;

type RowKey = Pick<OutboxRow, 'company' | 'partitionkey' | 'aggregatetype' | 'aggregateid'>;

/** The key whose rows must stay in order, one unconfirmed at a time. */
export function keyOf({ company, partitionkey, aggregatetype, aggregateid }: RowKey): string {
  return `${company}\n${partitionkey ?? `${aggregatetype}/${aggregateid}`}`;
}

/** Positions are bigints as text, beyond what a number holds; none is negative. */
export function isBefore(one: string, other: string): boolean {
  return one.length === other.length ? one < other : one.length < other.length;
}
