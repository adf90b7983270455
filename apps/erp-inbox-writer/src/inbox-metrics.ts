import type { Clock, Counter, Gauge, HealthIndicators, Metrics } from '#libs/runtime';
import type { InboxTrouble } from './inbox-trouble.js';

/** What is counted of messages, each under one of four. */
export class InboxMetrics {
  readonly written: Counter;
  readonly duplicates: Counter;
  readonly skipped: Counter;
  readonly refused: Counter;
  private readonly lag: Gauge;

  constructor(
    metrics: Metrics,
    private readonly clock: Clock,
  ) {
    this.written = metrics.counter('ponte_inbox_written_total', 'Results written into the ERP’s table', ['type']);
    this.duplicates = metrics.counter('ponte_inbox_duplicates_total', 'Results that were written before');
    this.skipped = metrics.counter('ponte_inbox_skipped_total', 'Messages that are no result for this ERP', ['why']);
    this.refused = metrics.counter('ponte_inbox_refused_total', 'Messages sent to the dead letters', ['why']);
    this.lag = metrics.gauge(
      'ponte_inbox_lag_seconds',
      'From a result to its row: the newest of the last batch; while they wait, the oldest that waits',
    );
  }

  tellLag(times: readonly string[], of: 'newest' | 'oldest'): void {
    if (times.length === 0) return;
    const instants = times.map((time) => Date.parse(time));
    const told = of === 'newest' ? Math.max(...instants) : Math.min(...instants);
    this.lag.set(Math.max(0, this.clock.now().getTime() - told) / 1000);
  }
}

/** Not ready while results cannot be written: the reason is the answer. */
export function watchTrouble(trouble: InboxTrouble, health: HealthIndicators, metrics: Metrics): void {
  health.registerReadiness('inbox', () => {
    if (trouble.reason !== undefined) throw new Error(trouble.reason);
  });
  const stuck = metrics.gauge('ponte_inbox_stuck', '1 while results wait because they cannot be written');
  metrics.onScrape('inbox', () => stuck.set(trouble.reason === undefined ? 0 : 1));
}
