import type { BlindIndex, Company } from '../keys/blind-index.js';
import type { KeyHolder } from '../keys/data-keys.js';
import type { AuditRecord } from './audit-record.js';

const DAY_MS = 86_400_000;

/** Under whose key a record is kept: the person's it is about, else the company's. */
export function keyHolderOf(
  record: AuditRecord,
  index: BlindIndex,
  receivedAt: Date,
  unreadableDays: number,
): KeyHolder {
  const { owner, company, person, reading } = record;
  if (reading === 'unreadable') return unreadableHolder({ owner, company }, index, receivedAt, unreadableDays);
  if (person?.document !== undefined) {
    return { kind: 'person', owner, company, token: documentToken(index, record, person.document) };
  }
  if (person?.customerId !== undefined) {
    return { kind: 'person', owner, company, token: customerToken(index, record, person.customerId) };
  }
  if (person?.token !== undefined) {
    return { kind: 'pseudonym', owner, company, token: pseudonymToken(index, record, person.token) };
  }
  return { kind: 'company', owner, company, token: index.token(record, 'key of company', '') };
}

export function documentToken(index: BlindIndex, company: Company, document: string): Buffer {
  return index.token(company, 'key of document', document);
}

export function customerToken(index: BlindIndex, company: Company, customerId: string): Buffer {
  return index.token(company, 'key of customer', customerId);
}

export function pseudonymToken(index: BlindIndex, company: Company, token: string): Buffer {
  return index.token(company, 'key of pseudonym', token);
}

/** One key a day, so that each day's bytes become unreadable together. */
function unreadableHolder(of: Company, index: BlindIndex, receivedAt: Date, days: number): KeyHolder {
  const day = receivedAt.toISOString().slice(0, 10);
  const expiresAt = new Date(Date.parse(day) + (days + 1) * DAY_MS);
  return { kind: 'unreadable', ...of, token: index.token(of, 'key of unreadable', day), expiresAt };
}
