/** One row as the relay reads it; `payload` is the JSON text as the database writes it, absent when too large. */
export interface OutboxRow {
  position: string;
  id: string;
  /** `<aggregatetype>/<aggregateid>` */
  subject: string;
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
  /** Rows of one key must stay in order, one unconfirmed at a time. */
  key: string;
}

/** Larger payloads belong in a document store, with a link in the event. What the envelope adds is far below the rest. */
export const PAYLOAD_MAX_BYTES = 1_000_000;

/** As the events' readers understand it: within a company the partition key, else the subject. */
export function keyOf({ company, partitionkey, subject }: Omit<RowKey, 'key'>): string {
  return `${company}\n${partitionkey ?? subject}`;
}

export type RowKey = Pick<OutboxRow, 'company' | 'partitionkey' | 'subject' | 'key'>;

/** Positions are bigints as text, beyond what a number holds; none is negative. */
export function isBefore(one: string, other: string): boolean {
  return one.length === other.length ? one < other : one.length < other.length;
}
