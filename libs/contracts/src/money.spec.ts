import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addMoney,
  centsOf,
  compareMoney,
  isCharge,
  isMoney,
  moneyOf,
  receivableBalance,
  subtractMoney,
} from './money.js';

it.each(['0.00', '0.01', '1234.50', '-1.50', '9999999999999999.99', '-9999999999999999.99'])('%s is money', (text) => {
  expect(isMoney(text)).toBe(true);
});

it.each([
  '1',
  '1.5',
  '1.500',
  '01.00',
  '.50',
  '1,50',
  '1e2',
  '+1.00',
  ' 1.00',
  '1.00\n',
  '-0.00',
  'NaN',
  '',
  '10000000000000000.00',
  1.5,
  null,
  undefined,
])('%j is not money', (text) => {
  expect(isMoney(text)).toBe(false);
});

it('takes a negative amount as money and not as a charge', () => {
  expect([isMoney('-0.01'), isCharge('-0.01'), isCharge('0.00')]).toEqual([true, false, true]);
});

it('adds to the cent where floats do not', () => {
  expect(0.1 + 0.2).not.toBe(0.3);
  expect(addMoney('0.10', '0.20')).toBe('0.30');
  expect(addMoney('9007199254740993.01', '0.01')).toBe('9007199254740993.02');
  expect(addMoney()).toBe('0.00');
});

it('subtracts below zero and back', () => {
  expect(subtractMoney('1.00', '0.25', '1.25')).toBe('-0.50');
  expect(subtractMoney('-0.50', '-0.50')).toBe('0.00');
});

it('compares amounts and not texts', () => {
  expect([compareMoney('9.00', '10.00'), compareMoney('10.00', '9.00'), compareMoney('-1.00', '-1.00')]).toEqual([
    -1, 1, 0,
  ]);
});

it('refuses to count what is not money instead of rounding it', () => {
  expect(() => addMoney('1.00', '0.005')).toThrow(/not money.*0\.005/);
});

it('balances a title: face value less discount, plus fine and interest, less what was paid', () => {
  const title = {
    amount: '1250.00',
    discountAmount: '50.00',
    fineAmount: '25.00',
    interestAmount: '4.15',
    paidAmount: '1000.00',
  };
  expect(receivableBalance(title)).toBe('229.15');
});

it('brings every number of cents back from its text', () => {
  const cents = fc.bigInt({ min: -999999999999999999n, max: 999999999999999999n });
  fc.assert(fc.property(cents, (amount) => isMoney(moneyOf(amount)) && centsOf(moneyOf(amount)) === amount));
});
