import { randomUUID } from 'node:crypto';
import { DEAD_LETTERS, PONTE_EVENTS, type ConfirmPublisher, type IncomingMessage } from '#libs/broker';

/** What the broker itself reads in a message: it would send a copy to every queue these name. */
const SENDER_SELECTED = ['CC', 'BCC'];
const REASON_MAX = 2_000;

/**
 * Where a message goes that will never become a row: the bytes as they came, with the reason beside them. A crash right
 * after leaves it there twice, never nowhere.
 */
export class DeadLetters {
  constructor(
    private readonly publisher: ConfirmPublisher,
    private readonly queues: { from: string; to: string },
  ) {}

  /** Resolves when the broker has it on disk. @throws when it has not, or may not have */
  async bury(message: IncomingMessage, reason: string): Promise<void> {
    const marks = { ...this.marksOfDeath(), 'ponte-refused': reason.slice(0, REASON_MAX) };
    try {
      await this.send(message, { ...withoutSenderSelected(message.properties.headers), ...marks });
    } catch (error) {
      if (!isUnsendable(error)) throw error;
      await this.send(message, marks);
    }
  }

  private async send({ content, properties }: IncomingMessage, headers: Record<string, unknown>): Promise<void> {
    const { contentType, messageId = randomUUID(), type } = properties;
    const result = await this.publisher.publish({
      exchange: DEAD_LETTERS,
      routingKey: this.queues.to,
      content,
      properties: { contentType, headers, messageId, type },
    });
    if (result !== 'confirmed') throw new Error(`the queue "${this.queues.to}" did not take a message (${result})`);
  }

  /** As the broker marks what a consumer rejects. */
  private marksOfDeath(): Record<string, string> {
    return {
      'x-first-death-exchange': PONTE_EVENTS,
      'x-first-death-queue': this.queues.from,
      'x-first-death-reason': 'rejected',
    };
  }
}

function withoutSenderSelected(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SENDER_SELECTED.includes(name)));
}

/** The client cannot write these headers out, and has sent nothing. */
function isUnsendable(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}
