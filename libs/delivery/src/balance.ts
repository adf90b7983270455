import type { Pool, PoolClient } from 'pg';
import {
  outcomeSuffixOf,
  type BalanceCarried,
  type BalancedHour,
  type BalanceListed,
  type BalanceReEmitted,
  type BalanceTold,
  type OutcomeEvent,
} from '#libs/contracts';
import { inTransaction, type Clock } from '#libs/runtime';
import { BalanceDifferences, IDS_MAX, type Differing } from './balance-differences.js';
import { compareList } from './balance-lists.js';
import { BalanceReport } from './balance-report.js';
import * as sql from './balance.sql.js';
import { columnsOf } from './columns.js';
import { writeOutcomes } from './outcome-rows.js';
import { HORIZON_DAYS_BACK } from './partitions.js';

export interface BalanceOptions {
  pool: Pool;
  clock: Clock;
  /** The first word of its outcome types. */
  connector: string;
  /** AMQP patterns of the events that come in: `erp.receivable.#`. */
  bindings: readonly string[];
}

interface Round {
  /** With its microseconds. */
  told_at: string;
  told_up_to: Date;
  checked_up_to: Date | null;
}

type AskedHour = { source: string; company: string; type: string; hour: Date };

const LEASE_S = 300;
const DAY_MS = 86_400_000;
/** A day less than the inbox remembers: an hour is compared while all of it is there. */
const MEMORY_DAYS = HORIZON_DAYS_BACK - 1;
/** Of one round; what is left is asked for in the next. */
const ASKED_HOURS_MAX = 1_000;
const HOURS_PER_QUESTION = 200;
const BATCHES_PER_STEP = 50;

/**
 * The hourly balance of one connector: what the audit heard against what was taken in, what was taken in against what
 * became of it, and what was settled against the outcomes the audit heard. Only a comparison by ids names a difference;
 * counts and digests say where to look. @see ADR 0025
 */
export class Balance {
  readonly report: BalanceReport;
  private readonly patterns: string[];

