import type { Person, SearchWord } from './found-by.js';
import type { HeldMessage } from './held-message.js';

/** How far a message could be read; `own`: it is no message, the audit itself did it. */
export const READINGS = ['event', 'outcome', 'unknown-type', 'invalid', 'unreadable', 'own'] as const;
export type Reading = (typeof READINGS)[number];

/** One thing to be recorded, before it has an id and a key. */
export interface AuditRecord {
  reading: Reading;
  /** Who said it. */
  source: string;
  /** The source of the ERP whose company it is about; of an outcome, not Ponte's own. */
  owner: string;
  company: string;
  branch?: string;
  eventId: string;
  /** The event an outcome came of. */
  causeId?: string;
  /** UTC day of `time`; with source and id it says whether this was recorded before. */
  day: string;
  type: string;
  time?: Date;
  actor?: string;
  traceId?: string;
  sequence?: string;
  /** Absent: recorded under the company's key. */
  person?: Person;
  words: SearchWord[];
  /** What the event says, for telling a resend from an id used twice. */
  said: string | Buffer;
  message: HeldMessage;
}
