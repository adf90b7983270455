import { createHash } from 'node:crypto';
import { orderingKey, readEvent, type HubEvent, type ParkedKind } from '#libs/contracts';
import type { EventFacts } from './told.js';
import { HORIZON_DAYS_AHEAD, HORIZON_DAYS_BACK } from './partitions.js';
import type { WaysIn } from './way-in.js';

const DAY_MS = 86_400_000;

/** Bytes as they came, from a queue or from the parked ones. */
export interface RawMessage {
  content: Buffer;
  properties: {
    contentType?: string;
    messageId?: string;
    type?: string;
    /** Checked by the broker where it is there. */
    userId?: string;
    headers?: Record<string, unknown>;
  };
}

/** A message, read. What holds nothing has no key. */
export interface Arrival {
  raw: RawMessage;
  hash: Buffer;
  facts?: EventFacts;
  key?: string;
  /** Of the event's `time`, in UTC; dedupe remembers by it. Absent where there is no memory of that day. */
  day?: string;
  /** The event's `time`, in UTC, where there is a day. */
  at?: string;
  event?: HubEvent;
  /** Why it cannot be planned as it is. */
  parked?: { kind: ParkedKind; reason: string; holds: boolean };
}

export interface Reading {
  /** Sources whose receivables may contradict themselves. */
  warnOnly?: ReadonlySet<string>;
  /** Whether this process plans events of the type. */
  knows: (type: string) => boolean;
  /** Absent: whoever may write to the exchange is believed. */
  waysIn?: WaysIn;
}

/** Reads one message; whatever the bytes, it says what can be done with them. */
export function readArrival(raw: RawMessage, now: Date, { warnOnly, knows, waysIn }: Reading): Arrival {
  const hash = hashOf(raw);
  const read = readEvent(raw.content, raw.properties, { warnOnly });
  if (read.kind === 'unreadable') {
    return { raw, hash, parked: { kind: 'unreadable', reason: read.reason, holds: false } };
  }
  const envelope = read.kind === 'event' ? read.event : read.envelope;
  const { id, source, type, subject, company, branch, traceparent } = envelope;
  const facts = { id, source, type, subject, company, branch, traceparent };
  const objection = waysIn?.objection(envelope, waysIn.publisherOf(raw.properties));
  if (objection) {
    // Without a day: what comes the wrong way must not take the id of what comes the right one, nor hold its key.
    const parked = { kind: 'wrong-way-in' as const, reason: objection, holds: false };
    return { raw, hash, facts, key: orderingKey(envelope), parked };
  }
  const at = withinHorizon(envelope.time, now);
  const known = { raw, hash, facts, key: orderingKey(envelope), day: at?.slice(0, 10), at };
  if (read.kind === 'invalid') {
    return { ...known, parked: { kind: 'invalid', reason: read.problems.join('; '), holds: true } };
  }
  const event = read.kind === 'event' && knows(type) ? read.event : undefined;
  if (!known.day) {
    const reason = `its time ${envelope.time} is more than ${HORIZON_DAYS_BACK} days back or ${HORIZON_DAYS_AHEAD} ahead: whether it was here before cannot be known`;
    return { ...known, event, parked: { kind: 'outside-horizon', reason, holds: false } };
  }
  if (!event) {
    const reason = `this version does not know ${type}: kept for the one that does`;
    return { ...known, parked: { kind: 'unknown-type', reason, holds: true } };
  }
  return { ...known, event };
}

/** What an arrival's key is unique by: company "1" exists in every ERP. */
export function keyIdOf(source: string, company: string, key: string): string {
  return `${source}\n${company}\n${key}`;
}

/** In binary mode the attributes are in the headers, and two events may have the same body. */
function hashOf({ content, properties }: RawMessage): Buffer {
  const hash = createHash('sha256').update(content);
  const attributes = Object.entries(properties.headers ?? {}).filter(([name]) => /^cloudEvents[:_]/.test(name));
  const isBinary = attributes.some(([name]) => name.endsWith('specversion'));
  if (isBinary) hash.update(JSON.stringify(attributes.toSorted(([one], [other]) => (one < other ? -1 : 1))));
  return hash.digest();
}

/** Days of UTC are all of one length. */
function withinHorizon(time: string | undefined, now: Date): string | undefined {
  if (!time) return undefined;
  const at = new Date(time);
  const daysAhead = (at.getTime() - now.getTime()) / DAY_MS;
  return daysAhead >= -HORIZON_DAYS_BACK && daysAhead <= HORIZON_DAYS_AHEAD ? at.toISOString() : undefined;
}
