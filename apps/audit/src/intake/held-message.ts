import type { IncomingMessage } from '#libs/broker';

/** What is encrypted of a message: the bytes as they came, and what AMQP said beside them. */
export interface HeldMessage {
  content: Buffer;
  exchange: string;
  routingKey: string;
  contentType?: string;
  messageId?: string;
  type?: string;
  /** Who published it, where the broker vouches for that. */
  userId?: string;
  headers: Record<string, unknown>;
}

const NEWLINE = 0x0a;

/** One line of JSON with everything but the content, then the content. */
export function packMessage(message: HeldMessage): Buffer {
  const { content, ...beside } = message;
  return Buffer.concat([Buffer.from(`${JSON.stringify(beside)}\n`), content]);
}

export function unpackMessage(packed: Buffer): HeldMessage {
  const end = packed.indexOf(NEWLINE);
  const beside = JSON.parse(packed.subarray(0, end).toString('utf8')) as Omit<HeldMessage, 'content'>;
  return { ...beside, content: packed.subarray(end + 1) };
}

export function holdMessage({ content, exchange, routingKey, properties }: IncomingMessage): HeldMessage {
  const { contentType, messageId, type, userId } = properties;
  return {
    content,
    exchange,
    routingKey,
    contentType,
    messageId,
    type,
    userId,
    headers: printable(properties.headers),
  };
}

/** Attributes in binary mode may come as bytes, which JSON would turn into lists of numbers. */
function printable(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('utf8') : value]),
  );
}
