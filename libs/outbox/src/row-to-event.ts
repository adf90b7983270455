import { envelopeProblems, writeEnvelope, type HubEnvelope } from '#libs/contracts';
import type { OutgoingEvent } from './event-publisher.js';
import { PAYLOAD_MAX_BYTES, type OutboxRow } from './outbox-row.js';

const REASON_MAX = 500;

export type RowReading = { kind: 'event'; event: OutgoingEvent } | { kind: 'poison'; reason: string };

/**
 * The row as a structured CloudEvent, or why it can never travel as it stands. The payload's text is not parsed, so its
 * numbers and their order arrive as the ERP wrote them; whether it says anything sensible is the readers' affair.
 */
export function rowToEvent(row: OutboxRow, exchange: string, source: string): RowReading {
  const envelope = envelopeOf(row, source);
  const problems = envelopeProblems(envelope as HubEnvelope);
  if (problems.length > 0) return { kind: 'poison', reason: problems.join('; ').slice(0, REASON_MAX) };
  if (row.payload === null) return { kind: 'poison', reason: tooLarge(row) };
  return { kind: 'event', event: { exchange, ...writeEnvelope(envelope, row.payload) } };
}

/** @throws RangeError for a source no reader would accept: every row would be parked for it */
export function requireSource(source: string): void {
  const wrong = envelopeProblems({ source } as HubEnvelope).find((problem) => problem.startsWith('/source '));
  if (wrong) throw new RangeError(`"${source}" is not a source of events: it ${wrong.replace('/source ', '')}`);
}

function tooLarge(row: OutboxRow): string {
  return `the payload has ${row.payload_bytes} bytes, at most ${PAYLOAD_MAX_BYTES} travel`;
}

function envelopeOf(row: OutboxRow, source: string): Omit<HubEnvelope, 'data'> {
  return {
    specversion: '1.0',
    id: row.id,
    source,
    type: row.type,
    subject: row.subject,
    time: row.occurred_at,
    company: row.company,
    branch: row.branch ?? undefined,
    actor: row.actor ?? undefined,
    sequence: row.sequence ?? undefined,
    partitionkey: row.partitionkey ?? undefined,
    traceparent: row.traceparent ?? undefined,
  };
}
