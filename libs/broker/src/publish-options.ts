import type { Options } from 'amqplib';
import type { OutgoingMessage } from './message.js';

const HEADERS_MAX = 50;

/**
 * Persistent, mandatory and with our user's name, with the message's properties. One object and one table of headers serve every message:
 * the client has written them out before it returns, and it makes each table of headers a prototype, which costs more
 * than the rest of a message where the table is a new one (15 against 7 µs).
 */
export class PublishOptions {
  private headers = emptyTable();
  private headerNames = 0;
  private readonly options: Options.Publish;

  /** @param userId as whom the connection logs in: the broker checks it, so a reader may believe it */
  constructor(userId: string) {
    this.options = { persistent: true, mandatory: true, userId };
  }

  of({ properties }: OutgoingMessage): Options.Publish {
    const { appId, contentType, headers, messageId, timestamp, type } = properties;
    return Object.assign(this.options, { appId, contentType, messageId, timestamp, type, headers: this.fill(headers) });
  }

  /** A header left at undefined is not sent. */
  private fill(wanted: Record<string, unknown> = {}): Record<string, unknown> {
    if (this.headerNames > HEADERS_MAX) this.headers = emptyTable();
    for (const name in this.headers) this.headers[name] = undefined;
    Object.assign(this.headers, wanted);
    this.headerNames = Object.keys(this.headers).length;
    return this.headers;
  }
}

/** Without a prototype: a header may be called `__proto__`, and would take the place of one. */
function emptyTable(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}
