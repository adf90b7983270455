import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isMoney, movementContradictions, receivableBalance, receivableContradictions } from '#libs/contracts';
import { Problem } from '#libs/runtime';
import { toNewTitle } from './new-title.js';
import { toReceivableMoved } from './receivable-data.js';
import { adjust, cancel, open, remove, reverseSettlement, settle, type TitleChange } from './title-changes.js';
import { openCents, type Title } from './title.js';

const TITLE = toNewTitle({
  company: '1',
  branch: '01',
  customerId: 'C1',
  number: '4711',
  issueDate: '2026-07-01',
  dueDate: '2026-07-31',
  amount: 100_00n,
});
const date = '2026-07-10';

describe('a title', () => {
  it('owes its face value when it enters', () => {
    const { movement, ...state } = toReceivableMoved(open(TITLE, undefined));
    expect(state).toMatchObject({
      receivableId: '4711-1',
      amount: '100.00',
      openAmount: '100.00',
      status: 'open',
      sequence: 1,
    });
    expect(movement).toEqual({ id: '4711-1.1', kind: 'entry', date: '2026-07-01', amount: '100.00' });
  });

  it('is settled when all is paid, with the discount, fine and interest of the receipt', () => {
    const change = settle(TITLE, { date, discount: 5_00n, fine: 2_00n, interest: 33n, creditedOn: '2026-07-11' });
    expect(toReceivableMoved(change)).toMatchObject({
      status: 'settled',
      openAmount: '0.00',
      paidAmount: '97.33',
      discountAmount: '5.00',
      fineAmount: '2.00',
      interestAmount: '0.33',
      sequence: 2,
      settlements: [
        {
          id: '4711-1.2',
          date,
          creditedOn: '2026-07-11',
          amount: '97.33',
          discount: '5.00',
          fine: '2.00',
          interest: '0.33',
        },
      ],
      movement: {
        id: '4711-1.2',
        kind: 'settlement',
        amount: '97.33',
        discount: '5.00',
        fine: '2.00',
        interest: '0.33',
      },
    });
  });

  it('is partially settled while something is owed', () => {
    const { title } = settle(TITLE, { date, amount: 40_00n });
    expect([title.status, openCents(title)]).toEqual(['partially-settled', 60_00n]);
  });

  it('refuses a receipt of more than is owed, or of nothing', () => {
    for (const amount of [100_01n, 0n, -1n]) expect(() => settle(TITLE, { date, amount })).toThrow(Problem);
    expect(() => settle(TITLE, { date, discount: 100_00n })).toThrow(Problem);
  });

  it('is as before when its only receipt is reversed, the receipt staying in the list', () => {
    const paid = settle(TITLE, { date, fine: 2_00n, discount: 1_00n }).title;
    const change = reverseSettlement(paid, '4711-1.2', '2026-07-12');
    expect({ ...change.title, settlements: [], sequence: 1 }).toEqual(TITLE);
    expect(change.title.settlements).toMatchObject([{ id: '4711-1.2', reversedOn: '2026-07-12' }]);
    expect(change.movement).toMatchObject({ kind: 'settlement-reversal', reverses: '4711-1.2', amount: 101_00n });
  });

  it('refuses to reverse a receipt twice, or one it never had', () => {
    const reversed = reverseSettlement(settle(TITLE, { date }).title, '4711-1.2', date).title;
    expect(() => reverseSettlement(reversed, '4711-1.2', date)).toThrow('was reversed');
    expect(() => reverseSettlement(reversed, '4711-1.9', date)).toThrow('has no settlement');
  });

  it('refuses a reversal that would leave more granted than owed', () => {
    const charged = settle(TITLE, { date, amount: 1_00n, fine: 50_00n }).title;
    const granted = adjust(charged, { kind: 'discount', date, amount: 148_00n }).title;
    expect(() => reverseSettlement(granted, '4711-1.2', date)).toThrow('more would be granted');
  });

  it('refuses a reversal of a receipt whose fine was taken back since', () => {
    const charged = settle(TITLE, { date, amount: 50_00n, fine: 5_00n }).title;
    const forgiven = adjust(charged, { kind: 'fine', date, amount: -5_00n }).title;
    expect(() => reverseSettlement(forgiven, '4711-1.2', date)).toThrow('given back');
  });

  it('takes discount, fine and interest, and gives them back', () => {
    const fined = adjust(TITLE, { kind: 'fine', date, amount: 2_00n });
    expect([openCents(fined.title), fined.movement]).toEqual([102_00n, { kind: 'fine', date, amount: 2_00n }]);
    expect(openCents(adjust(fined.title, { kind: 'fine', date, amount: -2_00n }).title)).toBe(100_00n);
    expect(openCents(adjust(TITLE, { kind: 'interest', date, amount: 7n }).title)).toBe(100_07n);
    expect(openCents(adjust(TITLE, { kind: 'discount', date, amount: 30_00n }).title)).toBe(70_00n);
    for (const amount of [0n, 100_00n, -1n])
      expect(() => adjust(TITLE, { kind: 'discount', date, amount })).toThrow(Problem);
  });

  it('keeps its original due date when it is prolonged', () => {
    const { title, movement } = adjust(TITLE, { kind: 'due-date', date, dueDate: '2026-08-31' });
    expect(title).toMatchObject({ dueDate: '2026-08-31', originalDueDate: '2026-07-31' });
    expect(movement).toEqual({ kind: 'due-date', date, amount: 0n });
  });

  it('owes nothing once cancelled, what was paid stays, and nothing moves it any more', () => {
    const canceled = cancel(settle(TITLE, { date, amount: 40_00n }).title, date);
    expect(toReceivableMoved(canceled)).toMatchObject({
      status: 'canceled',
      openAmount: '0.00',
      paidAmount: '40.00',
      movement: { amount: '60.00' },
    });
    for (const move of [() => settle(canceled.title, { date }), () => cancel(canceled.title, date)])
      expect(move).toThrow('is canceled');
    expect(() => reverseSettlement(canceled.title, '4711-1.2', date)).toThrow('is canceled');
  });

  it('can be deleted while it has no receipt', () => {
    expect(remove(TITLE, date).title.status).toBe('deleted');
    expect(() => remove(settle(TITLE, { date }).title, date)).toThrow('has receipts');
    expect(() => remove(remove(TITLE, date).title, date)).toThrow('is deleted already');
  });

  it('adds up to the cent and counts up by one, whatever happens to it', () => {
    const cents = fc.bigInt(0n, 200_00n);
    const move = fc.oneof(
      fc
        .record({ amount: fc.option(cents, { nil: undefined }), discount: cents, fine: cents, interest: cents })
        .map((wish) => (title: Title) => settle(title, { date, ...wish })),
      fc
        .nat()
        .map(
          (at) => (title: Title) =>
            reverseSettlement(title, title.settlements[at % Math.max(1, title.settlements.length)]?.id ?? 'none', date),
        ),
      fc
        .record({
          kind: fc.constantFrom('discount' as const, 'fine' as const, 'interest' as const),
          amount: fc.bigInt(-50_00n, 50_00n),
        })
        .map((wish) => (title: Title) => adjust(title, { date, ...wish })),
      fc.constant((title: Title) => cancel(title, date)),
      fc.constant((title: Title) => remove(title, date)),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        let title = TITLE;
        for (const make of moves) {
          const change = ifAllowed(() => make(title));
          if (!change) continue;
          expectSound(change, title);
          title = change.title;
        }
      }),
    );
  });
});

function ifAllowed(make: () => TitleChange): TitleChange | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

function expectSound(change: TitleChange, before: Title): void {
  const data = toReceivableMoved(change);
  expect(data.sequence).toBe(before.sequence + 1);
  expect(receivableContradictions(data)).toEqual([]);
  expect(movementContradictions(`erp.receivable.${change.verb}.v1`, data)).toEqual([]);
  if (data.status !== 'canceled' && data.status !== 'deleted') expect(data.openAmount).toBe(receivableBalance(data));
  expect((data.status === 'settled') === (receivableBalance(data) === '0.00')).toBe(true);
  const paid = change.title.settlements
    .filter(({ reversedOn }) => !reversedOn)
    .reduce((sum, { amount }) => sum + amount, 0n);
  expect(change.title.paid).toBe(paid);
  for (const money of [
    data.amount,
    data.openAmount,
    data.paidAmount,
    data.discountAmount,
    data.fineAmount,
    data.interestAmount,
  ]) {
    expect(isMoney(money) && !money.startsWith('-')).toBe(true);
  }
}
