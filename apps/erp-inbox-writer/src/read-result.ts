import type { IncomingMessage } from '#libs/broker';
import { readOutcomeEvent, type HeldEnvelope, type OutcomeEvent, type ReadOutcomeEvent } from '#libs/contracts';
import { maskWords } from '#libs/runtime';
import { isAskedFor } from './result-patterns.js';

/** A result as the ERP's table holds it. */
export interface InboxRow {
  id: string;
  type: string;
  subject: string;
  company: string;
  branch?: string;
  occurredAt: string;
  payload: unknown;
  actor?: string;
  traceparent?: string;
}

/** Why a message leaves no row and nobody needs to look at it. */
export const SKIPPED = ['other-erp', 'no-erp', 'not-asked-for'] as const;
export type SkippedWhy = (typeof SKIPPED)[number];

/** Why a message waits for a person among the dead letters. */
export const REFUSED = ['unreadable', 'invalid', 'unknown-type', 'database'] as const;
export type RefusedWhy = (typeof REFUSED)[number];

export type ReadResult =
  | { kind: 'row'; row: InboxRow }
  | { kind: 'skipped'; why: SkippedWhy }
  /** `about`: which one it is, as far as it could be read. */
  | {
      kind: 'refused';
      why: RefusedWhy;
      reason: string;
      about?: Pick<HeldEnvelope, 'id' | 'type' | 'subject' | 'company'>;
    };

export interface Wanted {
  /** `/erp/<instance>` */
  source: string;
  patterns: readonly string[];
}

/**
 * What a message of `ponte.events` is to this ERP. What is said about another one is let go even where it cannot be
 * understood: that ERP's own writer refuses it.
 */
export function readResult({ content, properties }: IncomingMessage, wanted: Wanted): ReadResult {
  const read = readOutcomeEvent(content, properties);
  if (read.kind === 'unreadable') return { kind: 'refused', why: 'unreadable', reason: maskWords(read.reason) };
  const envelope = read.kind === 'outcome' ? read.event : read.envelope;
  const why = skipped(envelope, wanted, read.kind === 'outcome');
  if (why !== undefined) return { kind: 'skipped', why };
  return read.kind === 'outcome' ? { kind: 'row', row: toRow(read.event) } : refused(read);
}

function skipped({ data, type }: HeldEnvelope, { patterns, source }: Wanted, isRight: boolean): SkippedWhy | undefined {
  if (type !== 'unknown' && !isAskedFor(patterns, type)) return 'not-asked-for';
  const about = erpSourceOf(data);
  if (about === undefined) return isRight ? 'no-erp' : undefined;
  return about === source ? undefined : 'other-erp';
}

function refused(read: Exclude<ReadOutcomeEvent, { kind: 'outcome' | 'unreadable' }>): ReadResult {
  const { id, type, subject, company, data } = read.envelope;
  const about = { id, type, subject, company };
  const reason = read.kind === 'invalid' ? read.problems.join('; ') : `this version does not know the type ${type}`;
  return { kind: 'refused', why: read.kind, reason: maskWords(reason, data), about };
}

const ERP_SOURCE = /^\/erp\/[A-Za-z0-9._-]{1,64}$/;

/** The ERP a result is about: of the event it came of, of the integration, or named by itself. */
export function erpSourceOf(data: unknown): string | undefined {
  const fields = fieldsOf(data);
  const named = [fieldsOf(fields.event).source, fieldsOf(fields.integration).source, fields.source];
  return named.find((text): text is string => typeof text === 'string' && ERP_SOURCE.test(text));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function toRow({ id, type, subject, company, branch, time, data, actor, traceparent }: OutcomeEvent): InboxRow {
  const { actor: person, decidedBy } = fieldsOf(data);
  return {
    id,
    type,
    subject,
    company,
    branch,
    occurredAt: time,
    payload: data,
    actor: actor ?? [person, decidedBy].find((name) => typeof name === 'string'),
    traceparent,
  };
}
