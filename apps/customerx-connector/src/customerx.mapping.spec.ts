import { describe, expect, it } from '@jest/globals';
import { sampleOf, type ReceivableChanged } from '#libs/contracts';
import { toFinancial } from './customerx.mapping.js';

const FORMAT = { businessUnitAsClient: false, dateFormat: 'DD/MM/YYYY' } as const;

const ENTERED: ReceivableChanged = {
  ...sampleOf('erp.receivable.opened.v1').data,
  receivableId: '4711-2',
  branch: '01',
  businessUnit: 'UN7',
  number: '4711',
  installment: '2',
  issueDate: '2026-07-01',
  dueDate: '2026-08-10',
  originalDueDate: '2026-08-10',
  amount: '1000.00',
  openAmount: '1000.00',
  paidAmount: '0.00',
  discountAmount: '0.00',
  fineAmount: '0.00',
  interestAmount: '0.00',
  status: 'open',
  settlements: [],
};

const receipt = (id: string, date: string, amount: string) => ({
  id,
  date,
  amount,
  discount: '0.00',
  fine: '0.00',
  interest: '0.00',
});

const MOVEMENTS: [movement: string, after: Partial<ReceivableChanged>, shows: object][] = [
  [
    'an entry is pending with its face value',
    {},
    { status: 'pending', value: '1000.00', amount_paid: '0.00', date_payment: null },
  ],
  [
    'a settlement in full is received, on the day of the last receipt',
    {
      status: 'settled',
      paidAmount: '1000.00',
      openAmount: '0.00',
      settlements: [receipt('b', '2026-08-09', '600.00'), receipt('a', '2026-08-02', '400.00')],
    },
    { status: 'received', amount_paid: '1000.00', date_payment: '09/08/2026' },
  ],
  [
    'a settlement in part stays pending with what was paid',
    {
      status: 'partially-settled',
      paidAmount: '400.00',
      openAmount: '600.00',
      settlements: [receipt('a', '2026-08-02', '400.00')],
    },
    { status: 'pending', amount_paid: '400.00', date_payment: null },
  ],
  [
    'a discount shows as such',
    { discountAmount: '50.00', openAmount: '950.00' },
    { discount_value: '50.00', value: '1000.00' },
  ],
  [
    'a fine owed has no field there and shows in the description',
    { fineAmount: '20.00', openAmount: '1020.00' },
    { description: 'Título, multa 20.00', value: '1000.00', amount_paid: '0.00' },
  ],
  [
    'interest owed has no field there and shows in the description',
    { interestAmount: '3.17', openAmount: '1003.17' },
    { description: 'Título, juros 3.17', value: '1000.00' },
  ],
  [
    'fine and interest received are part of what was paid',
    {
      status: 'settled',
      fineAmount: '20.00',
      interestAmount: '3.17',
      paidAmount: '1023.17',
      openAmount: '0.00',
      settlements: [receipt('a', '2026-08-20', '1023.17')],
    },
    { status: 'received', amount_paid: '1023.17', value: '1000.00' },
  ],
  ['an extension moves the due date', { dueDate: '2026-09-30' }, { date_due: '30/09/2026', date_issue: '01/07/2026' }],
  [
    'a reversal makes it pending again, without the receipt',
    { settlements: [{ ...receipt('a', '2026-08-02', '1000.00'), reversedOn: '2026-08-05' }] },
    { status: 'pending', amount_paid: '0.00', date_payment: null },
  ],
  [
    'a receipt after a reversal counts from its own day',
    {
      status: 'settled',
      paidAmount: '1000.00',
      openAmount: '0.00',
      settlements: [
        { ...receipt('a', '2026-08-20', '1000.00'), reversedOn: '2026-08-21' },
        receipt('b', '2026-08-03', '1000.00'),
      ],
    },
    { status: 'received', date_payment: '03/08/2026' },
  ],
  ['a cancellation is canceled', { status: 'canceled' }, { status: 'canceled' }],
  ['a check is called one', { kind: 'check' }, { description: 'Cheque' }],
];

describe('a title as CustomerX takes it', () => {
  it.each(MOVEMENTS)('%s', (_movement, after, shows) => {
    expect(toFinancial({ ...ENTERED, ...after }, FORMAT)).toMatchObject(shows);
  });

  it('is addressed by the title and shown by number and installment', () => {
    expect(toFinancial(ENTERED, FORMAT)).toMatchObject({ external_id_financial: '4711-2', identifier: '4711/2' });
  });

  it('belongs to the code of the branch the title is related to, when the field is not selected', () => {
    expect(toFinancial(ENTERED, FORMAT).external_id_client).toBe('01');
  });

  it('belongs to the code of the business unit, when the field is selected', () => {
    expect(toFinancial(ENTERED, { ...FORMAT, businessUnitAsClient: true }).external_id_client).toBe('UN7');
  });

  it('never falls back to the branch when the field is selected and the title names no business unit', () => {
    const without = { ...ENTERED, businessUnit: undefined };
    expect(() => toFinancial(without, { ...FORMAT, businessUnitAsClient: true })).toThrow(/unidade de negócio/);
  });

  it('writes dates as the settings say', () => {
    expect(toFinancial(ENTERED, { ...FORMAT, dateFormat: 'YYYY-MM-DD' }).date_due).toBe('2026-08-10');
  });

  it('sends no personal data of the debtor', () => {
    const { document, name } = ENTERED.customer;
    const sent = JSON.stringify(toFinancial(ENTERED, FORMAT));
    expect(sent).not.toContain(document);
    expect(sent).not.toContain(name);
  });
});
