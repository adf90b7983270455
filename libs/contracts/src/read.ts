import { createHash } from 'node:crypto';
import { EVENT_CATALOGUE, isEventType } from './catalogue.js';
import { readCloudEvent, type CloudEventMessage, type MessageProperties } from './cloudevents.js';
import { HubEnvelope, TRACEPARENT_SHAPE, TRACESTATE_SHAPE, type HubEvent } from './envelope.js';
import { attributeContradictions, dataContradictions } from './event-contradictions.js';
import type { AnyClass } from './fields.js';
import { inspect, withoutEmptyFields } from './json.js';
import { OUTCOME_CATALOGUE, outcomeSuffixOf, type OutcomeEvent } from './outcome-catalogue.js';
import { ReceivableChanged } from './receivable.js';
import { movementContradictions, receivableContradictions } from './receivable-contradictions.js';
import { problemsOf } from './validators.js';

/**
 * An envelope good enough to hold its key: source, company, subject and partitionkey are right. What else was wrong is
 * left out; `id` is then made from the bytes (the same bytes, the same id) and `type` is `unknown`.
 */
export type HeldEnvelope = Omit<HubEnvelope, 'specversion' | 'time'> & { time?: string };

export type Unread =
  /** The envelope is right and its type is not in this version's catalogue. `data` as it came. */
  | { kind: 'unknown-type'; envelope: HubEnvelope }
  /** Whose it is and which key it holds are known; something else is wrong. `data` as it came. */
  | { kind: 'invalid'; envelope: HeldEnvelope; problems: string[] }
  /** Nobody can say whose it is or what waits behind it. */
  | { kind: 'unreadable'; reason: string };

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
 * with them. Problems are sentences with JSON pointers and never quote personal data.
 */
export function readEvent(content: Buffer, properties: MessageProperties, options: ReadOptions = {}): ReadEvent {
  const read = readEnvelope(content, properties, attributeContradictions);
  if (read.kind !== 'envelope') return read;
  const { envelope } = read;
  if (!isEventType(envelope.type)) return { kind: 'unknown-type', envelope };

  const asItCame = envelope.data;
  if (read.hasEmptyFields) envelope.data = withoutEmptyFields(asItCame);
  const dataClass = EVENT_CATALOGUE[envelope.type];
  const problems = dataProblems(envelope, dataClass);
  const countable = problems.length === 0 && dataClass === ReceivableChanged;
  const doubts = countable ? receivableContradictions(envelope.data as ReceivableChanged) : [];
  const forgiven = options.warnOnly?.has(envelope.source) ?? false;
  if (problems.length > 0 || (doubts.length > 0 && !forgiven)) {
    return { kind: 'invalid', envelope: { ...envelope, data: asItCame }, problems: [...problems, ...doubts] };
  }
  return { kind: 'event', event: envelope as HubEvent, ...(doubts.length > 0 && { warnings: doubts }) };
}

/** Reads an event of `ponte.events` as `readEvent` reads one of `erp.events`. */
export function readOutcomeEvent(content: Buffer, properties: MessageProperties): ReadOutcomeEvent {
  const read = readEnvelope(content, properties, outcomeContradictions);
  if (read.kind !== 'envelope') return read;
  const { envelope } = read;
  const suffix = outcomeSuffixOf(envelope.type);
  if (suffix === undefined) return { kind: 'unknown-type', envelope };
  const asItCame = envelope.data;
  if (read.hasEmptyFields) envelope.data = withoutEmptyFields(asItCame);
  const problems = problemsOf(OUTCOME_CATALOGUE[suffix], envelope.data, '/data');
  if (problems.length > 0) return { kind: 'invalid', envelope: { ...envelope, data: asItCame }, problems };
  return { kind: 'outcome', event: envelope as OutcomeEvent };
}

/** What is wrong with the attributes of an envelope about to be sent; empty when the reader will take it. */
export function envelopeProblems(envelope: HubEnvelope): string[] {
  return problemsOf(HubEnvelope, envelope, '');
}

function outcomeContradictions(envelope: HubEnvelope): string[] {
  if (envelope.source.startsWith('/ponte/')) return [];
  return [`/source says ${envelope.source}, but ${envelope.type} can only come from /ponte/<app>`];
}

