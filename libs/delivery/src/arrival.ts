import { createHash } from 'node:crypto';
import { DateTime } from 'luxon';
import { orderingKey, readEvent, type HubEvent, type ParkedKind } from '#libs/contracts';
import type { EventFacts } from './outcome-events.js';
import { HORIZON_DAYS_AHEAD, HORIZON_DAYS_BACK } from './partitions.js';

/** Bytes as they came, from a queue or from the parked ones. */
export interface RawMessage {
  content: Buffer;
  properties: { contentType?: string; messageId?: string; type?: string; headers?: Record<string, unknown> };
}

/** A message, read. What holds nothing has no key. */
export interface Arrival {
  raw: RawMessage;
  hash: Buffer;
  facts?: EventFacts;
  key?: string;
  /** Of the event's `time`, in UTC; dedupe remembers by it. Absent where there is no memory of that day. */
  day?: string;
  event?: HubEvent;
  /** Why it cannot be planned as it is. */
  parked?: { kind: ParkedKind; reason: string; holds: boolean };
}

/** Reads one message; whatever the bytes, it says what can be done with them. */
export function readArrival(raw: RawMessage, now: Date, warnOnly?: ReadonlySet<string>): Arrival {
  const hash = createHash('sha256').update(raw.content).digest();
  const read = readEvent(raw.content, raw.properties, { warnOnly });
  if (read.kind === 'unreadable') {
    return { raw, hash, parked: { kind: 'unreadable', reason: read.reason, holds: false } };
  }
  const envelope = read.kind === 'event' ? read.event : read.envelope;
  const { id, source, type, subject, company, branch, traceparent } = envelope;
  const day = dayWithinHorizon(envelope.time, now);
  const known = {
    raw,
    hash,
    day,
    key: orderingKey(envelope),
    facts: { id, source, type, subject, company, branch, traceparent },
  };
  if (read.kind === 'invalid') {
    return { ...known, parked: { kind: 'invalid', reason: read.problems.join('; '), holds: true } };
  }
  if (!day) {
    const reason = `its time ${envelope.time} is more than ${HORIZON_DAYS_BACK} days back or ${HORIZON_DAYS_AHEAD} ahead: whether it was here before cannot be known`;
    return { ...known, parked: { kind: 'outside-horizon', reason, holds: false } };
  }
  if (read.kind === 'unknown-type') {
    const reason = `this version does not know ${type}: kept for the one that does`;
    return { ...known, parked: { kind: 'unknown-type', reason, holds: true } };
  }
  return { ...known, event: read.event };
}

/** What an arrival's key is unique by: company "1" exists in every ERP. */
export function keyIdOf({ facts, key }: Arrival): string {
  return `${facts!.source}\n${facts!.company}\n${key}`;
}

function dayWithinHorizon(time: string | undefined, now: Date): string | undefined {
  if (!time) return undefined;
  const at = DateTime.fromISO(time, { zone: 'utc' });
  const today = DateTime.fromJSDate(now, { zone: 'utc' });
  if (!at.isValid || at < today.minus({ days: HORIZON_DAYS_BACK }) || at > today.plus({ days: HORIZON_DAYS_AHEAD }))
    return undefined;
  return at.toISODate();
}
