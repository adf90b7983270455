import { Injectable, Logger } from '@nestjs/common';
import { PONTE_EVENTS, type IncomingMessage } from '#libs/broker';
import { readOutcomeEvent } from '#libs/contracts';
import { Balance } from '#libs/delivery';

/** What the audit says of the balance comes in on the events' own queue: behind everything it tells of. */
export const BALANCE_PATTERN = 'audit.balance.#';

const BEGINNING = 'audit.balance.';
const AUDIT = '/ponte/audit';

/** Tells the audit's words from events, and hands them on. */
@Injectable()
export class BalanceEar {
  private readonly log = new Logger('Balance');

  constructor(private readonly balance: Balance) {}

  /** A dead letter remembers where it was published first. */
  sort(messages: readonly IncomingMessage[]): { events: IncomingMessage[]; balances: IncomingMessage[] } {
    const { events = [], balances = [] } = Object.groupBy(messages, (message) =>
      isOfBalance(message) ? 'balances' : 'events',
    );
    return { events, balances };
  }

  /** What cannot be read is said in the next round. @throws the weather: the same messages are to be handed again */
  async hear(messages: readonly IncomingMessage[]): Promise<void> {
    for (const { content, properties } of messages) {
      const read = readOutcomeEvent(content, properties);
      if (read.kind === 'outcome' && read.event.source === AUDIT) await this.balance.hear(read.event);
      else this.log.warn({ event: 'balance.not-understood', kind: read.kind });
    }
  }
}

function isOfBalance({ exchange, routingKey, properties }: IncomingMessage): boolean {
  if (exchange === PONTE_EVENTS) return routingKey.startsWith(BEGINNING);
  return properties.headers['x-first-death-exchange'] === PONTE_EVENTS;
}
