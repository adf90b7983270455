import { JSON_CONTENT_SHAPE, MAX_EVENT_BYTES } from './envelope.js';
import { readJson } from './json.js';

/** What AMQP says beside the bytes, as far as CloudEvents cares. */
export interface MessageProperties {
  contentType?: string;
  messageId?: string;
  type?: string;
  headers?: Record<string, unknown>;
}

export type CloudEventMessage =
  | {
      kind: 'read';
      /** Attribute by name, not looked at yet. */
      attribute: (name: string) => unknown;
      data: unknown;
      /** The JSON text `data` was read from. */
      text: string;
      /** What is wrong although the attributes can be read. */
      problems: string[];
    }
  | { kind: 'unreadable'; reason: string };

const PREFIXES = ['cloudEvents:', 'cloudEvents_'] as const;
const BATCH = 'application/cloudevents-batch';

/**
 * CloudEvents 1.0 over AMQP 0-9-1, by its AMQP binding: structured unless the headers hold `specversion`, which only
 * binary mode has there. Our own messages repeat some attributes in headers for whoever filters; the body is the truth.
 */
export function readCloudEvent(content: Uint8Array, properties: MessageProperties): CloudEventMessage {
  if (content.byteLength > MAX_EVENT_BYTES) {
    return unreadable(`larger than ${MAX_EVENT_BYTES} bytes (${content.byteLength})`);
  }
  const contentType = typeof properties.contentType === 'string' ? properties.contentType : undefined;
  if (contentType?.toLowerCase().startsWith(BATCH)) return unreadable('a batch: one message carries one event');
  const headers = properties.headers ?? {};
  return headerOf(headers, 'specversion') === undefined ? structured(content) : binary(content, contentType, headers);
}

function structured(content: Uint8Array): CloudEventMessage {
  const json = readJson(content);
  if (json.kind === 'not-json') return unreadable(json.reason);
  const body = json.value;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return unreadable('not a JSON object');
  const attribute = (name: string): unknown => (body as Record<string, unknown>)[name];
  const problems = attribute('data_base64') === undefined ? [] : ['/data_base64 is not taken: data travels as JSON'];
  return { kind: 'read', attribute, data: attribute('data'), text: json.text, problems };
}

function binary(
  content: Uint8Array,
  contentType: string | undefined,
  headers: Record<string, unknown>,
): CloudEventMessage {
  const attribute = (name: string): unknown =>
    name === 'datacontenttype' ? contentType : attributeText(headerOf(headers, name));
  if (contentType !== undefined && !JSON_CONTENT_SHAPE.test(contentType)) {
    const problems = ['/data cannot be read: it is not JSON'];
    return { kind: 'read', attribute, data: undefined, text: '', problems };
  }
  if (content.byteLength === 0) return { kind: 'read', attribute, data: undefined, text: '', problems: [] };
  const json = readJson(content);
  if (json.kind === 'not-json') {
    return { kind: 'read', attribute, data: undefined, text: '', problems: [`/data is ${json.reason}`] };
  }
  return { kind: 'read', attribute, data: json.value, text: json.text, problems: [] };
}

function headerOf(headers: Record<string, unknown>, name: string): unknown {
  for (const prefix of PREFIXES) {
    if (Object.hasOwn(headers, prefix + name)) return headers[prefix + name];
  }
  return undefined;
}

/** Clients of other languages send attributes as AMQP integers, booleans, bytes or timestamps; in CloudEvents all are text. */
function attributeText(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return timestampText(value) ?? value;
}

/** amqplib hands an AMQP timestamp (seconds) over as `{ '!': 'timestamp', value }`. */
function timestampText(value: unknown): string | undefined {
  const { '!': kind, value: seconds } = (value ?? {}) as { '!'?: unknown; value?: unknown };
  const instant = new Date(kind === 'timestamp' ? Number(seconds) * 1000 : NaN);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}

function unreadable(reason: string): CloudEventMessage {
  return { kind: 'unreadable', reason };
}
