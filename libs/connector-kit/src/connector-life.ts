import { Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { EVENT_TYPES } from '#libs/contracts';
import type { TopicServer } from '#libs/broker';
import type { DeliveryEngine, PauseReason } from '#libs/delivery';
import type { PartnerEndpoints } from '#libs/partner';
import type { HealthIndicators, Metrics } from '#libs/runtime';
import type { IntegrationDesk } from './integration-desk.js';
import type { OutcomeRelay } from './outcome-relay.js';
import type { SettingsBook } from './settings-book.js';

export interface ConnectorParts {
  engine: DeliveryEngine;
  book: SettingsBook;
  desk: IntegrationDesk;
  relay: OutcomeRelay;
  partners: PartnerEndpoints;
  server: TopicServer;
  health: HealthIndicators;
  metrics: Metrics;
}

const PAUSE_REASONS: PauseReason[] = [
  'breaker',
  'rate-limit',
  'credential',
  'spend-cap',
  'maintenance',
  'off',
  'operator',
];
const BOOK_EVERY_MS = 30_000;

/** What happens when a connector starts and stops, in order. */
export class ConnectorLife implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger('Connector');
  private rereading?: NodeJS.Timeout;

  constructor(private readonly parts: ConnectorParts) {}

  /** Before the first message: partitions, settings, and what a former version could not read. */
  async onModuleInit(): Promise<void> {
    const { engine, book, relay, desk } = this.parts;
    await engine.prepare();
    await book.open();
    await desk.resumeReady();
    await this.planKnownAtLast();
    this.watch();
    relay.start();
    engine.start();
    this.rereading = setInterval(() => void this.reread(), BOOK_EVERY_MS);
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

  /** One that cannot be opened stays parked, with those behind it; the connector starts all the same. */
  private async planKnownAtLast(): Promise<void> {
    try {
      const planned = await this.parts.engine.parkedEvents.planKnownAtLast(EVENT_TYPES);
      if (planned > 0) this.log.log({ event: 'parked-events.known-at-last', planned });
    } catch (error) {
      this.log.error({ event: 'parked-events.not-planned', reason: (error as Error).message });
    }
  }

  private async reread(): Promise<void> {
    try {
      await this.parts.book.open();
      await this.parts.desk.resumeReady();
    } catch (error) {
      this.log.warn({ event: 'settings.not-read', reason: (error as Error).message });
    }
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
    const paused = metrics.gauge('ponte_endpoints_paused', 'Endpoints that stand still, by reason', ['reason']);
    const outbox = metrics.gauge('ponte_outcomes_waiting', 'Outcomes not yet confirmed by the broker');
    metrics.onScrape('connector', async () => {
      const [open, events, backlog, standing] = await Promise.all([
        engine.deliveries.counts(),
        engine.parkedEvents.counts(),
        relay.relay.backlog(),
        engine.endpoints.standing(),
      ]);
      deliveries.set(open.pending, { state: 'pending' });
      deliveries.set(open.parked, { state: 'parked' });
      parked.set(events.parked, { state: 'parked' });
      parked.set(events.waiting, { state: 'waiting' });
      oldest.set(ageOf(open.oldestParked), { what: 'delivery' });
      oldest.set(ageOf(events.oldest), { what: 'event' });
      const count = Map.groupBy(standing, ({ reason }) => reason);
      for (const reason of PAUSE_REASONS) paused.set(count.get(reason)?.length ?? 0, { reason });
      hand.set(engine.lanesInHand);
      outbox.set(backlog.waiting);
    });
  }
}

function ageOf(since: Date | undefined): number {
  return since ? (Date.now() - since.getTime()) / 1_000 : 0;
}
