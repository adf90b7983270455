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
    this.watchPaid();
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

  /** Of calls that cost money or cannot be taken back: alarm on any unknown that waits for a person. */
  private watchPaid(): void {
    const { engine, metrics } = this;
    const intents = metrics.gauge('ponte_intents_open', 'Paid or irreversible calls whose end is not known');
    const ofUnknown = 'Deliveries of which nobody knows whether their calls took effect';
    const unknown = metrics.gauge('ponte_deliveries_unknown', ofUnknown, ['waits_for']);
    const oldest = metrics.gauge('ponte_unknown_oldest_age_seconds', 'Age of the oldest such call', ['waits_for']);
    const ofSpent = 'Reserved in the last local day with a paid call, in money';
    const spent = metrics.gauge('ponte_spent_today', ofSpent, ['integration']);
    const cap = metrics.gauge('ponte_spend_cap_today', 'What may be spent in a local day', ['integration']);
    metrics.onScrape('paid', async () => {
      const [counts, spends] = await Promise.all([engine.deliveries.unknown(), engine.deliveries.spentToday()]);
      intents.set(counts.openIntents);
      unknown.set(counts.verifying, { waits_for: 'verification' });
      unknown.set(counts.person, { waits_for: 'person' });
      oldest.set(ageOf(counts.oldestVerifying), { waits_for: 'verification' });
      oldest.set(ageOf(counts.oldestPerson), { waits_for: 'person' });
      for (const { integrationId: integration, reserved, cap: daily } of spends) {
        spent.set(Number(reserved), { integration });
        if (daily !== undefined) cap.set(Number(daily), { integration });
      }
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
