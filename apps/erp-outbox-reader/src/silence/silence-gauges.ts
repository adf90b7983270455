import type { Metrics } from '#libs/runtime';
import { SILENCE_WHYS } from './alarms.js';
import type { SilenceWatch } from './silence-watch.js';

/** From what the last look has seen: a scrape asks the ERP's database nothing. */
export function watchSilenceMetrics(watch: SilenceWatch, metrics: Metrics): void {
  const age = metrics.gauge(
    'ponte_source_last_event_age_seconds',
    'Since the last row of the outbox was recorded; since the start of the process while there never was one',
  );
  const quiet = metrics.gauge('ponte_source_quiet_business_minutes', 'Minutes of business without an event of the ERP');
  const silent = metrics.gauge('ponte_source_silent', '1 while this sign of life of the ERP is missing', ['why']);
  metrics.onScrape('silence', () => {
    const { alarms, quietBusinessMinutes } = watch.report();
    age.set(watch.lastEventAgeSeconds);
    quiet.set(quietBusinessMinutes);
    for (const why of SILENCE_WHYS) silent.set(alarms.some((alarm) => alarm.why === why) ? 1 : 0, { why });
  });
}
