import type { PartnerAnswer, PartnerRequest } from '../partner.js';
import type { CustomerXAccount } from './customerx-account.js';
import type { CustomerXSettings } from './customerx-settings.js';
import type { Body } from './fields.js';

/** A call that was let in: everything an endpoint acts on. */
export interface CustomerXCall {
  request: PartnerRequest;
  body: Body;
  account: CustomerXAccount;
  settings: CustomerXSettings;
  nowIso: string;
}

export type Endpoint = (call: CustomerXCall) => PartnerAnswer;

/** As far as this CustomerX looks at an external id. */
export function cut(id: string, { externalIdLength }: CustomerXSettings): string {
  return externalIdLength === undefined ? id : id.slice(0, externalIdLength);
}

/** The row as it will be: `updated_at` moves only when something else does. */
export function merged<Row extends { updated_at: string }>(
  row: Row,
  changes: Partial<Row>,
  nowIso: string,
): { row: Row; isChanged: boolean } {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const isChanged = given.some(([field, value]) => row[field as keyof Row] !== value);
  return { row: isChanged ? { ...row, ...Object.fromEntries(given), updated_at: nowIso } : row, isChanged };
}

/** Their filters: the query parameters they know, each compared with the field it names. */
export function filtered<Row extends object>(
  rows: readonly Row[],
  call: CustomerXCall,
  fields: (keyof Row & string)[],
): readonly Row[] {
  const asked = fields.flatMap((field) => {
    const value = call.request.query.get(field);
    return value === null ? [] : [[field, cut(value, call.settings)] as const];
  });
  return asked.length === 0 ? rows : rows.filter((row) => asked.every(([field, value]) => row[field] === value));
}

/** Their paging: pages from 1, a bare array, totals in headers; `created_at` and `updated_at` ask for what is not older. */
export function pageOf<Row extends { created_at: string; updated_at: string }>(
  rows: readonly Row[],
  { request: { query }, settings }: CustomerXCall,
): PartnerAnswer {
  const [createdAt, updatedAt] = [query.get('created_at') ?? '', query.get('updated_at') ?? ''];
  const wanted =
    createdAt || updatedAt ? rows.filter((row) => row.created_at >= createdAt && row.updated_at >= updatedAt) : rows;
  const perPage = Math.min(
    positive(query.get('per_page') ?? query.get('max_results')) ?? settings.perPageMax,
    settings.perPageMax,
  );
  const page = positive(query.get('page')) ?? 1;
  return {
    status: 200,
    headers: {
      'x-page': String(page),
      'x-pages': String(Math.ceil(wanted.length / perPage)),
      'x-total': String(wanted.length),
    },
    body: wanted.slice((page - 1) * perPage, page * perPage),
  };
}

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
