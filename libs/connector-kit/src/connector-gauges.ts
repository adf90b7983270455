import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Pool } from 'pg';
import { DeliveryEngine, type PauseReason } from '#libs/delivery';
import { countMissed } from '#libs/receivables';
import { Metrics } from '#libs/runtime';
import { OutcomeRelay } from './outcome-relay.js';

const PAUSE_REASONS: PauseReason[] = [
  'breaker',
  'rate-limit',
  'credential',
  'spend-cap',
  'maintenance',
  'off',
  'operator',
];

/** What an SRE watches of a connector; read from the database when somebody looks, so that every replica says the same. */
@Injectable()
export class ConnectorGauges implements OnModuleInit {
  constructor(
    private readonly pool: Pool,
    private readonly engine: DeliveryEngine,
    private readonly relay: OutcomeRelay,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.watchDeliveries();
    this.watchParked();
    this.watchPartners();
    this.watchSources();
  }

  private watchDeliveries(): void {
    const { engine, metrics } = this;
    const help = 'Deliveries not settled, counted up to 100,000';
    const deliveries = metrics.gauge('ponte_deliveries_waiting', help, ['state']);
    const hand = metrics.gauge('ponte_lanes_in_hand', 'Lanes this process holds under a lease');
    const outbox = metrics.gauge('ponte_outcomes_waiting', 'Outcomes not yet confirmed by the broker');
    metrics.onScrape('deliveries', async () => {
      const [open, backlog] = await Promise.all([engine.deliveries.counts(), this.relay.relay.backlog()]);
      deliveries.set(open.pending, { state: 'pending' });
      deliveries.set(open.parked, { state: 'parked' });
      hand.set(engine.lanesInHand);
      outbox.set(backlog.waiting);
    });
  }

  private watchParked(): void {
    const { engine, metrics } = this;
    const parked = metrics.gauge('ponte_events_parked', 'Events that wait for a person, and behind one', ['state']);
    const ofOldest = 'Age of the oldest thing that waits for a person';
    const oldest = metrics.gauge('ponte_parked_oldest_age_seconds', ofOldest, ['what']);
    metrics.onScrape('parked', async () => {
      const [open, events] = await Promise.all([engine.deliveries.counts(), engine.parkedEvents.counts()]);
      parked.set(events.parked, { state: 'parked' });
      parked.set(events.waiting, { state: 'waiting' });
      oldest.set(ageOf(open.oldestParked), { what: 'delivery' });
      oldest.set(ageOf(events.oldest), { what: 'event' });
    });
  }

  private watchPartners(): void {
    const { engine, metrics } = this;
    const paused = metrics.gauge('ponte_endpoints_paused', 'Endpoints that stand still, by reason', ['reason']);
    const help = 'Integrations without a communication for more than two of their periods';
    const overdue = metrics.gauge('ponte_communications_overdue', help);
    metrics.onScrape('partners', async () => {
      const [standing, late] = await Promise.all([engine.endpoints.standing(), engine.cadences.countOverdue()]);
      const count = Map.groupBy(standing, ({ reason }) => reason);
      for (const reason of PAUSE_REASONS) paused.set(count.get(reason)?.length ?? 0, { reason });
      overdue.set(late);
    });
  }

  private watchSources(): void {
    const help = 'Titles the ERP’s views show otherwise than its events told';
    const missed = this.metrics.gauge('ponte_titles_without_event', help);
    this.metrics.onScrape('sources', async () => {
      const found = await countMissed(this.pool);
      missed.set(found.reduce((sum, { missed: titles }) => sum + titles, 0));
    });
  }
}

function ageOf(since: Date | undefined): number {
  return since ? (Date.now() - since.getTime()) / 1_000 : 0;
}
