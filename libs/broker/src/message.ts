import type { MessageProperties } from 'amqplib';

/** What a publisher hands over: the bytes are sent as they are. */
export interface OutgoingMessage {
  exchange: string;
  /** At most 255 bytes: AMQP's short string. */
  routingKey: string;
  content: Buffer;
  properties: OutgoingProperties;
}

export interface OutgoingProperties {
  /** Correlates a returned message with its publish; unique among the messages in flight. */
  messageId: string;
  type?: string;
  contentType?: string;
  /** Seconds since the epoch. */
  timestamp?: number;
  appId?: string;
  headers?: Record<string, unknown>;
}

/** What a consumer is given: the bytes as they came. */
export interface IncomingMessage {
  content: Buffer;
  routingKey: string;
  exchange: string;
  redelivered: boolean;
  properties: IncomingProperties;
}

export interface IncomingProperties {
  contentType?: string;
  messageId?: string;
  type?: string;
  /** The broker's user that published it, where the publisher says so: the broker lets nobody name another. */
  userId?: string;
  headers: Record<string, unknown>;
}

/** A queue's name and its dead letters' are short strings too; a routing key beyond this is refused by the client. */
export const ROUTING_KEY_MAX_BYTES = 255;

export function readProperties(properties: MessageProperties): IncomingProperties {
  return {
    contentType: text(properties.contentType),
    messageId: text(properties.messageId),
    type: text(properties.type),
    userId: text(properties.userId),
    headers: properties.headers ?? {},
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
