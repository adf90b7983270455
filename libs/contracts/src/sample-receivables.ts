import type { Movement, ReceivableChanged, Settlement } from './receivable.js';
import { MARINA, PADARIA } from './sample-customers.js';

const TITLE: Omit<ReceivableChanged, 'sequence'> = {
  receivableId: '4711-2',
  company: '1',
  branch: '3',
  businessUnit: '12',
  customer: MARINA,
  contractId: '2207',
  kind: 'title',
  number: '4711',
  installment: '2',
  issueDate: '2026-06-10',
  dueDate: '2026-07-10',
  originalDueDate: '2026-07-10',
  currency: 'BRL',
  amount: '1250.00',
  openAmount: '1250.00',
  paidAmount: '0.00',
  discountAmount: '0.00',
  fineAmount: '0.00',
  interestAmount: '0.00',
  status: 'open',
  disputed: false,
  settlements: [],
};

const SETTLEMENT: Settlement = {
  id: '90112',
  date: '2026-07-20',
  creditedOn: '2026-07-21',
  amount: '1279.15',
  discount: '0.00',
  fine: '25.00',
  interest: '4.15',
};

const LATE_CHARGES = { fineAmount: '25.00', interestAmount: '4.15' };

export const OPENED: ReceivableChanged = {
  ...TITLE,
  sequence: 1,
  movement: { id: '55001', kind: 'entry', date: '2026-06-10', amount: '1250.00' },
};

export const SETTLED: ReceivableChanged = {
  ...TITLE,
  ...LATE_CHARGES,
  sequence: 3,
  openAmount: '0.00',
  paidAmount: '1279.15',
  status: 'settled',
  settlements: [SETTLEMENT],
  movement: settlementMovement('settlement', '55020', '2026-07-20'),
};

export const REVERSED: ReceivableChanged = {
  ...TITLE,
  ...LATE_CHARGES,
  sequence: 4,
  openAmount: '1279.15',
  settlements: [{ ...SETTLEMENT, reversedOn: '2026-07-22' }],
  movement: { ...settlementMovement('settlement-reversal', '55031', '2026-07-22'), reverses: SETTLEMENT.id },
};

export const ADJUSTED: ReceivableChanged = {
  ...TITLE,
  sequence: 2,
  dueDate: '2026-07-15',
  discountAmount: '50.00',
  openAmount: '1200.00',
  movement: { id: '55010', kind: 'discount', date: '2026-07-01', amount: '50.00', discount: '50.00' },
};

export const CANCELED: ReceivableChanged = {
  ...TITLE,
  sequence: 5,
  openAmount: '0.00',
  status: 'canceled',
  movement: { id: '55044', kind: 'cancellation', date: '2026-07-25', amount: '1250.00', reason: 'renegotiated' },
};

export const DELETED: ReceivableChanged = {
  ...TITLE,
  sequence: 6,
  openAmount: '0.00',
  status: 'deleted',
  movement: { id: '55050', kind: 'deletion', date: '2026-07-26', amount: '1250.00' },
};

/** Bought by check, paid in part. */
export const SNAPSHOT: ReceivableChanged = {
  ...TITLE,
  receivableId: '5120-1',
  customer: PADARIA,
  contractId: undefined,
  kind: 'check',
  number: '5120',
  installment: '1',
  amount: '800.00',
  openAmount: '300.00',
  paidAmount: '500.00',
  status: 'partially-settled',
  sequence: 7,
  settlements: [
    { id: '90077', date: '2026-07-09', amount: '500.00', discount: '0.00', fine: '0.00', interest: '0.00' },
  ],
};

function settlementMovement(kind: Movement['kind'], id: string, date: string): Movement {
  const { amount, discount, fine, interest } = SETTLEMENT;
  return { id, kind, date, amount, discount, fine, interest };
}
