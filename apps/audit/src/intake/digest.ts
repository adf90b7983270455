import { createHash } from 'node:crypto';
import type { Reading } from './audit-record.js';

/** Everything of an entry that stands in clear. */
export interface ClearColumns {
  id: string;
  receivedAt: Date;
  source: string;
  owner: string;
  company: string;
  branch: string | null;
  eventId: string;
  causeId: string | null;
  day: string;
  type: string;
  time: Date | null;
  actor: string | null;
  traceId: string | null;
  sequence: string | null;
  reading: Reading;
  keyId: string;
}

/** First field of what is hashed: another layout gets another number. */
const LAYOUT = 1;

/**
 * SHA-256 over every clear column and the hash of the ciphertext: it can be proved without any key, and after a person
 * was erased.
 */
export function digestOf(columns: ClearColumns, ciphertextHash: Buffer): Buffer {
  const fields = [
    LAYOUT,
    columns.id,
    columns.receivedAt.toISOString(),
    columns.source,
    columns.owner,
    columns.company,
    columns.branch,
    columns.eventId,
    columns.causeId,
    columns.day,
    columns.type,
    columns.time?.toISOString() ?? null,
    columns.actor,
    columns.traceId,
    columns.sequence,
    columns.reading,
    columns.keyId,
    ciphertextHash.toString('hex'),
  ];
  return hashOf(JSON.stringify(fields));
}

export function hashOf(bytes: Buffer | string): Buffer {
  return createHash('sha256').update(bytes).digest();
}
