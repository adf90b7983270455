import { randomUUID } from 'node:crypto';
import { PONTE_EVENTS } from '#libs/broker';
import type { Company } from '../keys/blind-index.js';
import type { AuditRecord } from './audit-record.js';
import type { SearchWord } from './found-by.js';

/** Something somebody did to the record itself. */
export interface OwnAct extends Company {
  type: 'audit.payload.revealed.v1' | 'audit.subject.erased.v1';
  branch?: string;
  subject: string;
  actor: string;
  traceId: string;
  /** The event it was done to: its timeline shows the act. */
  causeId?: string;
  at: Date;
  data: object;
  words?: SearchWord[];
}

const SOURCE = '/ponte/audit';

/** Written as an event of ours would be, so that it is read and shown like every other entry. */
export function ownRecord(act: OwnAct): AuditRecord {
  const { type, owner, company, branch, subject, actor, traceId, causeId, at, data, words = [] } = act;
  const eventId = randomUUID();
  const time = at.toISOString();
  const envelope = {
    specversion: '1.0',
    id: eventId,
    source: SOURCE,
    type,
    subject,
    time,
    company,
    branch,
    actor,
    data,
  };
  const content = Buffer.from(JSON.stringify(envelope));
  return {
    reading: 'own',
    source: SOURCE,
    owner,
    company,
    branch,
    eventId,
    causeId,
    day: time.slice(0, 10),
    type,
    time: at,
    actor,
    traceId,
    words,
    said: content,
    message: {
      content,
      exchange: PONTE_EVENTS,
      routingKey: type,
      contentType: 'application/cloudevents+json',
      headers: {},
    },
  };
}