  constructor(private readonly options: BalanceOptions) {
    this.patterns = [
      ...options.bindings.map((binding) => binding.replace(/#$/, '%')),
      `${options.connector}.delivery.%`,
    ];
    this.report = new BalanceReport(options.pool, options.connector);
  }

  /** Before the first message: what comes in from now on is compared from the next full hour. */
  async begin(): Promise<void> {
    await this.options.pool.query(sql.FORGET_PATTERNS, [this.patterns]);
    await this.options.pool.query(sql.NOTE_PATTERNS, [this.patterns]);
  }

  /**
   * What the audit says, in the order it came, after everything that came before it was taken in. Said twice, it changes
   * nothing.
   */
  async hear(event: OutcomeEvent): Promise<void> {
    const { company, data } = event;
    const suffix = outcomeSuffixOf(event.type);
    if (suffix === 'balance.carried.v1') await this.noteCarried(company, data as BalanceCarried);
    if (suffix === 'balance.told.v1') await this.options.pool.query(sql.NOTE_TOLD, [(data as BalanceTold).upTo]);
    if (suffix === 'balance.listed.v1') await this.compare(company, data as BalanceListed);
    if (suffix === 'balance.re-emitted.v1') await this.noteReEmitted(data as BalanceReEmitted);
  }

  /** Compares what was told since the last time. @returns whether there was anything, and nobody else at it */
  async compareTold(): Promise<boolean> {
    const { pool } = this.options;
    const round = (await pool.query<Round>(sql.TAKE_ROUND, [LEASE_S])).rows[0];
    if (!round) return false;
    try {
      await this.compareRound(round);
      return true;
    } catch (error) {
      await pool.query(sql.LET_GO);
      throw error;
    }
  }

  /** Takes off what has come in since it was named; cheap while nothing is open. */
  closeArrived(): Promise<void> {
    return this.write(async (client, differences) => {
      await client.query(sql.UNNAME_ARRIVED);
      await differences.close();
    });
  }

  private async compareRound(round: Round): Promise<void> {
    const { clock, pool } = this.options;
    const oldest = new Date(clock.now().getTime() - MEMORY_DAYS * DAY_MS);
    const wish = [round.checked_up_to, round.told_up_to, oldest];
    const hours = (await pool.query<{ hour: Date }>(sql.HOURS_TO_CHECK, wish)).rows.map(({ hour }) => hour);
    for (const hour of hours) await this.compareHour(hour);
    await this.checkPlanned(round.told_up_to);
    await this.countStanding();
    await this.closeArrived();
    await inTransaction(pool, (client) => this.endRound(client, round, oldest));
  }

  /** Differences, alone. */
  private write(work: (client: PoolClient, differences: BalanceDifferences) => Promise<void>): Promise<void> {
    return inTransaction(this.options.pool, async (client) => {
      await client.query(sql.LOCK_DIFFERENCES);
      await work(client, new BalanceDifferences(client));
    });
  }

  private async noteCarried(company: string, { source, hours }: BalanceCarried): Promise<void> {
    const rows = hours.map(({ type, hour, count, digest }) => [type, hour, count, digest]);
    await this.options.pool.query(sql.NOTE_CARRIED, [source, company, ...columnsOf(rows, 4)]);
  }

  private compare(company: string, listed: BalanceListed): Promise<void> {
    const { connector } = this.options;
    return this.write((client, differences) => compareList(client, differences, { ...listed, company, connector }));
  }

  private async noteReEmitted({ connector, differenceId, refused }: BalanceReEmitted): Promise<void> {
    if (connector !== this.options.connector || refused.length === 0) return;
    const rows = refused.map(({ id, reason }) => [id, reason]);
    await this.options.pool.query(sql.NOTE_REFUSED, [differenceId, ...columnsOf(rows, 2)]);
  }

  private async compareHour(hour: Date): Promise<void> {
    const { connector, pool } = this.options;
    const patterns = (await pool.query<{ pattern: string }>(sql.PATTERNS_IN, [hour])).rows.map((row) => row.pattern);
    await inTransaction(pool, async (client) => {
      await client.query(sql.COMPARE_HOUR, [hour, connector, patterns]);
      await client.query(sql.COMPARE_ABSENT, [hour]);
      await client.query(sql.COUNT_ENDED, [hour]);
    });
    const { rows } = await pool.query<Differing>(sql.UNACCOUNTED, [hour, patterns, IDS_MAX]);
    await this.write(async (client, differences) => {
      await client.query(sql.UNNAME_HOUR, ['unaccounted', hour]);
      await differences.nameAll('unaccounted', hour, rows);
    });
  }

  /** In steps of one statement each, so that no old snapshot stands in the way of the live work. */
  private async checkPlanned(hour: Date): Promise<void> {
    type Step = { last: string | null; gone: Differing[] };
    for (let last = '0'; ;) {
      const { rows } = await this.options.pool.query<Step>(sql.CHECK_PLANNED, [last, BATCHES_PER_STEP]);
      const step = rows[0]!;
      if (step.gone.length > 0)
        await this.write((_client, differences) => differences.nameAll('delivery-missing', hour, step.gone));
      if (step.last === null) return;
      last = step.last;
    }
  }

  private countStanding(): Promise<void> {
    return inTransaction(this.options.pool, async (client) => {
      await client.query(sql.CLEAR_STANDING);
      await client.query(sql.COUNT_STANDING);
    });
  }

  private async endRound(client: PoolClient, round: Round, oldest: Date): Promise<void> {
    const asked = (await client.query<AskedHour>(sql.ASKED_HOURS, [ASKED_HOURS_MAX])).rows;
    await this.ask(client, asked);
    const before = new Date(oldest.getTime() - 2 * DAY_MS);
    await client.query(sql.FORGET_HOURS, [before]);
    await client.query(sql.FORGET_DIFFERENCES, [before]);
    await client.query(sql.END_ROUND, [round.told_at, round.told_up_to]);
  }

  private async ask(client: PoolClient, asked: readonly AskedHour[]): Promise<void> {
    const companies = Map.groupBy(asked, ({ source, company }) => `${source}|${company}`);
    const questions = [...companies.values()].flatMap((of) =>
      Array.from({ length: Math.ceil(of.length / HOURS_PER_QUESTION) }, (_, at) =>
        of.slice(at * HOURS_PER_QUESTION, (at + 1) * HOURS_PER_QUESTION),
      ),
    );
    const rows = questions.map((of) => ({
      subject: `balance/${this.options.connector}`,
      type: `${this.options.connector}.balance.differed.v1`,
      company: of[0]!.company,
      payload: { source: of[0]!.source, hours: of.map(toBalancedHour) },
    }));
    await writeOutcomes(client, rows);
  }
}

function toBalancedHour({ type, hour }: AskedHour): BalancedHour {
  return { type, hour: hour.toISOString() };
}
