import type { Outcome, ReceivableChanged } from '#libs/contracts';
import type { ComparedFields, ExpectedRow, HeldPage, HeldRow } from '#libs/connector-kit';
import { readRateLimit, type PartnerAnswer } from '#libs/partner';
import { readAnswer } from './customerx.answers.js';
import { toExternalId, toFinancial } from './customerx.mapping.js';
import type { CustomerXSettings } from './customerx.settings.js';

type Shown = Record<string, unknown>;

/** Calls of a window that a reconciliation leaves to the deliveries. */
const LEFT_TO_DELIVERIES = 10;
const MONEY = ['value', 'discount_value', 'amount_paid'];
const DAYS = ['date_issue', 'date_due', 'date_payment'];
const TEXTS = ['identifier', 'description', 'status'];

/** What CustomerX should show of a title, with its days as it shows them. @throws Error as `toFinancial` */
export function toExpected(title: ReceivableChanged, settings: CustomerXSettings): ExpectedRow {
  const externalId = toExternalId(title, settings);
  if (title.status === 'deleted') return { externalId };
  const { external_id_financial: _, ...fields } = toFinancial(title, { ...settings, dateFormat: 'YYYY-MM-DD' });
  return { externalId, fields };
}

/** One page of financials; the answer as an outcome where it is none. */
export function readHeldPage(answer: PartnerAnswer, { externalIdPrefix }: CustomerXSettings): HeldPage | Outcome {
  const outcome = readAnswer(answer);
  if (outcome.kind !== 'delivered') return outcome;
  if (!Array.isArray(answer.body)) return { kind: 'refused', reason: 'a página não é uma lista / the page is no list' };
  const rows = (answer.body as Shown[]).map(toHeldRow).filter((row) => row.externalId.startsWith(externalIdPrefix));
  const [pages = 1, total] = ['x-pages', 'x-total'].map((name) => readCount(answer.headers[name]));
  const { remaining = Infinity, resetAt } = readRateLimit(answer.headers);
  return {
    rows,
    pages,
    ...(total !== undefined && { total }),
    ...(remaining <= LEFT_TO_DELIVERIES && resetAt && { restUntil: resetAt }),
  };
}

function toHeldRow(shown: Shown): HeldRow {
  const client = shown.external_id_client ?? (shown.client as Shown | null | undefined)?.external_id_client;
  const fields: ComparedFields = {
    ...read(shown, TEXTS, String),
    ...read(shown, MONEY, toTwoPlaces),
    ...read(shown, DAYS, (value) => String(value).slice(0, 10)),
    ...(client !== undefined && client !== null && { external_id_client: String(client) }),
  };
  return { externalId: String(shown.external_id_financial), fields };
}

/** What the answer does not show is not compared. */
function read(shown: Shown, names: readonly string[], write: (value: unknown) => string): ComparedFields {
  const present = names.filter((name) => shown[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, shown[name] === null ? null : write(shown[name])]));
}

/** A number, or a text with fewer places; never through a float. */
function toTwoPlaces(value: unknown): string {
  const [, whole, places = ''] = /^(-?\d+)(?:\.(\d{1,2}))?0*$/.exec(String(value)) ?? [];
  return whole === undefined ? String(value) : `${whole}.${places.padEnd(2, '0')}`;
}

function readCount(header: string | undefined): number | undefined {
  const count = Number(header);
  return header !== undefined && Number.isInteger(count) && count >= 0 ? count : undefined;
}
