import { describe, expect, it } from '@jest/globals';
import { MOVEMENT_KINDS, sampleOf, type EventTypesMatching, type HubEvent, type Movement } from '#libs/contracts';
import type { ReceivableChanged } from '#libs/contracts';
import { CustomerXConnector } from './customerx.connector.js';
import { CustomerXSettings } from './customerx.settings.js';

type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

const SETTINGS = new CustomerXSettings();

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
const settledInFull = { status: 'settled', openAmount: '0.00' } as const;

interface Row {
  says: string;
  type: Receivable['type'];
  kind: Movement['kind'];
  after: Partial<ReceivableChanged>;
  shows: object;
}

/** Every movement of a title and what CustomerX is shown after it: the columns of the README, row by row. */
const MOVEMENTS: Row[] = [
  {
    says: 'an entry is pending with its face value',
    type: 'erp.receivable.opened.v1',
    kind: 'entry',
    after: {},
    shows: { status: 'pending', value: '1000.00', amount_paid: '0.00', discount_value: '0.00', date_payment: null },
  },
  {
    says: 'an entry of a check says so',
    type: 'erp.receivable.opened.v1',
    kind: 'entry',
    after: { kind: 'check' },
    shows: { description: 'Cheque', status: 'pending' },
  },
  {
    says: 'a settlement in full is received, on the day of the last receipt',
    type: 'erp.receivable.settled.v1',
    kind: 'settlement',
    after: {
      ...settledInFull,
      paidAmount: '1000.00',
      settlements: [receipt('b', '2026-08-09', '600.00'), receipt('a', '2026-08-02', '400.00')],
    },
    shows: { status: 'received', amount_paid: '1000.00', date_payment: '09/08/2026' },
  },
  {
    says: 'a settlement in part stays pending with what was paid',
    type: 'erp.receivable.settled.v1',
    kind: 'settlement',
    after: {
      status: 'partially-settled',
      paidAmount: '400.00',
      openAmount: '600.00',
      settlements: [receipt('a', '2026-08-02', '400.00')],
    },
    shows: { status: 'pending', amount_paid: '400.00', date_payment: null },
  },
  {
    says: 'a settlement with a discount shows both',
    type: 'erp.receivable.settled.v1',
    kind: 'settlement',
    after: {
      ...settledInFull,
      discountAmount: '50.00',
      paidAmount: '950.00',
      settlements: [receipt('a', '2026-08-02', '950.00')],
    },
    shows: { status: 'received', value: '1000.00', discount_value: '50.00', amount_paid: '950.00' },
  },
  {
    says: 'fine and interest received are part of what was paid',
    type: 'erp.receivable.settled.v1',
    kind: 'settlement',
    after: {
      ...settledInFull,
      fineAmount: '20.00',
      interestAmount: '3.17',
      paidAmount: '1023.17',
      settlements: [receipt('a', '2026-08-20', '1023.17')],
    },
    shows: { status: 'received', amount_paid: '1023.17', value: '1000.00', discount_value: '0.00' },
  },
  {
    says: 'a discount shows as such, and changes no face value',
    type: 'erp.receivable.adjusted.v1',
    kind: 'discount',
    after: { discountAmount: '50.00', openAmount: '950.00' },
    shows: { discount_value: '50.00', value: '1000.00', status: 'pending' },
  },
  {
    says: 'a fine owed has no field there and shows in the description',
    type: 'erp.receivable.adjusted.v1',
    kind: 'fine',
    after: { fineAmount: '20.00', openAmount: '1020.00' },
    shows: { description: 'Título, multa 20.00', value: '1000.00', amount_paid: '0.00' },
  },
  {
    says: 'interest owed has no field there and shows in the description',
    type: 'erp.receivable.adjusted.v1',
    kind: 'interest',
    after: { interestAmount: '3.17', openAmount: '1003.17' },
    shows: { description: 'Título, juros 3.17', value: '1000.00', amount_paid: '0.00' },
  },
  {
    says: 'fine and interest owed show one behind the other',
    type: 'erp.receivable.adjusted.v1',
    kind: 'interest',
    after: { fineAmount: '20.00', interestAmount: '3.17', openAmount: '1023.17' },
    shows: { description: 'Título, multa 20.00, juros 3.17' },
  },
  {
    says: 'an extension moves the due date',
    type: 'erp.receivable.adjusted.v1',
    kind: 'due-date',
    after: { dueDate: '2026-09-30' },
    shows: { date_due: '30/09/2026', date_issue: '01/07/2026', status: 'pending' },
  },
  {
    says: 'a reversal makes it pending again, without the receipt',
    type: 'erp.receivable.settlement-reversed.v1',
    kind: 'settlement-reversal',
    after: { settlements: [{ ...receipt('a', '2026-08-02', '1000.00'), reversedOn: '2026-08-05' }] },
    shows: { status: 'pending', amount_paid: '0.00', date_payment: null },
  },
  {
    says: 'a receipt after a reversal counts from its own day',
    type: 'erp.receivable.settled.v1',
    kind: 'settlement',
    after: {
      ...settledInFull,
      paidAmount: '1000.00',
      settlements: [
        { ...receipt('a', '2026-08-20', '1000.00'), reversedOn: '2026-08-21' },
        receipt('b', '2026-08-03', '1000.00'),
      ],
    },
    shows: { status: 'received', date_payment: '03/08/2026' },
  },
  {
    says: 'a cancellation is canceled',
    type: 'erp.receivable.canceled.v1',
    kind: 'cancellation',
    after: { status: 'canceled', openAmount: '0.00' },
    shows: { status: 'canceled', value: '1000.00', date_payment: null },
  },
  {
    says: 'a renegotiated title is canceled: what takes its place are entries of their own',
    type: 'erp.receivable.canceled.v1',
    kind: 'cancellation',
    after: { status: 'canceled', paidAmount: '400.00', settlements: [receipt('a', '2026-08-02', '400.00')] },
    shows: { status: 'canceled', amount_paid: '400.00', date_payment: null },
  },
  {
    says: 'a deletion is a deletion, by the id it was created under',
    type: 'erp.receivable.deleted.v1',
    kind: 'deletion',
    after: { status: 'deleted' },
    shows: { externalId: '4711-2' },
  },
];

