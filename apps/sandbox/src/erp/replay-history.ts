import { centsOf } from '#libs/contracts';
import { Clock } from '#libs/runtime';
import type { Origin, Step } from './commit-steps.js';
import type { Erp } from './erp.js';
import { openingStep, toNewTitle } from './new-title.js';
import { commitPaced } from './generate.js';
import { Pace, type BulkReport } from './pace.js';
import { registerWhatTitlesName } from './registers.js';
import { settle } from './title-changes.js';

/** One invoice of the public receivables history, dates already `YYYY-MM-DD` and the amount with two places. */
export interface HistoryRow {
  countryCode: string;
  customerID: string;
  invoiceNumber: string;
  InvoiceDate: string;
  DueDate: string;
  InvoiceAmount: string;
  Disputed: boolean;
  SettledDate?: string;
}

export interface HistoryWish {
  rows: readonly HistoryRow[];
  /** Recorded as the actor of every event. */
  source: string;
  company: string;
  ratePerSecond?: number;
}

interface DatedStep extends Step {
  date: string;
}

/**
 * Replays invoices in the order of their dates: each is opened on InvoiceDate and settled in full on SettledDate.
 * The country is the branch. A step that was made before is left out, so a replay that was cut off can be sent again.
 */
export async function replayHistory(
  erp: Erp,
  wish: HistoryWish,
  clock: Clock,
): Promise<BulkReport & { titles: number }> {
  const pace = new Pace(clock, wish.ratePerSecond);
  const origin: Origin = { actor: `history ${wish.source}` };
  const titles = wish.rows.map((row) => rowToTitle(row, wish.company));
  await registerWhatTitlesName(erp.pool, titles, origin);
  const openings = titles.map((title): DatedStep => {
    const { key, change } = openingStep(title);
    return { key, date: title.issueDate, change: (before) => (before ? undefined : change(before)) };
  });
  const settlements = titles.flatMap((title, at): DatedStep[] => {
    const date = wish.rows[at]!.SettledDate;
    if (!date) return [];
    const turn = date < title.issueDate ? title.issueDate : date; // paid ahead: still opened first
    return [{ key: title, date: turn, change: (now) => (now?.status === 'open' ? settle(now, { date }) : undefined) }];
  });
  // The sort is stable, and openings come first: an invoice paid the day it was written is there to be paid.
  const steps = [...openings, ...settlements].toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  await commitPaced(erp, steps, origin, pace);
  return { titles: titles.length, ...pace.report() };
}

function rowToTitle(row: HistoryRow, company: string) {
  return toNewTitle({
    company,
    branch: row.countryCode,
    customerId: row.customerID,
    number: row.invoiceNumber,
    issueDate: row.InvoiceDate,
    dueDate: row.DueDate,
    amount: centsOf(row.InvoiceAmount),
    disputed: row.Disputed,
  });
}
