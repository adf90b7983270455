import { createHash } from 'node:crypto';
import { readCloudEvent, type CloudEventMessage, type MessageProperties } from './cloudevents.js';
import { derivedId } from './derived-id.js';
import { HubEnvelope, TRACEPARENT_SHAPE, TRACESTATE_SHAPE } from './envelope.js';
import { inspect } from './json.js';
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

export type ReadEnvelope =
  | {
      kind: 'envelope';
      envelope: HubEnvelope;
      /** Somewhere in `data` a field is null or ''. */
      hasEmptyFields: boolean;
    }
  | Exclude<Unread, { kind: 'unknown-type' }>;

/** What is wrong with the attributes of an envelope about to be sent; empty when the reader will take them. */
export function envelopeProblems(envelope: Omit<HubEnvelope, 'data'>): string[] {
  return problemsOf(HubEnvelope, envelope, '');
}

/** Everything about a message but the meaning of its `data`. `contradictionsOf` looks at attributes that are right each by itself. */
export function readEnvelope(
  content: Buffer,
  properties: MessageProperties,
  contradictionsOf: (envelope: HubEnvelope) => string[],
): ReadEnvelope {
  const message = readCloudEvent(content, properties);
  if (message.kind === 'unreadable') return message;
  const envelope = envelopeOf(message.attribute, message.data);
  const wrong = envelopeProblems(envelope);
  const lost = wrong.filter((problem) => KEY_ATTRIBUTES.has(attributeNamed(problem)));
  if (lost.length > 0) return { kind: 'unreadable', reason: `nobody can say whose it is: ${lost.join('; ')}` };

  const found = inspect(envelope.data, 'data', message.text);
  const problems = [...message.problems, ...wrong, ...found.problems];
  if (wrong.length === 0) problems.push(...contradictionsOf(envelope));
  if (envelope.data === undefined && message.problems.length === 0) problems.push('/data is missing');
  if (problems.length === 0) return { kind: 'envelope', envelope, hasEmptyFields: found.hasEmptyFields };
  return { kind: 'invalid', envelope: heldEnvelope(envelope, wrong, content), problems };
}

const KEY_ATTRIBUTES: ReadonlySet<string> = new Set(['source', 'company', 'subject', 'partitionkey']);

/** `/time must be …` → `time`. */
function attributeNamed(problem: string): string {
  return /^\/([a-z]+)/.exec(problem)?.[1] ?? '';
}

type Attribute = Extract<CloudEventMessage, { kind: 'read' }>['attribute'];

/** Copies the attributes Ponte knows, one by one: nothing else that was sent gets in. */
function envelopeOf(attribute: Attribute, data: unknown): HubEnvelope {
  const id = present(attribute('id')) ?? idOf(attribute);
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

/** What was sent without an id gets one by the rule of `derivedId`, where all that the rule asks for is text. */
function idOf(attribute: Attribute): string | undefined {
  const which = sequenceText(present(attribute('sequence'))) ?? present(attribute('time'));
  const name: unknown[] = [...['source', 'company', 'type', 'subject'].map((part) => attribute(part)), which];
  return name.every((part) => typeof part === 'string') ? derivedId(name) : undefined;
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

function heldEnvelope(envelope: HubEnvelope, problems: string[], content: Buffer): HeldEnvelope {
  const wrong = new Set(problems.map(attributeNamed));
  const right = Object.entries(envelope).filter(([name]) => !wrong.has(name) && name !== 'specversion');
  return {
    ...(Object.fromEntries(right) as unknown as HeldEnvelope),
    id: wrong.has('id') ? idOfBytes(envelope, content) : envelope.id,
    type: wrong.has('type') ? 'unknown' : envelope.type,
  };
}

/** A UUID (version 8) made from what arrived: a redelivery of the same bytes is recognised although it brought no id. */
function idOfBytes({ source, company, subject, type, time }: HubEnvelope, content: Buffer): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([source, company, subject, type, time]))
    .update(content)
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
