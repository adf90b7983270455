import type { PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import { filterValues, type DeliveryFilter, type SeenTerritory } from './deliveries-filter.js';
import { RedriveRunner, type RedriveRunnerOptions } from './redrive-runner.js';
import {
  toRedriveItem,
  toRedriveReport,
  type RedriveItem,
  type RedriveItemState,
  type RedrivePreview,
  type RedriveReport,
  type RedriveRow,
} from './redrive-report.js';
import * as sql from './redrives.sql.js';
import { storable } from './storable.js';

export interface RedriveWish {
  filter: DeliveryFilter;
  reason: string;
  by: string;
  perSecond: number;
  /** What the preview said; more than that is not begun. */
  expectedCount: number;
  /** So many go, and the rest when somebody says so. */
  firstOnly?: number;
}

/** It cannot be begun, or decided about any more: the sentence says why. */
export class RedriveRefusal extends Error {
  override readonly name = 'RedriveRefusal';
  constructor(
    readonly code: 'nothing-to-redrive' | 'count-moved' | 'not-open' | 'not-waiting',
    message: string,
  ) {
    super(message);
  }
}

/** What the caller may see or touch; undefined for everything. */
type Seen = readonly SeenTerritory[] | undefined;

interface CountRow {
  operation: string;
  count: number;
  taken: number;
  oldest: Date | null;
  newest: Date | null;
}

interface OpenRedrive {
  canceled_at: Date | null;
  finished_at: Date | null;
  first_only: number | null;
}

const LAST = '9223372036854775807';
const GROUPS = 50;
const SAMPLES = 10;

/**
 * Parked deliveries sent again, many at once: what a filter chooses is looked at first, frozen into a job when it begins,
 * let go little by little, and accounted for one by one. A delivery is in one open redrive at the most.
 */
export class Redrives {
  private readonly runner: RedriveRunner;

  constructor(private readonly options: RedriveRunnerOptions) {
    this.runner = new RedriveRunner(options);
  }

  async preview(seen: Seen, filter: DeliveryFilter): Promise<RedrivePreview> {
    const { pool } = this.options;
    const values = filterValues(seen, filter);
    const counts = (await pool.query<CountRow>(sql.COUNT_CHOSEN, values)).rows;
    const groups = await pool.query<RedrivePreview['byReason'][number]>(sql.GROUP_CHOSEN, [...values, GROUPS]);
    const sample = await pool.query<RedrivePreview['sample'][number]>(sql.SAMPLE_CHOSEN, [...values, SAMPLES]);
    const { unknown } = (await pool.query<{ unknown: number }>(sql.COUNT_CHOSEN_UNKNOWN, values)).rows[0]!;
    const instants = (name: 'oldest' | 'newest') => counts.flatMap((row) => row[name] ?? []).sort(byInstant);
    return {
      count: counts.reduce((sum, { count }) => sum + count, 0),
      inOtherRedrives: counts.reduce((sum, { taken }) => sum + taken, 0),
      unknown,
      oldest: instants('oldest').at(0) ?? null,
      newest: instants('newest').at(-1) ?? null,
      byOperation: counts.filter(({ count }) => count > 0).map(({ operation, count }) => ({ operation, count })),
      byReason: groups.rows,
      sample: sample.rows,
    };
  }

  /** @returns the job's id @throws RedriveRefusal where nothing is left to redrive, or more than was previewed */
  start(seen: Seen, wish: RedriveWish): Promise<string> {
    return inTransaction(this.options.pool, async (client) => {
      await client.query(sql.LOCK_STARTS);
      const id = await insert(client, wish);
      const values = [...filterValues(seen, wish.filter), id];
      const total = (await client.query(sql.INSERT_ITEMS, values)).rowCount ?? 0;
      requireAsPreviewed(total, wish.expectedCount);
      await client.query(sql.INSERT_TERRITORIES, [id]);
      await client.query(sql.SET_TOTAL, [id, total]);
      return id;
    });
  }

  /** The newest first; of those whose deliveries the caller may all see. */
  async list(seen: Seen, page: { beforeId?: string; limit: number }): Promise<RedriveReport[]> {
    const values = [...filterValues(seen, {}).slice(0, 3), page.beforeId ?? LAST, page.limit];
    return (await this.options.pool.query<RedriveRow>(sql.LIST_REDRIVES, values)).rows.map(toRedriveReport);
  }

  async read(seen: Seen, id: string): Promise<RedriveReport | undefined> {
    const values = [...filterValues(seen, {}).slice(0, 3), id];
    const row = (await this.options.pool.query<RedriveRow>(sql.READ_REDRIVE, values)).rows[0];
    return row && toRedriveReport(row);
  }

  /** In the order they go. */
  async items(
    id: string,
    page: { afterPosition?: string; limit: number; state?: RedriveItemState },
  ): Promise<RedriveItem[]> {
    const values = [id, page.afterPosition ?? '0', page.limit, page.state ?? null];
    return (await this.options.pool.query(sql.LIST_ITEMS, values)).rows.map(toRedriveItem);
  }

  /** What was let go goes on; the rest stays parked. @throws RedriveRefusal */
  async cancel(id: string, by: string): Promise<void> {
    await this.decide(id, async (client) => {
      await client.query(sql.CANCEL_REDRIVE, [id, storable(by)]);
      await client.query(sql.CANCEL_ITEMS, [id]);
    });
  }

  /** The first went well: the rest goes. @throws RedriveRefusal */
  async letTheRestGo(id: string): Promise<void> {
    await this.decide(id, async (client, { first_only: firstOnly }) => {
      if (firstOnly === null) throw new RedriveRefusal('not-waiting', `the redrive ${id} waits for nobody`);
      await client.query(sql.LET_THE_REST_GO, [id]);
    });
  }

  /** Lets go what is due and looks what became of the rest, until nothing is due. @returns how many chunks */
  run(): Promise<number> {
    return this.runner.run();
  }

  private decide(id: string, work: (client: PoolClient, redrive: OpenRedrive) => Promise<void>): Promise<void> {
    return inTransaction(this.options.pool, async (client) => {
      const redrive = (await client.query<OpenRedrive>(sql.LOCK_REDRIVE, [id])).rows[0];
      if (!redrive || redrive.finished_at || redrive.canceled_at)
        throw new RedriveRefusal('not-open', `the redrive ${id} is over`);
      await work(client, redrive);
    });
  }
}

async function insert(client: PoolClient, { filter, reason, by, perSecond, firstOnly }: RedriveWish): Promise<string> {
  const values = [JSON.stringify(filter), storable(reason), storable(by), perSecond, firstOnly ?? null];
  return (await client.query<{ id: string }>(sql.INSERT_REDRIVE, values)).rows[0]!.id;
}

/** Fewer is what the world has settled meanwhile; more is what nobody has looked at. */
function requireAsPreviewed(total: number, expected: number): void {
  if (total === 0) {
    const words =
      'nothing of it is parked any more, or all of it is in an open redrive already; what is unknown is resolved one by one';
    throw new RedriveRefusal('nothing-to-redrive', words);
  }
  if (total > expected)
    throw new RedriveRefusal(
      'count-moved',
      `${total} would be sent again and ${expected} were expected: look at it anew`,
    );
}

function byInstant(one: Date, other: Date): number {
  return one.getTime() - other.getTime();
}
