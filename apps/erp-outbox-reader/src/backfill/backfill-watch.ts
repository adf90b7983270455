import type { HealthIndicators, Metrics } from '#libs/runtime';
import type { BackfillBook } from './backfill-book.js';
import type { BackfillRequests } from './backfill-requests.js';
import type { BackfillWalker } from './backfill-walker.js';

export interface BackfillParts {
  book: BackfillBook;
  requests: BackfillRequests;
  walker: BackfillWalker;
}

/** Never a reason to take the reader for unready: the live stream needs none of it. */
export function watchBackfillHealth({ requests }: Pick<BackfillParts, 'requests'>, health: HealthIndicators): void {
  health.registerReadiness('backfill', () => {
    const { complaints } = requests;
    return { hearsRequests: complaints.length === 0, complaints };
  });
}

export function watchBackfillMetrics({ book, walker }: Omit<BackfillParts, 'requests'>, metrics: Metrics): void {
  const rows = metrics.counter('ponte_backfill_rows_total', 'Snapshots published by this process');
  const open = metrics.gauge('ponte_backfills', 'Backfills by state', ['state']);
  const last = metrics.gauge(
    'ponte_backfill_last_finished_timestamp_seconds',
    'When the last backfill finished; 0 for never',
  );
  let told = 0;
  metrics.onScrape('backfill', async () => {
    rows.add({}, walker.published - told);
    told = walker.published;
    const { failed, lastFinished, requested, running } = await book.counts();
    for (const [state, count] of Object.entries({ requested, running, failed })) open.set(count, { state });
    last.set(lastFinished ?? 0);
  });
}
