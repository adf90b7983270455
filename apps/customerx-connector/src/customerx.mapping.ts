import type { ReceivableChanged, ReceivableStatus } from '#libs/contracts';
import { toClientId, type ClientIdFormat } from './customerx.client-id.js';
import type { CustomerXSettings } from './customerx.settings.js';

/** A financial as CustomerX takes it: money as text with a point, dates in the format of the settings. */
export interface Financial {
  external_id_financial: string;
  identifier: string;
  description: string;
  date_issue: string;
  date_due: string;
  date_payment: string | null;
  value: string;
  discount_value: string;
  amount_paid: string;
  status: 'pending' | 'received' | 'canceled';
  external_id_client: string;
}

export type FinancialFormat = ClientIdFormat & Pick<CustomerXSettings, 'dateFormat'>;

const STATUS: Record<Exclude<ReceivableStatus, 'deleted'>, Financial['status']> = {
  open: 'pending',
  'partially-settled': 'pending',
  settled: 'received',
  canceled: 'canceled',
};

/** A title's id is unique in its company: two companies in one CustomerX account need a prefix each. */
export function toExternalId(
  { receivableId }: Pick<ReceivableChanged, 'receivableId'>,
  { externalIdPrefix }: Pick<CustomerXSettings, 'externalIdPrefix'>,
): string {
  return `${externalIdPrefix}${receivableId}`;
}

/**
 * The title after the movement. `value` is the face value; fine and interest have no field there: they show in
 * `amount_paid` once received, and in `description` while owed.
 * @throws Error for a title that belongs to no client of CustomerX's, see `toClientId`
 */
export function toFinancial(title: ReceivableChanged, format: FinancialFormat): Financial {
  const date = (day: string) => toDate(day, format.dateFormat);
  const paidOn = lastPaymentOf(title);
  return {
    external_id_financial: toExternalId(title, format),
    identifier: toIdentifier(title),
    description: toDescription(title),
    date_issue: date(title.issueDate),
    date_due: date(title.dueDate),
    date_payment: paidOn ? date(paidOn) : null,
    value: title.amount,
    discount_value: title.discountAmount,
    amount_paid: title.paidAmount,
    status: title.status === 'deleted' ? 'canceled' : STATUS[title.status],
    external_id_client: toClientId(title, format),
  };
}

/** As people name the title: `4711/2`. */
export function toIdentifier({ number, installment }: Pick<ReceivableChanged, 'number' | 'installment'>): string {
  return `${number}/${installment}`;
}

/** Of a title settled in full; a partial receipt shows in the amount alone. */
function lastPaymentOf({ status, settlements }: ReceivableChanged): string | undefined {
  if (status !== 'settled') return undefined;
  const standing = settlements.filter(({ reversedOn }) => !reversedOn).map(({ date }) => date);
  return standing.sort().at(-1);
}

function toDescription({ kind, fineAmount, interestAmount }: ReceivableChanged): string {
  const charges = [
    ...(fineAmount === '0.00' ? [] : [`multa ${fineAmount}`]),
    ...(interestAmount === '0.00' ? [] : [`juros ${interestAmount}`]),
  ];
  return [kind === 'check' ? 'Cheque' : 'Título', ...charges].join(', ');
}

/** @param day `YYYY-MM-DD` */
function toDate(day: string, format: FinancialFormat['dateFormat']): string {
  return format === 'YYYY-MM-DD' ? day : day.split('-').reverse().join('/');
}
