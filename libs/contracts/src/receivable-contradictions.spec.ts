import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { moneyOf } from './money.js';
import { RECEIVABLE_STATUSES, type ReceivableChanged } from './receivable.js';
import { movementContradictions, receivableContradictions } from './receivable-contradictions.js';
import { sampleOf } from './samples.js';

const settled = (change: Partial<ReceivableChanged>): ReceivableChanged => ({
  ...sampleOf('erp.receivable.settled.v1').data,
  ...change,
});

describe('the arithmetic of a title', () => {
  it('names both values when a cent is missing', () => {
    expect(receivableContradictions(settled({ status: 'partially-settled', openAmount: '0.01' }))).toEqual([
      '/data/openAmount says 0.01, but amount 1250.00 − discount 0.00 + fine 25.00 + interest 4.15 − paid 1279.15 is 0.00',
    ]);
  });

  it('says what an overpaid title comes to', () => {
    expect(receivableContradictions(settled({ paidAmount: '1300.00' }))[0]).toMatch(/paid 1300\.00 is -20\.85$/);
  });

  it('does not let a settled title owe anything, even where the sum is right', () => {
    const halfPaid = settled({ paidAmount: '1000.00', openAmount: '279.15' });
    expect(receivableContradictions(halfPaid)).toEqual(['/data/status says settled, but /data/openAmount says 279.15']);
    expect(receivableContradictions({ ...halfPaid, status: 'partially-settled' })).toEqual([]);
    expect(receivableContradictions({ ...halfPaid, status: 'open' })).toEqual([]);
  });

  it('lets a canceled or deleted title keep or clear its amounts', () => {
    expect(receivableContradictions(settled({ status: 'canceled', openAmount: '77.00' }))).toEqual([]);
    expect(receivableContradictions(settled({ status: 'deleted', openAmount: '77.00' }))).toEqual([]);
  });

  it('agrees with every title whose sum is right and with none that is off, whatever the amounts', () => {
    const cents = fc.bigInt({ min: 0n, max: 99999999999999999n });
    const amounts = fc.record({ open: cents, paid: cents, fine: cents, interest: cents, discount: cents });
    const statuses = fc.constantFrom(...RECEIVABLE_STATUSES.slice(0, 2));
    fc.assert(
      fc.property(amounts, statuses, fc.bigInt({ min: -500n, max: 500n }), (it, status, error) => {
        const face = it.open + it.paid + it.discount - it.fine - it.interest;
        fc.pre(face >= 0n && it.open + error >= 0n);
        const title = settled({
          status,
          amount: moneyOf(face),
          openAmount: moneyOf(it.open + error),
          paidAmount: moneyOf(it.paid),
          fineAmount: moneyOf(it.fine),
          interestAmount: moneyOf(it.interest),
          discountAmount: moneyOf(it.discount),
        });
        return receivableContradictions(title).length === (error === 0n ? 0 : 1);
      }),
    );
  });
});

describe('the movement of a title', () => {
  it('is there on everything but a snapshot', () => {
    const { movement, ...still } = settled({});
    expect(movementContradictions('erp.receivable.settled.v1', still)).toEqual([
      '/data/movement is missing: erp.receivable.settled.v1 tells of a movement',
    ]);
    expect(movementContradictions('erp.receivable.snapshot.v1', still)).toEqual([]);
    expect(movementContradictions('erp.receivable.snapshot.v1', { ...still, movement })).toEqual([
      '/data/movement is there, but erp.receivable.snapshot.v1 is a snapshot and has none',
    ]);
  });

  it('is of the kind its type tells of', () => {
    expect(movementContradictions('erp.receivable.adjusted.v1', settled({}))).toEqual([
      '/data/movement/kind says settlement, but erp.receivable.adjusted.v1 tells of discount, fine, interest, due-date',
    ]);
  });

  it('names the settlement a reversal reverses', () => {
    const reversal = sampleOf('erp.receivable.settlement-reversed.v1').data;
    delete reversal.movement?.reverses;
    expect(movementContradictions('erp.receivable.settlement-reversed.v1', reversal)).toEqual([
      '/data/movement/reverses is missing: a reversal names the settlement it reverses',
    ]);
  });

  it('may lower an adjustment and never a settlement', () => {
    const adjusted = sampleOf('erp.receivable.adjusted.v1').data;
    expect(
      movementContradictions('erp.receivable.adjusted.v1', {
        ...adjusted,
        movement: { id: '1', kind: 'discount', date: '2026-07-01', amount: '-10.00' },
      }),
    ).toEqual([]);
    const back = settled({ movement: { id: '1', kind: 'settlement', date: '2026-07-01', amount: '-10.00' } });
    expect(movementContradictions('erp.receivable.settled.v1', back)).toEqual([
      '/data/movement/amount says -10.00, but a movement of kind settlement is not negative',
    ]);
  });

  it('leaves a deleted title deleted and a canceled one canceled', () => {
    const deleted = sampleOf('erp.receivable.deleted.v1').data;
    expect(movementContradictions('erp.receivable.deleted.v1', { ...deleted, status: 'open' })).toEqual([
      '/data/status says open, but erp.receivable.deleted.v1 leaves it deleted',
    ]);
  });
});
