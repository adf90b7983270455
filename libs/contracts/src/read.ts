import { EVENT_CATALOGUE, isEventType } from './catalogue.js';
import type { MessageProperties } from './cloudevents.js';
import type { HubEnvelope, HubEvent } from './envelope.js';
import { attributeContradictions, dataContradictions } from './event-contradictions.js';
import type { AnyClass } from './fields.js';
import { withoutEmptyFields } from './json.js';
import { OUTCOME_CATALOGUE, outcomeSuffixOf, type OutcomeEvent } from './outcome-catalogue.js';
import { readEnvelope, type Unread } from './read-envelope.js';
import { ReceivableChanged } from './receivable.js';
import { movementContradictions, receivableContradictions } from './receivable-contradictions.js';
import { problemsOf } from './validators.js';

export type ReadEvent =
  /** `warnings`: contradictions let through because the source is set to warn. */
  { kind: 'event'; event: HubEvent; warnings?: string[] } | Unread;

export type ReadOutcomeEvent = { kind: 'outcome'; event: OutcomeEvent } | Unread;

export interface ReadOptions {
  /** Sources whose receivables may contradict themselves, because their rounding differs: told, not refused. */
  warnOnly?: ReadonlySet<string>;
}

/**
 * Reads an event of an ERP, structured or binary. Never throws: whatever the bytes, the answer says what can be done
 * with them. Problems are sentences with JSON pointers and never quote a person's data. In the data of an event that
 * is right, a field that was null or '' is absent.
 */
export function readEvent(content: Buffer, properties: MessageProperties, options: ReadOptions = {}): ReadEvent {
  const read = readEnvelope(content, properties, attributeContradictions);
  if (read.kind !== 'envelope') return read;
  const { envelope } = read;
  if (!isEventType(envelope.type)) return { kind: 'unknown-type', envelope };

  const dataClass = EVENT_CATALOGUE[envelope.type];
  const event = read.hasEmptyFields ? { ...envelope, data: withoutEmptyFields(envelope.data) } : envelope;
  const problems = dataProblems(event, dataClass);
  if (problems.length > 0) return { kind: 'invalid', envelope, problems };
  const doubts = dataClass === ReceivableChanged ? receivableContradictions(event.data as ReceivableChanged) : [];
  if (doubts.length === 0) return { kind: 'event', event: event as HubEvent };
  if (options.warnOnly?.has(envelope.source)) return { kind: 'event', event: event as HubEvent, warnings: doubts };
  return { kind: 'invalid', envelope, problems: doubts };
}

/** Reads an event of `ponte.events` as `readEvent` reads one of `erp.events`. */
export function readOutcomeEvent(content: Buffer, properties: MessageProperties): ReadOutcomeEvent {
  const read = readEnvelope(content, properties, comesFromPonte);
  if (read.kind !== 'envelope') return read;
  const { envelope } = read;
  const suffix = outcomeSuffixOf(envelope.type);
  if (suffix === undefined) return { kind: 'unknown-type', envelope };
  const event = read.hasEmptyFields ? { ...envelope, data: withoutEmptyFields(envelope.data) } : envelope;
  const problems = problemsOf(OUTCOME_CATALOGUE[suffix], event.data, '/data');
  return problems.length > 0
    ? { kind: 'invalid', envelope, problems }
    : { kind: 'outcome', event: event as OutcomeEvent };
}

function comesFromPonte({ source, type }: HubEnvelope): string[] {
  return source.startsWith('/ponte/') ? [] : [`/source says ${source}, but ${type} can only come from /ponte/<app>`];
}

function dataProblems(envelope: HubEnvelope, dataClass: AnyClass): string[] {
  const problems = problemsOf(dataClass, envelope.data, '/data');
  if (problems.length > 0) return problems;
  const contradictions = dataContradictions(envelope, envelope.data as object);
  if (dataClass !== ReceivableChanged) return contradictions;
  return [...contradictions, ...movementContradictions(envelope.type, envelope.data as ReceivableChanged)];
}