function planned(type: Receivable['type'], after: Partial<ReceivableChanged>, settings: object = {}) {
  const event = { ...sampleOf(type), subject: 'receivable/4711-2', data: { ...ENTERED, ...after } } as Receivable;
  const plan = CustomerXConnector.prototype.planMovement(event, Object.assign(new CustomerXSettings(), settings));
  if (!Array.isArray(plan)) throw new Error(plan.reason);
  return plan;
}

const bodyOf = (after: Partial<ReceivableChanged>, settings: object = {}) =>
  planned('erp.receivable.opened.v1', after, settings)[0]!.body as Record<string, unknown>;

describe('a title as CustomerX takes it', () => {
  it.each(MOVEMENTS)('$says', ({ type, kind, after, shows }) => {
    const movement = { id: 'm', kind, date: '2026-08-02', amount: '1.00', reason: 'renegotiated' };
    const [delivery, ...more] = planned(type, { ...after, movement });
    expect(more).toEqual([]);
    expect(delivery).toMatchObject({ lane: 'receivable/4711-2', kind: 'movement', body: shows });
    expect(delivery!.operation).toBe(kind === 'deletion' ? 'financial.delete' : 'financial.put');
  });

  it('has a row for every movement there is', () => {
    expect(new Set(MOVEMENTS.map(({ kind }) => kind))).toEqual(new Set(MOVEMENT_KINDS));
  });

  it('is addressed by the title and shown by number and installment', () => {
    expect(bodyOf({})).toMatchObject({ external_id_financial: '4711-2', identifier: '4711/2' });
  });

  it.each([
    ['DD/MM/YYYY', '10/08/2026'],
    ['YYYY-MM-DD', '2026-08-10'],
  ] as const)('writes dates as the settings say: %s', (dateFormat, dueDate) => {
    expect(bodyOf({}, { dateFormat }).date_due).toBe(dueDate);
  });

  it('sends no personal data of the debtor', () => {
    const { document, name } = ENTERED.customer;
    const sent = JSON.stringify(bodyOf({}));
    expect(sent).not.toContain(document);
    expect(sent).not.toContain(name);
  });

  it('goes as a movement, none coalesced, unless only the latest state per window is wanted', () => {
    expect(SETTINGS.sendOnlyLatest).toBe(false);
    for (const type of ['erp.receivable.opened.v1', 'erp.receivable.deleted.v1'] as const)
      expect(planned(type, {}, { sendOnlyLatest: true })[0]!.kind).toBe('state');
  });
});

