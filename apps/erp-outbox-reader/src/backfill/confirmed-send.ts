import type { EventPublisher, OutgoingEvent, PublishAnswer } from '#libs/outbox';
import type { Clock } from '#libs/runtime';

/** Nothing more may be sent from here: somebody else leads, or the process stops. */
export class WalkLeft extends Error {
  override readonly name = 'WalkLeft';
}

export interface ConfirmedSendParts {
  publisher: EventPublisher;
  clock: Clock;
  /** Asked before every event: false once somebody else may lead. */
  mayLead(): boolean;
  /** Why the live stream stands still just now; undefined while it flows. */
  heldBy(): string | undefined;
  /** Told what is waited for, and with nothing when it goes on; the same may be told twice. */
  onWait(reason?: string): void;
}

const HELD_LOOK_MS = 100;
const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 30_000;

/** Sends events until the broker has confirmed them all; whatever holds back the live stream holds these back too. */
export class ConfirmedSend {
  constructor(private readonly parts: ConfirmedSendParts) {}

  /** @throws WalkLeft when somebody else leads, or the signal aborts: some of them may have arrived */
  async send(events: readonly OutgoingEvent[], signal: AbortSignal): Promise<void> {
    let waiting = events;
    for (let tries = 0; waiting.length > 0; tries += 1) {
      if (tries > 0) await this.parts.clock.sleep(Math.min(RETRY_FIRST_MS * 2 ** (tries - 1), RETRY_MOST_MS), signal);
      await this.untilFree(signal);
      const answers = await unlessAborted(Promise.all(waiting.map((event) => this.sendOne(event))), signal);
      const untaken = answers.findIndex((answer) => answer !== 'confirmed');
      this.parts.onWait(untaken < 0 ? undefined : explain(waiting[untaken]!, answers[untaken]!));
      waiting = waiting.filter((_, at) => answers[at] !== 'confirmed');
    }
  }

  private async untilFree(signal: AbortSignal): Promise<void> {
    const { clock, heldBy, mayLead, onWait, publisher } = this.parts;
    for (;;) {
      if (signal.aborted || !mayLead()) throw new WalkLeft('somebody else leads, or the process stops');
      const reason = heldBy() ?? (publisher.state === 'open' ? undefined : `the broker is ${publisher.state}`);
      if (reason === undefined) return;
      onWait(reason);
      await clock.sleep(HELD_LOOK_MS, signal);
    }
  }

  private sendOne(event: OutgoingEvent): Promise<PublishAnswer> {
    if (!this.parts.mayLead()) throw new WalkLeft('somebody else leads');
    return new Promise((resolve) => this.parts.publisher.send(event, resolve));
  }
}

function explain({ routingKey }: OutgoingEvent, answer: PublishAnswer): string {
  if (answer === 'returned') return `no queue is bound for ${routingKey}: start the audit, or bind one`;
  if (answer === 'refused') return `a queue that takes ${routingKey} is full and refuses`;
  return `the broker's answer was lost: ${(answer as Error).message}`;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new WalkLeft('the process stops'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
