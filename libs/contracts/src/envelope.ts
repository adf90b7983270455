import { Instant, OneOf, Optional, Shaped, Uuid } from './fields.js';
import type { EventData, EventType } from './catalogue.js';

/**
 * The longest each attribute may be, in code points: the widths of the columns that hold them. What is longer is
 * refused on the way in, so that no insert fails for length.
 */
export const ATTRIBUTE_LENGTHS = {
  id: 36,
  source: 71,
  type: 120,
  subject: 161,
  time: 35,
  company: 40,
  branch: 40,
  actor: 120,
  sequence: 19,
  partitionkey: 200,
  datacontenttype: 118,
  dataschema: 300,
  traceparent: 55,
  tracestate: 512,
} as const;

/** An event with everything around it. RabbitMQ would take far more; a title with a thousand settlements fits. */
export const MAX_EVENT_BYTES = 1024 * 1024;

/** The company of our own events that can name none: bytes in which nothing could be read. */
export const NO_COMPANY = '-';

const SOURCE_SHAPE = /^\/(?:erp|ponte)\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const TYPE_SHAPE = /^(?=.{1,120}$)[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*){2,4}\.v[1-9]\d{0,3}$/;
const SUBJECT_SHAPE = /^[a-z][a-z0-9-]{0,39}\/[^\s\p{C}](?:[^\p{C}\p{Zl}\p{Zp}]{0,118}[^\s\p{C}])?$/u;
const COMPANY_SHAPE = /^(?:-|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?)$/;
const BRANCH_SHAPE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$/;
const ACTOR_SHAPE = /^[^\p{C}\p{Zl}\p{Zp}]{1,120}$/u;
const SCHEMA_URI_SHAPE = /^[\x21-\x7e]{1,300}$/;
const KEY_SHAPE = /^[^\s\p{C}](?:[^\p{C}\p{Zl}\p{Zp}]{0,198}[^\s\p{C}])?$/u;
const SEQUENCE_SHAPE = /^(?:0|[1-9]\d{0,17}|[1-8]\d{18})$/;
export const JSON_CONTENT_SHAPE = /^[aA]pplication\/(?:[a-z0-9.-]{1,60}\+)?json(?:;[\x20-\x7e]{0,40})?$/;

/** Also asked by the reader, which drops a trace that does not fit instead of refusing the event. */
export const TRACEPARENT_SHAPE = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
export const TRACESTATE_SHAPE = /^[\x20-\x7e]{1,512}$/;

/** A CloudEvent 1.0 as Ponte carries it: the attributes every event has, whatever its data. */
export class HubEnvelope {
  @OneOf(['1.0'])
  specversion!: '1.0';

  /** The idempotency key of the whole hub; lower case once read. Sent without one, it is made by the rule of `derivedId`. */
  @Uuid()
  id!: string;

  /** `/erp/<instance>`, or `/ponte/<app>` for what Ponte itself says. */
  @Shaped(SOURCE_SHAPE, '/erp/<instance> or /ponte/<app>, letters, digits, dot, dash and underscore, at most 64')
  source!: string;

  /** `erp.<aggregate>.<past-tense>.v<n>`. */
  @Shaped(TYPE_SHAPE, '<origin>.<aggregate>.<past-tense>.v<n>, lower case, at most 120 characters')
  type!: string;

  /** `<aggregate>/<id>`, e.g. `receivable/4711-2`. */
  @Shaped(SUBJECT_SHAPE, '<aggregate>/<id>, the id of 1 to 120 visible characters')
  subject!: string;

  /** When the ERP recorded it, the same on every resend. Business dates live in `data`. */
  @Instant()
  time!: string;

  @Optional()
  @Shaped(JSON_CONTENT_SHAPE, 'application/json')
  datacontenttype?: string;

  @Optional()
  @Shaped(SCHEMA_URI_SHAPE, 'a URI of at most 300 characters')
  dataschema?: string;

  /** [empresa] Company "1" exists in every ERP: the key is always source and company. */
  @Shaped(COMPANY_SHAPE, 'the company code, 1 to 40 letters, digits, dots, dashes or underscores')
  company!: string;

  /** [filial] */
  @Optional()
  @Shaped(BRANCH_SHAPE, 'the branch code, 1 to 40 letters, digits, dots, dashes or underscores')
  branch?: string;

  /** The ERP user or job that did it. */
  @Optional()
  @Shaped(ACTOR_SHAPE, 'a user or job name of 1 to 120 visible characters')
  actor?: string;

  /** Rises by one or more per subject. It detects gaps, repeats and falls; it never drops a live event. */
  @Optional()
  @Shaped(SEQUENCE_SHAPE, 'a whole number as text, a database bigint can hold')
  sequence?: string;

  /** The ordering key where it is not the subject, e.g. the customer. */
  @Optional()
  @Shaped(KEY_SHAPE, 'an ordering key of 1 to 200 visible characters')
  partitionkey?: string;

  /** W3C trace context. A broken one loses the trace, never the event. */
  @Optional()
  @Shaped(TRACEPARENT_SHAPE, 'a W3C traceparent')
  traceparent?: string;

  @Optional()
  @Shaped(TRACESTATE_SHAPE, 'a W3C tracestate of at most 512 characters')
  tracestate?: string;

  data!: unknown;
}

/** An event of the catalogue: its data is known and has been checked. */
export class HubEvent<T extends EventType = EventType> extends HubEnvelope {
  declare type: T;
  declare data: EventData<T>;
}

/** What must stay in order, within one source and company: the customer, title or contract it is about. */
export function orderingKey(envelope: Pick<HubEnvelope, 'partitionkey' | 'subject'>): string {
  return envelope.partitionkey ?? envelope.subject;
}

/** The aggregate a subject names: `receivable/4711-2` → `receivable`. */
export function aggregateOf(subject: string): string {
  return subject.slice(0, subject.indexOf('/'));
}

/** The id a subject names: `receivable/4711-2` → `4711-2`. */
export function aggregateIdOf(subject: string): string {
  return subject.slice(subject.indexOf('/') + 1);
}
