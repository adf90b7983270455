import { createHash } from 'node:crypto';
import { PONTE_EVENTS } from '#libs/broker';
import { isUuid, NO_COMPANY, readEvent, readOutcomeEvent, type HeldEnvelope, type ReadEvent } from '#libs/contracts';
import type { ReadOutcomeEvent } from '#libs/contracts';
import { traceIdOf } from '#libs/runtime';
import type { AuditRecord, Reading } from './audit-record.js';
import { fieldsOf, personOf, searchWordsOf, textOf } from './found-by.js';
import type { HeldMessage } from './held-message.js';

/** The day of everything whose `time` nobody can read: a redelivery after midnight is still the same thing. */
const NO_DAY = '1970-01-01';
const NOBODY = '-';
const ERP_SOURCE = /^\/erp\/[A-Za-z0-9._-]{1,64}$/;
const ACTOR = /^[^\p{C}\p{Zl}\p{Zp}]{1,120}$/u;

/** Reads what a queue brought as far as it can be read. Never throws: whatever the bytes, there is a record of them. */
export function readRecord(message: HeldMessage): AuditRecord {
  try {
    const read = readMessage(message);
    return read.kind === 'unreadable' ? unreadableRecord(message) : envelopeRecord(read, message);
  } catch {
    return unreadableRecord(message);
  }
}

/** As events or as outcomes, by the exchange it was published to; a dead letter remembers its first one. */
export function readMessage(message: HeldMessage): ReadEvent | ReadOutcomeEvent {
  const exchange = textOf(message.headers['x-first-death-exchange']) ?? message.exchange;
  return exchange === PONTE_EVENTS ? readOutcomeEvent(message.content, message) : readEvent(message.content, message);
}

function envelopeRecord(
  read: Exclude<ReadEvent | ReadOutcomeEvent, { kind: 'unreadable' }>,
  message: HeldMessage,
): AuditRecord {
  const envelope: HeldEnvelope = 'event' in read ? read.event : read.envelope;
  const { source, company, branch, type, subject, sequence, data } = envelope;
  const fields = fieldsOf(data);
  const time = envelope.time === undefined ? undefined : new Date(envelope.time);
  return {
    reading: read.kind satisfies Reading,
    source,
    owner: ownerOf(source, type, fields),
    company,
    branch,
    eventId: envelope.id,
    causeId: causeOf(fields),
    day: time?.toISOString().slice(0, 10) ?? NO_DAY,
    type,
    time,
    actor: envelope.actor ?? actorOf(fields),
    traceId: traceIdOf(envelope.traceparent),
    sequence,
    person: personOf(data),
    words: searchWordsOf(subject, data),
    said: JSON.stringify([type, subject, data]),
    message,
  };
}

/** Nobody can say whose it is: only who sees everything sees it, and its key is thrown away after a while. */
export function unreadableRecord(message: HeldMessage): AuditRecord {
  return {
    reading: 'unreadable',
    source: NOBODY,
    owner: NOBODY,
    company: NO_COMPANY,
    eventId: idOfBytes(message),
    day: NO_DAY,
    type: 'unreadable',
    words: [],
    said: message.content,
    message,
  };
}

/** Only what says whose it is and which one: for when the database refuses something about the rest. */
export function bareRecord(record: AuditRecord): AuditRecord {
  const { source, owner, company, eventId, day, type, person, said, message } = record;
  return { reading: 'invalid', source, owner, company, eventId, day, type, person, words: [], said, message };
}

/**
 * An outcome belongs to the company of the ERP it came of; what names none belongs to whoever said it, and so does what a
 * balance says, though it names one.
 */
function ownerOf(source: string, type: string, fields: Readonly<Record<string, unknown>>): string {
  if (source.startsWith('/erp/')) return source;
  const own = type.includes('.balance.') ? undefined : fields.source;
  const named = [fieldsOf(fields.event).source, fieldsOf(fields.integration).source, own].map(textOf);
  return named.find((text) => text !== undefined && ERP_SOURCE.test(text)) ?? source;
}

function causeOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  const id = fieldsOf(fields.event).id;
  return isUuid(id) ? id.toLowerCase() : undefined;
}

/** The person who acted, where Ponte itself tells of it. */
function actorOf({ actor }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof actor === 'string' && ACTOR.test(actor) ? actor : undefined;
}

/** The same bytes under the same message id are the same thing: a UUID (version 8) made of both. */
function idOfBytes({ content, messageId }: HeldMessage): string {
  const hex = createHash('sha256')
    .update(`${messageId ?? ''}\n`)
    .update(content)
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