describe("the client CustomerX's title belongs to", () => {
  it('is the code of the branch, and of the business unit when the field is selected', () => {
    expect(bodyOf({}).external_id_client).toBe('01');
    expect(bodyOf({}, { businessUnitAsClient: true }).external_id_client).toBe('UN7');
  });

  it('is never the branch in place of a business unit that is missing', () => {
    expect(() => bodyOf({ businessUnit: undefined }, { businessUnitAsClient: true })).toThrow(/unidade de negócio/);
  });

  it('is refused when its code is longer than CustomerX keeps, instead of cut in silence', () => {
    expect(() => bodyOf({ branch: 'MANAUS1' }, { maxIdLength: 6 })).toThrow(/"MANAUS1".*7 caracteres.*limite é 6/);
    expect(bodyOf({ branch: 'MANAUS' }, { maxIdLength: 6 }).external_id_client).toBe('MANAUS');
    expect(bodyOf({ branch: 'M'.repeat(40) }).external_id_client).toHaveLength(40);
  });

  it('is counted with its prefix', () => {
    expect(() => bodyOf({ branch: 'MANAUS' }, { maxIdLength: 6, externalIdPrefix: '2-' })).toThrow(/"2-MANAUS"/);
  });

  it('is kept apart from that of another company in the same account by a prefix, and so is the title', () => {
    const settings = { externalIdPrefix: '2-' };
    expect(bodyOf({}, settings)).toMatchObject({ external_id_financial: '2-4711-2', external_id_client: '2-01' });
    expect(planned('erp.receivable.deleted.v1', {}, settings)[0]!.body).toEqual({ externalId: '2-4711-2' });
  });

  it('goes ahead of the title where clients are registered', () => {
    expect(planned('erp.receivable.opened.v1', {}, { registerClients: true })[0]!.after).toEqual(['client/01']);
    expect(planned('erp.receivable.opened.v1', {})[0]!.after).toEqual([]);
  });
});

describe('a branch or business unit as a client of CustomerX', () => {
  const register = (settings: object) => {
    const all = Object.assign(new CustomerXSettings(), settings);
    const { planBranch, planBusinessUnit } = CustomerXConnector.prototype;
    const branch = sampleOf('erp.branch.changed.v1');
    branch.data.cnpj = '12ABC34501DE35';
    return {
      branch: planBranch(branch, all),
      unit: planBusinessUnit(sampleOf('erp.business-unit.registered.v1'), all),
    };
  };

  it('is registered as the branch, with letters of its document kept', () => {
    const { branch, unit } = register({ registerClients: true });
    expect(branch).toMatchObject([{ operation: 'client.put', lane: 'client/3', kind: 'state' }]);
    expect((branch as { body: object }[])[0]!.body).toEqual({
      external_id_client: '3',
      company_name: 'Filial Manaus',
      cnpj_cpf: '12ABC34501DE35',
    });
    expect(unit).toMatchObject({ reason: expect.stringContaining('filial') });
  });

  it('is registered as the business unit when the field is selected', () => {
    const { branch, unit } = register({ registerClients: true, businessUnitAsClient: true });
    expect(unit).toMatchObject([
      { lane: 'client/12', body: { external_id_client: '12', company_name: 'Loteamentos' } },
    ]);
    expect(branch).toMatchObject({ reason: expect.stringContaining('unidade de negócio') });
  });

  it('is not registered unless asked for', () => {
    expect(register({}).branch).toMatchObject({ reason: expect.stringContaining('desligado') });
  });
});
