import type { WrittenEvent } from '#libs/contracts';

/** An event on its way to an exchange. */
export type OutgoingEvent = Omit<WrittenEvent, 'properties'> & {
  exchange: string;
  properties: Omit<WrittenEvent['properties'], 'deliveryMode'>;
};

/** `returned`: nobody is bound to its type. `refused`: a queue is full. An error: whether it arrived is not known. */
export type PublishAnswer = 'confirmed' | 'returned' | 'refused' | Error;

/** What the relay needs of a broker; `ConfirmPublisher` of libs/broker is one. */
export interface EventPublisher {
  /** `away`: not connected; `blocked`: connected, and the broker takes nothing. */
  readonly state: 'open' | 'blocked' | 'away';
  on(event: 'ready', listener: () => void): unknown;
  on(event: 'paused', listener: (reason: string) => void): unknown;
  /**
   * Persistent and mandatory; `settle` is called once with the broker's answer.
   * @throws for an event that can never be carried; nothing was sent and `settle` is not called
   */
  send(event: OutgoingEvent, settle: (answer: PublishAnswer) => void): void;
}
