import type { Provider } from '@nestjs/common';
import { Pool } from 'pg';
import { OutboxReader } from '#libs/outbox';
import { Clock, Metrics } from '#libs/runtime';
import type { ReaderEnvironment } from '../reader-environment.js';
import { Heartbeats } from './heartbeats.js';
import { readBusinessHours } from './read-business-hours.js';
import { SilenceWatch } from './silence-watch.js';
import { watchSilenceMetrics } from './silence-gauges.js';

type WatchParts = [Pool, OutboxReader, Clock, Metrics];

export function silenceProvider(environment: ReaderEnvironment, erpPool: typeof Pool | string): Provider {
  const rules = {
    hours: readBusinessHours({
      hours: environment.BUSINESS_HOURS,
      zone: environment.BUSINESS_ZONE,
      holidays: environment.BUSINESS_HOLIDAYS,
    }),
    quietAfterMinutes: environment.SILENCE_AFTER_MINUTES,
  };
  return {
    provide: SilenceWatch,
    inject: [erpPool, OutboxReader, Clock, Metrics],
    useFactory: (...[erp, outbox, clock, metrics]: WatchParts) => {
      const heartbeats = new Heartbeats(erp, environment.OUTBOX_TABLE);
      const watch = new SilenceWatch({ outbox, heartbeats, rules, clock });
      watchSilenceMetrics(watch, metrics);
      return watch;
    },
  };
}
