/**
 * Money is a decimal text with exactly two places, `1234.50`, within PostgreSQL's numeric(18,2). Sums are made in whole
 * cents as bigint: no float ever holds an amount.
 */
const MONEY_SHAPE = /^(?!-0\.00$)-?(?:0|[1-9]\d{0,15})\.\d{2}$/;
const CHARGE_SHAPE = /^(?:0|[1-9]\d{0,15})\.\d{2}$/;

export const MONEY_PATTERN = MONEY_SHAPE.source;
export const CHARGE_PATTERN = CHARGE_SHAPE.source;

export function isMoney(text: unknown): text is string {
  return typeof text === 'string' && MONEY_SHAPE.test(text);
}

/** Money that cannot be negative: a face value, a fine, what was paid. */
export function isCharge(text: unknown): text is string {
  return typeof text === 'string' && CHARGE_SHAPE.test(text);
}

/** `12.30` → `1230n`. Throws a RangeError for anything that is not money: rounding is nobody's right here. */
export function centsOf(money: string): bigint {
  if (!isMoney(money)) throw new RangeError(`not money (a decimal text with two places): ${money}`);
  return BigInt(money.slice(0, -3) + money.slice(-2));
}

/** `1230n` → `12.30`. */
export function moneyOf(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function addMoney(...amounts: string[]): string {
  return moneyOf(amounts.reduce((sum, amount) => sum + centsOf(amount), 0n));
}

export function subtractMoney(from: string, ...amounts: string[]): string {
  return moneyOf(amounts.reduce((rest, amount) => rest - centsOf(amount), centsOf(from)));
}

/** -1 when a is less than b, 0 when equal, 1 when more: texts do not sort as amounts do. */
export function compareMoney(a: string, b: string): -1 | 0 | 1 {
  const difference = centsOf(a) - centsOf(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** What a title still owes: amount − discount + fine + interest − paid, to the cent. */
export function receivableBalance(title: {
  amount: string;
  discountAmount: string;
  fineAmount: string;
  interestAmount: string;
  paidAmount: string;
}): string {
  return moneyOf(
    centsOf(title.amount) -
      centsOf(title.discountAmount) +
      centsOf(title.fineAmount) +
      centsOf(title.interestAmount) -
      centsOf(title.paidAmount),
  );
}
