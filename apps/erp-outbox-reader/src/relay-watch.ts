import { PAUSE_CAUSES, type Relay } from '#libs/outbox';
import type { HealthIndicators, Metrics } from '#libs/runtime';
import { WATCH_CAUSES } from './broker-watch.js';

const CAUSES = Object.keys({ ...PAUSE_CAUSES, ...WATCH_CAUSES });

/**
 * A standby is ready, and so is a paused relay: restarting it would heal nothing, and it goes on by itself. That it does
 * not do its work just now is said in the answer (`degraded`) and in the metrics.
 */
export function watchHealth(relay: Relay, health: HealthIndicators): void {
  health.registerReadiness('relay', () => {
    const { leading, paused } = relay.report();
    return { leading, degraded: Object.keys(paused).length > 0, paused };
  });
}

export function watchMetrics(relay: Relay, metrics: Metrics): void {
  const backlog = metrics.gauge('ponte_relay_backlog_rows', 'Rows not yet published, counted up to 100,000');
  const oldest = metrics.gauge('ponte_relay_oldest_age_seconds', 'Age of the oldest row not yet published');
  const parked = metrics.gauge('ponte_relay_parked_rows', 'Rows parked, those behind a head included');
  const published = metrics.counter('ponte_relay_published_total', 'Rows published by this process');
  const leading = metrics.gauge('ponte_relay_leading', '1 in the process that leads');
  const paused = metrics.gauge('ponte_relay_paused', '1 while this holds the relay back', ['reason']);
  let told = 0;
  metrics.onScrape('relay', async () => {
    const report = relay.report();
    published.add({}, report.published - told);
    told = report.published;
    leading.set(report.leading ? 1 : 0);
    for (const reason of CAUSES) paused.set(reason in report.paused ? 1 : 0, { reason });
    const waiting = await relay.backlog();
    backlog.set(waiting.waiting);
    oldest.set(waiting.oldestAgeSeconds);
    parked.set(waiting.parked);
  });
}
