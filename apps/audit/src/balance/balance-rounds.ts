import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { hourOf, NO_COMPANY, type CarriedHour } from '#libs/contracts';
import { Clock, inTransaction } from '#libs/runtime';
import { Writers } from '../intake/writers.js';
import { BalancePublisher } from './balance-publisher.js';
import * as sql from './balance.sql.js';

interface Standing {
  round: string | null;
  markerId: string | null;
  markedAt: Date | null;
  upTo: Date | null;
  toldUpTo: Date | null;
}

type UnderWay = Standing & { round: string; markerId: string; upTo: Date };

interface DueHour {
  owner: string;
  company: string;
  type: string;
  hour: Date;
  changes: number;
  count: number;
  digest: string;
}

const LEASE_S = 120;
/** An hour is told this long after its end: what the ERP publishes late is in it then, in most cases. */
const REST_MS = 15 * 60_000;
const MARK_AGAIN_MS = 60_000;
const ENTRIES_AT_ONCE = 10_000;
const HOURS_AT_ONCE = 500;
const DAY_MS = 86_400_000;
/** As long as connectors remember what they took in. */
const TOLD_DAYS = 29;

/**
 * Each hour the audit tells what it carried. A round begins with a marker through the broker: once the audit has recorded
 * its own marker, it has recorded whatever was published before it, and what it tells is all there is.
 */
@Injectable()
export class BalanceRounds {
  constructor(
    private readonly pool: Pool,
    private readonly writers: Writers,
    private readonly publisher: BalancePublisher,
    private readonly clock: Clock,
  ) {}

  /** @returns false while another round is under way */
  async begin(upTo: Date = this.lastHour()): Promise<boolean> {
    const begun = await this.pool.query(sql.BEGIN_ROUND, [randomUUID(), randomUUID(), upTo]);
    return begun.rowCount === 1;
  }

  /** One step, if any is due: mark, or sum up and tell. Whatever fails is done again. */
  async step(): Promise<void> {
    const standing = (await this.pool.query<Standing>(sql.TAKE_BALANCE, [LEASE_S])).rows[0];
    if (!standing) return;
    try {
      await this.go(standing);
    } finally {
      await this.pool.query(sql.LET_GO);
    }
  }

  private async go(standing: Standing): Promise<void> {
    if (!isUnderWay(standing)) {
      const upTo = this.lastHour();
      if (!standing.toldUpTo || standing.toldUpTo < upTo) await this.begin(upTo);
      return;
    }
    const heard = await this.pool.query(sql.SELECT_MARKER, [standing.markerId]);
    if (heard.rowCount === 0) return this.mark(standing);
    await this.sumUp();
    await this.tell(standing);
  }

  private lastHour(): Date {
    return hourOf(new Date(this.clock.now().getTime() - REST_MS));
  }

  private async mark({ round, markerId, upTo, markedAt }: UnderWay): Promise<void> {
    const now = this.clock.now();
    if (markedAt && now.getTime() - markedAt.getTime() < MARK_AGAIN_MS) return;
    const data = { round, upTo: upTo.toISOString() };
    const saying = { company: NO_COMPANY, subject: subjectOf(upTo), data, id: markerId, time: upTo };
    await this.publisher.say('balance.begun.v1', saying);
    await this.pool.query(sql.NOTE_MARKED);
  }

  /** Nothing with a lower id is on its way once every writer's row was had. */
  private async sumUp(): Promise<void> {
    const last = (await this.pool.query<{ id: string }>(sql.SELECT_LAST_ID)).rows[0]!.id;
    await inTransaction(this.pool, (client) => this.writers.lockAll(client));
    while (await this.sumSome(last));
  }

  private sumSome(last: string): Promise<boolean> {
    const now = this.clock.now().getTime();
    const told = [new Date(now - TOLD_DAYS * DAY_MS), new Date(now + 2 * DAY_MS)];
    return inTransaction(this.pool, async (client) => {
      const { lastId } = (await client.query<{ lastId: string | null }>(sql.NEXT_STEP, [last, ENTRIES_AT_ONCE]))
        .rows[0]!;
      if (lastId === null) return false;
      await client.query(sql.NOTE_CHANGED, [lastId, ...told]);
      await client.query(sql.NOTE_SUMMED, [lastId]);
      return true;
    });
  }

  private async tell({ round, upTo }: UnderWay): Promise<void> {
    for (;;) {
      const { rows } = await this.pool.query<DueHour>(sql.DUE_HOURS, [upTo, HOURS_AT_ONCE]);
      if (rows.length === 0) break;
      for (const of of Map.groupBy(rows, ({ owner, company }) => `${owner}|${company}`).values())
        await this.tellCompany(round, upTo, of);
    }
    const data = { round, upTo: upTo.toISOString() };
    await this.publisher.say('balance.told.v1', { company: NO_COMPANY, subject: subjectOf(upTo), data });
    await this.pool.query(sql.FORGET_HOURS, [new Date(this.clock.now().getTime() - (TOLD_DAYS + 2) * DAY_MS)]);
    await this.pool.query(sql.END_ROUND);
  }

  private async tellCompany(round: string, upTo: Date, of: readonly DueHour[]): Promise<void> {
    const { owner: source, company } = of[0]!;
    const data = { round, source, hours: of.map(toCarried) };
    await this.publisher.say('balance.carried.v1', { company, subject: subjectOf(upTo), data });
    const column = <K extends keyof DueHour>(name: K) => of.map((each) => each[name]);
    await this.pool.query(
      sql.NOTE_TOLD,
      (['owner', 'company', 'type', 'hour', 'changes', 'count'] as const).map(column),
    );
  }
}

function isUnderWay(standing: Standing): standing is UnderWay {
  return standing.round !== null;
}

function toCarried({ type, hour, count, digest }: DueHour): CarriedHour {
  return { type, hour: hour.toISOString(), count, digest };
}

function subjectOf(upTo: Date): string {
  return `balance/${upTo.toISOString()}`;
}
