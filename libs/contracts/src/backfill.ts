import { Count, Identifier, Instant, OneOf, Optional, Shaped, Text, TextList, Uuid } from './fields.js';
import { ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS } from './outcome-parts.js';

/** What a reader can walk through from the beginning to the end, each by an export view of the ERP. */
export const BACKFILL_AGGREGATES = ['receivable', 'branch', 'business-unit', 'customer', 'contract'] as const;
export type BackfillAggregate = (typeof BACKFILL_AGGREGATES)[number];

/** More skipped rows than this are counted and not named. */
export const SKIPPED_KEYS_MAX = 100;

/** Data of `ponte.backfill.started.v1`: every snapshot of the walk comes after it. */
export class BackfillStarted {
  @Uuid()
  backfillId!: string;

  @OneOf(BACKFILL_AGGREGATES)
  aggregate!: BackfillAggregate;

  @Text(40)
  company!: string;

  /** By the reader's clock, before the first row was read; the `time` of every snapshot of the walk. */
  @Instant()
  startedAt!: string;
}

/** Data of `ponte.backfill.finished.v1`: the broker has confirmed every snapshot of the walk. */
export class BackfillFinished extends BackfillStarted {
  @Instant()
  finishedAt!: string;

  /** Snapshots published, each counted once. */
  @Count()
  rows!: number;

  /** Rows of the view that could not become a snapshot. What they are about was not seen, and is there all the same. */
  @Optional()
  @Count()
  skipped?: number;

  /** The ids of those rows, at most a hundred: with more of them, nobody can tell what is missing in the ERP. */
  @Optional()
  @TextList({ max: SKIPPED_KEYS_MAX, of: 120 })
  skippedIds?: string[];
}

/** Data of `ponte.backfill.requested.v1` on `ponte.events`; sent again with the same id, it is the same backfill. */
export class BackfillRequested {
  @Uuid()
  backfillId!: string;

  @OneOf(BACKFILL_AGGREGATES)
  aggregate!: BackfillAggregate;

  /** The ERP to walk through: only its own reader answers. */
  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Identifier()
  company!: string;

  /** The app or person that wants it. */
  @Text(120)
  requestedBy!: string;
}

export type SnapshotType = `erp.${BackfillAggregate}.snapshot.v1`;

/** `receivable` → `erp.receivable.snapshot.v1`. */
export function snapshotTypeOf<A extends BackfillAggregate>(aggregate: A): `erp.${A}.snapshot.v1` {
  return `erp.${aggregate}.snapshot.v1` as const;
}
