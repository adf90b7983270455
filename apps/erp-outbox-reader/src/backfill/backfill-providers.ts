import type { Provider } from '@nestjs/common';
import { Pool } from 'pg';
import type { ConfirmPublisher } from '#libs/broker';
import { OutboxReader, Relay } from '#libs/outbox';
import { Clock, HealthIndicators, Metrics } from '#libs/runtime';
import type { ReaderEnvironment } from '../reader-environment.js';
import { BackfillBook } from './backfill-book.js';
import { BackfillRequests, requestServer } from './backfill-requests.js';
import { BackfillWalker } from './backfill-walker.js';
import { watchBackfillHealth, watchBackfillMetrics } from './backfill-watch.js';

type WalkerParts = [BackfillBook, Pool, OutboxReader, Relay, Clock, Metrics];
type RequestParts = [BackfillBook, BackfillWalker, Clock, HealthIndicators];

/** The walks' parts; they publish through the relay's own publisher, so whatever stops one stops the other. */
export function backfillProviders(
  environment: ReaderEnvironment,
  publisher: ConfirmPublisher,
  erpPool: typeof Pool | string,
): Provider[] {
  return [
    {
      provide: BackfillBook,
      inject: [Pool],
      useFactory: (own: Pool) => new BackfillBook(own, environment.ERP_SOURCE),
    },
    {
      provide: BackfillWalker,
      inject: [BackfillBook, erpPool, OutboxReader, Relay, Clock, Metrics],
      useFactory: (...[book, erp, outbox, relay, clock, metrics]: WalkerParts) => {
        const rowsPerSecond = environment.BACKFILL_ROWS_PER_SECOND;
        const walker = new BackfillWalker({ book, erp, outbox, relay, publisher, clock, rowsPerSecond });
        watchBackfillMetrics({ book, walker }, metrics);
        return walker;
      },
    },
    {
      provide: BackfillRequests,
      inject: [BackfillBook, BackfillWalker, Clock, HealthIndicators],
      useFactory: (...[book, walker, clock, health]: RequestParts) => {
        const onRequest = () => walker.wake();
        const requests = new BackfillRequests({ ...requestServer(environment), book, clock, onRequest });
        watchBackfillHealth({ requests }, health);
        return requests;
      },
    },
  ];
}
