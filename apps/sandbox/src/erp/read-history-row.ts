import { invalidRequest, type ProblemError } from '#libs/runtime';
import type { HistoryRow } from './replay-history.js';

const FIELDS = ['countryCode', 'customerID', 'invoiceNumber', 'InvoiceDate', 'DueDate', 'InvoiceAmount'] as const;

/**
 * Rows as a CSV reader gives them: dates `M/D/YYYY` (or `YYYY-MM-DD`), amounts `65.9`, `Disputed` Yes or No; an empty
 * SettledDate was never settled. Other columns are not looked at.
 * @throws Problem 400 that names every row that cannot be read, up to a hundred
 */
export function readHistoryRows(rows: readonly unknown[]): HistoryRow[] {
  const errors: ProblemError[] = [];
  const read = rows.flatMap((raw, at) => {
    const row = readHistoryRow((raw ?? {}) as Record<string, unknown>);
    if (typeof row !== 'string') return [row];
    errors.push({ pointer: `/rows/${at}`, detail: row });
    return [];
  });
  if (errors.length > 0)
    throw invalidRequest(errors.slice(0, 100), `${errors.length} row(s) cannot be read; nothing was replayed.`);
  return read;
}

function readHistoryRow(raw: Record<string, unknown>): HistoryRow | string {
  const text = Object.fromEntries(FIELDS.map((field) => [field, String(raw[field] ?? '').trim()])) as Record<
    (typeof FIELDS)[number],
    string
  >;
  const missing = FIELDS.filter((field) => text[field] === '');
  if (missing.length > 0) return `has no ${missing.join(', ')}`;
  const settled = String(raw.SettledDate ?? '').trim();
  const dates = {
    InvoiceDate: toIsoDate(text.InvoiceDate),
    DueDate: toIsoDate(text.DueDate),
    SettledDate: settled === '' ? undefined : toIsoDate(settled),
  };
  const wrong = Object.entries(dates).find(([, date]) => date === '');
  if (wrong) return `${wrong[0]} is not a date like 1/31/2013`;
  const amount = toTwoPlaces(text.InvoiceAmount);
  if (!amount) return `InvoiceAmount "${text.InvoiceAmount}" is not an amount above zero like 65.90`;
  return { ...text, ...dates, InvoiceAmount: amount, Disputed: raw.Disputed === true || raw.Disputed === 'Yes' };
}

/** Empty where it is no date. */
function toIsoDate(text: string): string {
  const [, month, day, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) ?? [];
  const iso = year ? `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}` : text;
  const instant = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(iso) && iso.length === 10 ? iso : '';
}

/** Text all the way: an amount never becomes a float. */
function toTwoPlaces(text: string): string | undefined {
  const [, units, places = ''] = /^0*(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  const amount = units === undefined ? undefined : `${units}.${places.padEnd(2, '0')}`;
  return amount === '0.00' ? undefined : amount;
}
