import type { BackfillFinished, BackfillRequested, BackfillStarted } from './backfill.js';

export const BACKFILL_STARTED: BackfillStarted = {
  backfillId: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d2001',
  aggregate: 'receivable',
  company: '1',
  startedAt: '2026-07-27T05:00:00.000Z',
};

export const BACKFILL_FINISHED: BackfillFinished = {
  ...BACKFILL_STARTED,
  finishedAt: '2026-07-27T05:03:20.412Z',
  rows: 48210,
  skipped: 1,
  skippedIds: ['5093-4'],
};

export const BACKFILL_REQUESTED: BackfillRequested = {
  backfillId: BACKFILL_STARTED.backfillId,
  aggregate: 'receivable',
  source: '/erp/demo',
  company: '1',
  requestedBy: 'customerx-connector',
};
