import { Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { EVENT_TYPES } from '#libs/contracts';
import type { TopicServer } from '#libs/broker';
import type { DeliveryEngine } from '#libs/delivery';
import type { PartnerEndpoints } from '#libs/partner';
import type { HealthIndicators, Metrics } from '#libs/runtime';
import type { OutcomeRelay } from './outcome-relay.js';
import type { SettingsBook } from './settings-book.js';

export interface ConnectorParts {
  engine: DeliveryEngine;
  book: SettingsBook;
  relay: OutcomeRelay;
  partners: PartnerEndpoints;
  server: TopicServer;
  health: HealthIndicators;
  metrics: Metrics;
}

const BOOK_EVERY_MS = 30_000;

/** What happens when a connector starts and stops, in order. */
export class ConnectorLife implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger('Connector');
  private rereading?: NodeJS.Timeout;

  constructor(private readonly parts: ConnectorParts) {}

  /** Before the first message: partitions, settings, and what a former version could not read. */
  async onModuleInit(): Promise<void> {
    const { engine, book, relay } = this.parts;
    await engine.prepare();
    await book.open();
    await this.planKnownAtLast();
    this.watch();
    relay.start();
    engine.start();
    this.rereading = setInterval(() => void book.open().catch(() => undefined), BOOK_EVERY_MS);
    this.rereading.unref();
  }

  /** Calls in hand end and are settled while the database is still there; intake stops after, with its batch. */
  async beforeApplicationShutdown(): Promise<void> {
    const { engine, relay, partners } = this.parts;
    clearInterval(this.rereading);
    await engine.stop();
    await relay.stop();
    await partners.close();
  }

  private async planKnownAtLast(): Promise<void> {
    const planned = await this.parts.engine.parkedEvents.planKnownAtLast(EVENT_TYPES);
    if (planned > 0) this.log.log({ event: 'parked-events.known-at-last', planned });
  }

  private watch(): void {
    const { server, health, metrics, engine, relay } = this.parts;
    health.registerReadiness('broker', () => {
      if (server.complaints.length > 0) throw new Error(server.complaints.join('; '));
    });
    const deliveries = metrics.gauge('ponte_deliveries_waiting', 'Deliveries not settled, counted up to 100,000', [
      'state',
    ]);
    const parked = metrics.gauge('ponte_events_parked', 'Events that wait for a person, and behind one', ['state']);
    const oldest = metrics.gauge('ponte_parked_oldest_age_seconds', 'Age of the oldest thing that waits for a person', [
      'what',
    ]);
    const hand = metrics.gauge('ponte_lanes_in_hand', 'Lanes this process holds under a lease');
    const outbox = metrics.gauge('ponte_outcomes_waiting', 'Outcomes not yet confirmed by the broker');
    metrics.onScrape('connector', async () => {
      const [open, events, backlog] = await Promise.all([
        engine.deliveries.counts(),
        engine.parkedEvents.counts(),
        relay.relay.backlog(),
      ]);
      deliveries.set(open.pending, { state: 'pending' });
      deliveries.set(open.parked, { state: 'parked' });
      parked.set(events.parked, { state: 'parked' });
      parked.set(events.waiting, { state: 'waiting' });
      oldest.set(ageOf(open.oldestParked), { what: 'delivery' });
      oldest.set(ageOf(events.oldest), { what: 'event' });
      hand.set(engine.lanesInHand);
      outbox.set(backlog.waiting);
    });
  }
}

function ageOf(since: Date | undefined): number {
  return since ? (Date.now() - since.getTime()) / 1_000 : 0;
}
