import type { ConfirmPublisher } from '#libs/broker';
import type { EventPublisher, OutgoingEvent, PublishAnswer } from '../src/index.js';

/**
 * The real publisher, with the network's and the broker's moods on demand: answers that are held back or lost, a broker
 * that blocks. What it lets through is the real broker's.
 */
export class TestPublisher implements EventPublisher {
  private readonly held: (() => void)[] = [];
  private readonly pausedListeners: ((reason: string) => void)[] = [];
  private readonly readyListeners: (() => void)[] = [];
  private readonly swallowed: ((answer: PublishAnswer) => void)[] = [];
  private holding = false;
  private swallowing = false;
  private blocked = false;
  /** Every event handed over, in order. */
  readonly sent: OutgoingEvent[] = [];

  constructor(private readonly real: ConfirmPublisher) {}

  get state(): 'open' | 'blocked' | 'away' {
    return this.blocked ? 'blocked' : this.real.state;
  }

  on(event: 'ready' | 'paused', listener: (() => void) | ((reason: string) => void)): this {
    if (event === 'ready') this.readyListeners.push(listener as () => void);
    else this.pausedListeners.push(listener);
    this.real.on(event as 'paused', listener);
    return this;
  }

  send(event: OutgoingEvent, settle: (answer: PublishAnswer) => void): void {
    if (this.swallowing) {
      this.sent.push(event);
      this.swallowed.push(settle);
      return;
    }
    this.real.send(event, (answer) => {
      if (this.holding) this.held.push(() => settle(answer));
      else settle(answer);
    });
    this.sent.push(event);
  }

  /** From now on the broker's answers do not reach the relay. */
  holdAnswers(): void {
    this.holding = true;
  }

  get answersHeld(): number {
    return this.held.length;
  }

  letAnswersThrough(): void {
    this.holding = false;
    for (const answer of this.held.splice(0)) answer();
  }

  /** From now on nothing reaches the broker. */
  swallow(): void {
    this.swallowing = true;
  }

  /** As when the connection was cut before the broker had read what was sent. */
  tellLost(): void {
    this.swallowing = false;
    for (const settle of this.swallowed.splice(0)) settle(new Error('the connection was cut'));
  }

  block(reason: string): void {
    this.blocked = true;
    for (const tell of this.pausedListeners) tell(reason);
  }

  unblock(): void {
    this.blocked = false;
    for (const tell of this.readyListeners) tell();
  }

  close(): Promise<void> {
    return this.real.close();
  }
}