function dataProblems(envelope: HubEnvelope, dataClass: AnyClass): string[] {
  const problems = problemsOf(dataClass, envelope.data, '/data');
  if (problems.length > 0) return problems;
  const contradictions = dataContradictions(envelope, envelope.data as object);
  if (dataClass !== ReceivableChanged) return contradictions;
  return [...contradictions, ...movementContradictions(envelope.type, envelope.data as ReceivableChanged)];
}

type ReadEnvelope =
  { kind: 'envelope'; envelope: HubEnvelope; hasEmptyFields: boolean } | Exclude<Unread, { kind: 'unknown-type' }>;

function readEnvelope(
  content: Buffer,
  properties: MessageProperties,
  contradictionsOf: (envelope: HubEnvelope) => string[],
): ReadEnvelope {
  const message = readCloudEvent(content, properties);
  if (message.kind === 'unreadable') return message;
  const envelope = envelopeOf(message.attribute, message.data);
  const attributeProblems = problemsOf(HubEnvelope, envelope, '');
  const lost = attributeProblems.filter((problem) => KEY_ATTRIBUTES.has(attributeNamed(problem)));
  if (lost.length > 0) return { kind: 'unreadable', reason: `nobody can say whose it is: ${lost.join('; ')}` };

  const found = inspect(envelope.data, 'data', message.text);
  const problems = [
    ...message.problems,
    ...attributeProblems,
    ...(attributeProblems.length === 0 ? contradictionsOf(envelope) : []),
    ...(envelope.data === undefined && message.problems.length === 0 ? ['/data is missing'] : []),
    ...found.problems,
  ];
  if (problems.length === 0) return { kind: 'envelope', envelope, hasEmptyFields: found.hasEmptyFields };
  return { kind: 'invalid', envelope: held(envelope, attributeProblems, content), problems };
}

const KEY_ATTRIBUTES: ReadonlySet<string> = new Set(['source', 'company', 'subject', 'partitionkey']);

/** `/time must be …` → `time`. */
function attributeNamed(problem: string): string {
  return /^\/([a-z]+)/.exec(problem)?.[1] ?? '';
}

type Attribute = Extract<CloudEventMessage, { kind: 'read' }>['attribute'];

/** Copies the attributes Ponte knows, one by one: nothing else that was sent gets in. */
function envelopeOf(attribute: Attribute, data: unknown): HubEnvelope {
  const id = attribute('id');
  const traceparent = fitting(attribute('traceparent'), TRACEPARENT_SHAPE);
  return {
    specversion: attribute('specversion'),
    id: typeof id === 'string' ? id.toLowerCase() : id,
    source: attribute('source'),
    type: attribute('type'),
    subject: attribute('subject'),
    time: attribute('time'),
    datacontenttype: present(attribute('datacontenttype')),
    dataschema: present(attribute('dataschema')),
    company: attribute('company'),
    branch: present(attribute('branch')),
    actor: present(attribute('actor')),
    sequence: sequenceText(present(attribute('sequence'))),
    partitionkey: present(attribute('partitionkey')),
    traceparent,
    tracestate: traceparent === undefined ? undefined : fitting(attribute('tracestate'), TRACESTATE_SHAPE),
    data,
  } as HubEnvelope;
}

/** Null and '' mean absent: SQL and Oracle write them where a person would leave the attribute out. */
function present(value: unknown): unknown {
  return value === null || value === '' ? undefined : value;
}

function fitting(value: unknown, shape: RegExp): string | undefined {
  return typeof value === 'string' && shape.test(value) ? value : undefined;
}

/** CloudEvents has it as text; a JSON number is taken while it is exact. */
function sequenceText(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value;
}

function held(envelope: HubEnvelope, problems: string[], content: Buffer): HeldEnvelope {
  const wrong = new Set(problems.map(attributeNamed));
  const { specversion: _, ...kept } = Object.fromEntries(
    Object.entries(envelope).filter(([name]) => !wrong.has(name)),
  ) as unknown as HubEnvelope;
  return {
    ...kept,
    id: wrong.has('id') ? idOfBytes(envelope, content) : envelope.id,
    type: wrong.has('type') ? 'unknown' : envelope.type,
  };
}

/** A UUID (version 8) made from what arrived: a redelivery of the same bytes is recognised although it brought no id. */
function idOfBytes(envelope: HubEnvelope, content: Buffer): string {
  const hash = createHash('sha256');
  for (const part of [
    envelope.source,
    envelope.company,
    envelope.subject,
    String(envelope.type),
    String(envelope.time),
  ]) {
    hash.update(part).update('\n');
  }
  const hex = hash.update(content).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
