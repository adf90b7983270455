import type { ReceivableChanged } from '#libs/contracts';

/** A financial as CustomerX shows it: dates as ISO days. */
export interface ShownFinancial {
  external_id_financial: string;
  external_id_client: string;
  identifier: string | null;
  date_issue: string | null;
  date_due: string;
  date_payment: string | null;
  value: string;
  discount_value: string;
  amount_paid: string;
  status: string;
}

export interface Difference {
  title: string;
  field: string;
  erp: string | null;
  customerx: string | null;
}

const FIELDS = [
  'external_id_client',
  'identifier',
  'date_issue',
  'date_due',
  'date_payment',
  'value',
  'discount_value',
  'amount_paid',
  'status',
] as const;

/**
 * Both sides, title by title and field by field. What CustomerX should show is worked out here anew from the ERP's own
 * words, not by the connector's mapping: a mistake there must show here.
 */
export function compareTitles(
  titles: readonly ReceivableChanged[],
  financials: readonly ShownFinancial[],
): Difference[] {
  const shown = new Map(financials.map((financial) => [financial.external_id_financial, financial]));
  const known = new Set(titles.map((title) => title.receivableId));
  const strangers = financials.filter((one) => !known.has(one.external_id_financial));
  return [
    ...titles.flatMap((title) => compareTitle(title, shown.get(title.receivableId))),
    ...strangers.map((one) => ({
      title: one.external_id_financial,
      field: 'existence',
      erp: 'absent',
      customerx: 'present',
    })),
  ];
}

function compareTitle(title: ReceivableChanged, financial: ShownFinancial | undefined): Difference[] {
  const should = title.status === 'deleted' ? 'absent' : 'present';
  const is = financial ? 'present' : 'absent';
  if (should !== is) return [{ title: title.receivableId, field: 'existence', erp: should, customerx: is }];
  if (!financial) return [];
  const expected = expectedOf(title);
  return FIELDS.filter((field) => expected[field] !== financial[field]).map((field) => ({
    title: title.receivableId,
    field,
    erp: expected[field],
    customerx: financial[field],
  }));
}

function expectedOf(title: ReceivableChanged): Record<(typeof FIELDS)[number], string | null> {
  const paid = title.settlements.filter((one) => one.reversedOn == null).map((one) => one.date);
  const status = {
    open: 'pending',
    'partially-settled': 'pending',
    settled: 'received',
    canceled: 'canceled',
    deleted: '',
  };
  return {
    external_id_client: title.branch,
    identifier: `${title.number}/${title.installment}`,
    date_issue: title.issueDate,
    date_due: title.dueDate,
    date_payment: title.status === 'settled' ? paid.reduce((last, day) => (day > last ? day : last), '') : null,
    value: title.amount,
    discount_value: title.discountAmount,
    amount_paid: title.paidAmount,
    status: status[title.status],
  };
}
