import { DateTime } from 'luxon';
import type { Pool, PoolClient } from 'pg';
import { BACKGROUND, writeOutcomes, type DeliveryEngine, type PlannedDelivery, type ToSchedule } from '#libs/delivery';
import { lockTitlesToLoad, sayFillWishes } from '#libs/receivables';
import { inTransaction, type Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry } from '#libs/settings';
import type { ReceivableChanged } from '#libs/contracts';
import type { ConnectorPlanner } from './connector-planner.js';
import type { LoadKind } from './integration-life.js';
import * as sql from './integration-life.sql.js';
import type { PartnerSettings } from './partner-settings.js';

export interface LoadsOptions {
  pool: Pool;
  clock: Clock;
  engine: DeliveryEngine;
  planner: ConnectorPlanner;
  registry: IntegrationRegistry<PartnerSettings>;
  /** Titles in one transaction; 500 unless told. */
  chunk?: number;
  /** Beside what is open, the first load holds what was settled within so many days. */
  settledDays?: number;
}

/** What an operator sees of a load. */
export interface LoadReport {
  id: string;
  kind: LoadKind;
  state: 'waiting-for-backfill' | 'running' | 'finished';
  titles: number;
  deliveries: number;
  /** Titles that could not be planned as they stand. */
  failures: number;
  askedBy: string;
  askedAt: Date;
  finishedAt?: Date;
}

interface LoadRow {
  id: string;
  integration_id: string;
  kind: LoadKind;
  above: string;
  not_moved_after: string;
  last_title: string;
}

interface Failure {
  title: string;
  reason: string;
}

const NEVER = 'infinity';
const CHUNK = 500;
/** A knock works at most this long, so that the other work of this process has its turn. */
const KNOCK_MS = 500;
const WISH_AGAIN_SECONDS = 60;

/**
 * Tells partners of titles of which no event tells, some at a time, beside the live movements and behind them: the lock on
 * the titles orders the two, and a title that moved meanwhile is left to its movement. A load that was cut off goes on
 * where it was, in whatever replica.
 */
export class Loads {
  constructor(private readonly options: LoadsOptions) {}

  /** Every replica calls it, again and again; the rows decide who works. */
  async knock(): Promise<void> {
    const { pool, clock, engine } = this.options;
    await inTransaction(pool, sayWishes);
    const endsAt = clock.monotonicMs() + KNOCK_MS;
    for (let worked = true; worked && clock.monotonicMs() < endsAt;) {
      worked = await inTransaction(pool, (client) => this.workOn(client));
      if (worked) engine.stir();
    }
  }

  private async workOn(client: PoolClient): Promise<boolean> {
    const load = (await client.query<LoadRow>(sql.TAKE_LOAD)).rows[0];
    if (!load) return false;
    const integration = await this.options.registry.byId(client, load.integration_id);
    if (integration?.state.kind !== 'ready') {
      // As this replica reads the settings; another load has its turn first next time.
      await client.query(sql.ADVANCE_LOAD, [load.id, load.last_title, 0, 0, 0, false]);
      return false;
    }
    const { chunk = CHUNK } = this.options;
    const { source, company, branch } = integration;
    const titles = await lockTitlesToLoad(client, {
      ...{ source, company, branch, after: load.last_title, above: load.above, notMovedAfter: load.not_moved_after },
      ...(load.kind === 'initial' && { owedOrSettledSince: this.settledSince(integration) }),
      limit: chunk,
    });
    const { batch, failures } = this.planAll(integration, titles, load.kind);
    const deliveries = await this.options.engine.schedule(client, batch);
    await recordFailures(client, load.id, failures);
    const last = titles.at(-1)?.receivableId ?? load.last_title;
    const isAll = titles.length < chunk;
    await client.query(sql.ADVANCE_LOAD, [load.id, last, titles.length, deliveries, failures.length, isAll]);
    return true;
  }

  /** In days of the integration's zone; nothing of what is settled unless the connector asks for it. */
  private settledSince({ settings: { timeZone } }: Integration<PartnerSettings>): string {
    const { clock, settledDays } = this.options;
    if (settledDays === undefined) return NEVER;
    const today = DateTime.fromJSDate(clock.now(), { zone: timeZone });
    return today.minus({ days: settledDays }).toISODate()!;
  }

  private planAll(integration: Integration<PartnerSettings>, titles: readonly ReceivableChanged[], kind: LoadKind) {
    const { id: integrationId, source } = integration;
    const batch: ToSchedule[] = [];
    const failures: Failure[] = [];
    for (const title of titles) {
      if (kind === 'resend' && title.status === 'deleted') continue;
      try {
        const planned = this.options.planner.planTitle(integration, title);
        const deliveries = planned.map((each): PlannedDelivery => ({ ...each, priority: BACKGROUND }));
        const { company, branch, receivableId } = title;
        const cause = { source, company, branch, subject: `receivable/${receivableId}` };
        if (deliveries.length > 0) batch.push({ cause, plans: [{ integrationId, deliveries }] });
      } catch (error) {
        failures.push({ title: title.receivableId, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return { batch, failures };
  }
}

async function recordFailures(client: PoolClient, loadId: string, failures: readonly Failure[]): Promise<void> {
  if (failures.length === 0) return;
  const values = [loadId, failures.map(({ title }) => title), failures.map(({ reason }) => reason)];
  await client.query(sql.RECORD_FAILURES, values);
}

/** Asks the ERP's reader for the walks that are wanted; the outbox carries it like any outcome. */
async function sayWishes(client: PoolClient): Promise<void> {
  const wishes = await sayFillWishes(client, WISH_AGAIN_SECONDS);
  await writeOutcomes(
    client,
    wishes.map(({ source, company, backfillId, requestedBy }) => ({
      subject: 'backfill/receivable',
      type: 'ponte.backfill.requested.v1',
      payload: { backfillId, aggregate: 'receivable', source, company, requestedBy },
      company,
    })),
  );
}
