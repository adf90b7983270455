import { describe, expect, it } from '@jest/globals';
import { MOVEMENT_KINDS, sampleOf, type MovementKind, type ReceivableChanged } from '#libs/contracts';
import { toDepsTitle, type DepsTitle } from './deps.mapping.js';

const ENTERED: ReceivableChanged = {
  ...sampleOf('erp.receivable.opened.v1').data,
  receivableId: '4711-2',
  number: '4711',
  installment: '2',
  issueDate: '2026-07-01',
  dueDate: '2026-08-10',
  originalDueDate: '2026-08-01',
  amount: '1000.00',
  openAmount: '980.00',
  discountAmount: '30.00',
  fineAmount: '7.00',
  interestAmount: '3.00',
  status: 'open',
  settlements: [],
};
const PLAIN = { externalIdPrefix: '' };
const charges = { discount: '0.00', fine: '0.00', interest: '0.00' };
const { movement: _, ...AS_IT_STANDS } = ENTERED;

const moved = (kind: MovementKind, more: Partial<ReceivableChanged> = {}) =>
  toDepsTitle({ ...ENTERED, ...more, movement: { id: 'm1', kind, date: '2026-07-20', amount: '12.34' } }, PLAIN);

describe('A movement, as DEPS takes it', () => {
  const BROUGHT_BY: Record<MovementKind, DepsTitle['movimento']> = {
    entry: 'LANCAMENTO',
    'due-date': 'LANCAMENTO',
    discount: 'COBRANCA',
    fine: 'COBRANCA',
    interest: 'COBRANCA',
    settlement: 'COBRANCA',
    'settlement-reversal': 'ESTORNO_COBRANCA',
    cancellation: 'LANCAMENTO',
    deletion: 'LANCAMENTO',
  };

  it.each(MOVEMENT_KINDS)('of the kind %s says the movement, its day and its amount', (kind) => {
    expect(moved(kind)).toMatchObject({
      movimento: BROUGHT_BY[kind],
      dataMovimento: '2026-07-20',
      valorMovimento: '12.34',
    });
  });

  it('of a discount that is taken back is a charge undone, with its amount', () => {
    const movement = { id: 'm1', kind: 'discount' as const, date: '2026-07-20', amount: '-12.34' };
    expect(toDepsTitle({ ...ENTERED, movement }, PLAIN)).toMatchObject({
      movimento: 'ESTORNO_COBRANCA',
      valorMovimento: '12.34',
    });
  });

  it.each([
    ['open', 'ABERTO'],
    ['partially-settled', 'PARCIAL'],
    ['settled', 'PAGO'],
    ['canceled', 'CANCELADO'],
    ['deleted', 'CANCELADO'],
  ] as const)('leaves a title that is %s as %s', (status, situacao) => {
    expect(moved('settlement', { status })).toMatchObject({ situacao });
  });

  it('carries the whole title, money as text, and the document as the ERP has it', () => {
    const customer = { ...ENTERED.customer, document: '12ABC34501DE35' };
    expect(toDepsTitle({ ...AS_IT_STANDS, customer, kind: 'check' }, { externalIdPrefix: 'SUL-' })).toEqual({
      idExterno: 'SUL-4711-2',
      documentoCliente: '12ABC34501DE35',
      numero: '4711',
      parcela: '2',
      tipo: 'CHEQUE',
      emissao: '2026-07-01',
      vencimento: '2026-08-10',
      vencimentoOriginal: '2026-08-01',
      valor: '1000.00',
      valorAberto: '980.00',
      situacao: 'ABERTO',
      movimento: 'LANCAMENTO',
      dataMovimento: '2026-07-01',
      valorMovimento: '1000.00',
      juros: '3.00',
      multa: '7.00',
      desconto: '30.00',
    });
  });

  it('of a title as it stands is its last receipt that stands', () => {
    const settlements = [
      { id: 's1', date: '2026-07-05', amount: '10.00', ...charges },
      { id: 's3', date: '2026-07-25', amount: '30.00', ...charges, reversedOn: '2026-07-26' },
      { id: 's2', date: '2026-07-15', amount: '20.00', ...charges },
    ];
    expect(toDepsTitle({ ...AS_IT_STANDS, settlements }, PLAIN)).toMatchObject({
      movimento: 'COBRANCA',
      dataMovimento: '2026-07-15',
      valorMovimento: '20.00',
    });
  });
});
