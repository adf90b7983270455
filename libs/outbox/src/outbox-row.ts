import { ROUTING_KEY_MAX_BYTES, type OutgoingMessage } from '#libs/broker';

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

/** What a row must have to travel; larger payloads belong in a document store, with a link in the event. */
export const PAYLOAD_MAX_BYTES = 1_000_000;
const TYPE = /^[a-z0-9]+(?:[.-][a-z0-9]+)*\.v[1-9][0-9]*$/;
const NAME_MAX = 200;

/** The key whose rows must stay in order, one unconfirmed at a time. */
export function keyOf(row: Pick<OutboxRow, 'company' | 'partitionkey' | 'aggregatetype' | 'aggregateid'>): string {
  return `${row.company}\n${row.partitionkey ?? `${row.aggregatetype}/${row.aggregateid}`}`;
}

/** Why a row can never be published as it stands; undefined when it can. */
export function poisonIn(row: OutboxRow): string | undefined {
  if (row.payload === null) return `the payload has ${row.payload_bytes} bytes, at most ${PAYLOAD_MAX_BYTES} travel`;
  if (!TYPE.test(row.type)) return `"${row.type.slice(0, 80)}" is not an event type like erp.receivable.settled.v1`;
  if (Buffer.byteLength(row.type) > ROUTING_KEY_MAX_BYTES) return `the event type is longer than ${ROUTING_KEY_MAX_BYTES} bytes`;
  for (const name of ['aggregatetype', 'aggregateid', 'company', 'branch', 'actor', 'partitionkey'] as const) {
    const value = row[name];
    if (value !== null && value.length > NAME_MAX) return `${name} is longer than ${NAME_MAX} characters`;
    if (value === '' && name !== 'branch' && name !== 'actor') return `${name} is empty`;
  }
  return undefined;
}

/** The row as a structured CloudEvent; the payload's text is not parsed, so its numbers and order arrive as written. */
export function rowToMessage(row: OutboxRow, exchange: string, source: string): OutgoingMessage {
  const subject = `${row.aggregatetype}/${row.aggregateid}`;
  const attributes = {
    specversion: '1.0',
    id: row.id,
    source,
    type: row.type,
    subject,
    time: row.occurred_at,
    datacontenttype: 'application/json',
    company: row.company,
    branch: row.branch || undefined,
    actor: row.actor || undefined,
    sequence: row.sequence ?? undefined,
    partitionkey: row.partitionkey ?? undefined,
    traceparent: row.traceparent ?? undefined,
  };
  const open = JSON.stringify(attributes).slice(0, -1);
  return {
    exchange,
    routingKey: row.type,
    content: Buffer.from(`${open},"data":${row.payload}}`),
    properties: {
      messageId: row.id,
      type: row.type,
      contentType: 'application/cloudevents+json',
      timestamp: Math.floor(Date.parse(row.occurred_at) / 1000),
      appId: source,
      headers: {
        'cloudEvents:id': row.id,
        'cloudEvents:type': row.type,
        'cloudEvents:source': source,
        'cloudEvents:subject': subject,
        'cloudEvents:time': row.occurred_at,
        partitionkey: row.partitionkey ?? subject,
        ...(row.traceparent ? { traceparent: row.traceparent } : {}),
      },
    },
  };
}
