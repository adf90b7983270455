import { Logger } from '@nestjs/common';
import { auditBoundQueues, auditTopology, ERP_EVENTS, publisherTopology, type BrokerManagement } from '#libs/broker';
import type { Relay } from '#libs/outbox';
import type { Clock } from '#libs/runtime';

export interface BrokerWatchParts {
  management: BrokerManagement;
  relay: Relay;
  requiredQueues: readonly string[];
  clock: Clock;
}

/** What the app itself holds the relay back for. */
export const WATCH_CAUSES = {
  topology: 'the exchange would swallow what nobody takes',
  'queues-missing': 'a required queue is not bound',
} as const;

const LOOK_AGAIN_MS = 1_000;
const LOOK_EVERY_MS = 10_000;
/** Less than the relay waits before it tries a returned row again. */
const LOOK_AFTER_RETURN_MS = 500;
const GLANCE_MS = 100;

/**
 * Holds the relay back while the broker would take an event and not everybody who must have it: a required queue that is
 * not bound yet, an exchange with an alternate. Nothing is published before a first look.
 */
export class BrokerWatch {
  private readonly log = new Logger('BrokerWatch');
  private hasSeen = false;
  private unanswered?: string;

  constructor(private readonly parts: BrokerWatchParts) {
    parts.relay.pause('topology', 'the exchange has not been looked at yet');
    if (parts.requiredQueues.length > 0) parts.relay.pause('queues-missing', 'the queues have not been looked at yet');
  }

  /** @returns what would be refused at start, each a sentence to act on; a required queue is waited for instead */
  async look(): Promise<string[]> {
    const { management, relay, requiredQueues } = this.parts;
    const unsafe = await auditTopology(management, publisherTopology());
    const missing = await auditBoundQueues(management, ERP_EVENTS, requiredQueues);
    this.hasSeen = true;
    this.hold('topology', unsafe);
    this.hold('queues-missing', missing);
    relay.wake();
    return unsafe;
  }

  /**
   * Looks again and again until the signal aborts: every second while something is wrong, and at once when a row came
   * back. Whatever took its binding may have taken others: the audit, bound again first, would take the row alone.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    while (!signal.aborted) {
      const lookedAt = clock.monotonicMs();
      const isWell = await this.lookOnce();
      const isDue = () => clock.monotonicMs() - lookedAt >= this.waitAfter(isWell);
      while (!signal.aborted && !isDue()) await clock.sleep(GLANCE_MS, signal);
    }
  }

  private waitAfter(isWell: boolean): number {
    if (!isWell) return LOOK_AGAIN_MS;
    return 'unroutable' in this.parts.relay.report().paused ? LOOK_AFTER_RETURN_MS : LOOK_EVERY_MS;
  }

  /** A management API that is away changes nothing: what was safe is taken to be safe still, and told once. */
  private async lookOnce(): Promise<boolean> {
    try {
      await this.look();
      if (this.unanswered) this.log.log({ event: 'reader.topology-seen-again' });
      this.unanswered = undefined;
      const { paused } = this.parts.relay.report();
      return !Object.keys(WATCH_CAUSES).some((cause) => cause in paused);
    } catch (error) {
      const reason = (error as Error).message;
      if (this.unanswered !== reason) this.log.warn({ event: 'reader.topology-not-seen', reason });
      this.unanswered = reason;
      if (!this.hasSeen) this.parts.relay.pause('topology', `the exchange could not be looked at: ${reason}`);
      return false;
    }
  }

  private hold(cause: keyof typeof WATCH_CAUSES, problems: string[]): void {
    if (problems.length > 0) this.parts.relay.pause(cause, problems.join('; '));
    else this.parts.relay.resume(cause);
  }
}
