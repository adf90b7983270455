import type { Pool } from 'pg';
import type { ReceivableChanged } from '#libs/contracts';
import { inTransaction, notFound } from '#libs/runtime';
import { commitSteps, stepOn, type MadeChange, type Origin, type Step } from './commit-steps.js';
import { openErpDatabase } from './erp-database.js';
import {
  BEAT,
  LIST_BRANCHES,
  LIST_BUSINESS_UNITS,
  LIST_COMPANIES,
  LIST_TITLES,
  NEXT_TITLE_NUMBERS,
  OUTBOX_BY_TYPE,
  OUTBOX_TOTALS,
  PING,
  READ_TITLES,
} from './erp.sql.js';
import { toReceivableMoved, toReceivableState } from './receivable-data.js';
import { openingStep, toNewTitle, type NewTitle } from './new-title.js';
import { registerWhatTitlesName } from './registers.js';
import * as changes from './title-changes.js';
import { rowToTitle, type TitleRow } from './title-rows.js';
import { titleLabel, type Title, type TitleKey } from './title.js';

export interface TitleFilter {
  company?: string;
  status?: Title['status'];
}

export interface OutboxSummary {
  total: number;
  published: number;
  waiting: number;
  parked: number;
  lastPosition: string;
  byType: Record<string, number>;
}

/** A small ERP: each operation is one transaction with the title's row locked first and its outbox row written last. */
export class Erp {
  constructor(readonly pool: Pool) {}

  /** On the ERP's own database, its tables created where they are missing. */
  static async open(url: string): Promise<Erp> {
    return new Erp(await openErpDatabase(url));
  }

  /** @throws when the database does not answer */
  async ping(): Promise<void> {
    await this.pool.query(PING);
  }

  /** Says that the job which writes the outbox is alive, whether there was anything to write or not. */
  async beat(job: string, everySeconds: number): Promise<void> {
    await this.pool.query(BEAT, [job, everySeconds]);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  async openTitle(wish: Omit<NewTitle, 'number'> & { number?: string }, origin: Origin): Promise<ReceivableChanged> {
    const number = wish.number ?? (await this.nextTitleNumbers(1))[0]!;
    const title = toNewTitle({ ...wish, number });
    await registerWhatTitlesName(this.pool, [title], origin);
    return this.commitOne(openingStep(title), origin);
  }

  settle(key: TitleKey, wish: changes.SettleWish, origin: Origin): Promise<ReceivableChanged> {
    return this.commitOne(
      stepOn(key, (title) => changes.settle(title, wish)),
      origin,
    );
  }

  reverseSettlement(key: TitleKey, settlementId: string, date: string, origin: Origin): Promise<ReceivableChanged> {
    return this.commitOne(
      stepOn(key, (title) => changes.reverseSettlement(title, settlementId, date)),
      origin,
    );
  }

  adjust(key: TitleKey, wish: changes.AdjustWish, origin: Origin): Promise<ReceivableChanged> {
    return this.commitOne(
      stepOn(key, (title) => changes.adjust(title, wish)),
      origin,
    );
  }

  cancel(key: TitleKey, date: string, origin: Origin): Promise<ReceivableChanged> {
    return this.commitOne(
      stepOn(key, (title) => changes.cancel(title, date)),
      origin,
    );
  }

  delete(key: TitleKey, date: string, origin: Origin): Promise<ReceivableChanged> {
    return this.commitOne(
      stepOn(key, (title) => changes.remove(title, date)),
      origin,
    );
  }

  /** Many movements in one transaction, for bulk runs; the registers must know what new titles name. */
  commit(steps: readonly Step[], origin: Origin): Promise<MadeChange[]> {
    return inTransaction(this.pool, (client) => commitSteps(client, steps, origin));
  }

  /** The title as it is now, deleted ones included. @throws Problem 404 */
  async title(key: TitleKey): Promise<ReceivableChanged> {
    const { rows } = await this.pool.query<TitleRow>(READ_TITLES, [[key.company], [key.id]]);
    if (!rows[0]) throw notFound(`There is no ${titleLabel(key)}.`);
    return toReceivableState(rowToTitle(rows[0]));
  }

  /** By company and id, after `after`. */
  async titles(filter: TitleFilter, limit: number, after?: TitleKey): Promise<ReceivableChanged[]> {
    const parameters = [after?.company, after?.id, filter.company, filter.status, limit];
    const { rows } = await this.pool.query<TitleRow>(LIST_TITLES, parameters);
    return rows.map((row) => toReceivableState(rowToTitle(row)));
  }

  async nextTitleNumbers(count: number): Promise<string[]> {
    const { rows } = await this.pool.query<{ number: string }>(NEXT_TITLE_NUMBERS, [count]);
    return rows.map(({ number }) => number);
  }

  async registers(company?: string) {
    const [companies, branches, businessUnits] = await Promise.all([
      this.pool.query(LIST_COMPANIES),
      this.pool.query(LIST_BRANCHES, [company]),
      this.pool.query(LIST_BUSINESS_UNITS, [company]),
    ]);
    return { companies: companies.rows, branches: branches.rows, businessUnits: businessUnits.rows };
  }

  async outboxSummary(): Promise<OutboxSummary> {
    const totals = await this.pool.query<Omit<OutboxSummary, 'byType'>>(OUTBOX_TOTALS);
    const byType = await this.pool.query<{ type: string; events: number }>(OUTBOX_BY_TYPE);
    return { ...totals.rows[0]!, byType: Object.fromEntries(byType.rows.map(({ type, events }) => [type, events])) };
  }

  private async commitOne(step: Step, origin: Origin): Promise<ReceivableChanged> {
    const [made] = await this.commit([step], origin);
    return toReceivableMoved(made!);
  }
}
