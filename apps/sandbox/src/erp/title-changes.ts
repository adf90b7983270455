import { Problem } from '#libs/runtime';
import { liveSettlements, openCents, titleLabel, type Settlement, type Title } from './title.js';

/** One movement of one title: what it is afterwards, and what happened. Pure, so a bulk run moves titles by the same rules. */
export interface TitleChange {
  title: Title;
  verb: 'opened' | 'settled' | 'settlement-reversed' | 'adjusted' | 'canceled' | 'deleted';
  movement: Movement;
}

export interface Movement {
  kind:
    | 'entry'
    | 'settlement'
    | 'settlement-reversal'
    | 'discount'
    | 'fine'
    | 'interest'
    | 'due-date'
    | 'cancellation'
    | 'deletion';
  date: string;
  amount: bigint;
  discount?: bigint;
  fine?: bigint;
  interest?: bigint;
  reverses?: string;
}

export interface SettleWish {
  date: string;
  /** When the money is available; the law counts from here. The date itself unless said otherwise. */
  creditedOn?: string;
  /** The money received, fine and interest included. Absent: all that is owed. */
  amount?: bigint;
  discount?: bigint;
  fine?: bigint;
  interest?: bigint;
}

/** `amount` is what is added to the title's discount, fine or interest; negative takes back what was added before. */
export type AdjustWish =
  | { kind: 'discount' | 'fine' | 'interest'; date: string; amount: bigint }
  | { kind: 'due-date'; date: string; dueDate: string };

export function open(title: Title, before: Title | undefined): TitleChange {
  if (before) throw refusal('title-exists', `${titleLabel(before)} is there already`);
  return { title, verb: 'opened', movement: { kind: 'entry', date: title.issueDate, amount: title.amount } };
}

export function settle(title: Title, wish: SettleWish): TitleChange {
  requireOwed(title);
  const { discount = 0n, fine = 0n, interest = 0n } = wish;
  const owed = openCents(title) - discount + fine + interest;
  const amount = wish.amount ?? owed;
  if (amount <= 0n || amount > owed) {
    throw refusal(
      'amount-out-of-range',
      `${titleLabel(title)} owes ${owed} cents with this receipt; ${amount} cents were given`,
    );
  }
  const id = movementId(title);
  const settlement = {
    id,
    date: wish.date,
    creditedOn: wish.creditedOn ?? wish.date,
    amount,
    discount,
    fine,
    interest,
  };
  return {
    title: withStatus({
      ...withCharges(title, { discount, fine, interest }),
      paid: title.paid + amount,
      settlements: [...title.settlements, settlement],
    }),
    verb: 'settled',
    movement: { kind: 'settlement', date: wish.date, amount, discount, fine, interest },
  };
}

/** Everything the receipt did is undone: what it paid, and the discount, fine and interest it brought. */
export function reverseSettlement(title: Title, settlementId: string, date: string): TitleChange {
  if (title.status === 'canceled' || title.status === 'deleted')
    throw refusal('title-closed', `${titleLabel(title)} is ${title.status}`);
  const settlement = title.settlements.find(({ id }) => id === settlementId);
  if (!settlement)
    throw new Problem({
      type: 'settlement-not-found',
      status: 404,
      detail: `${titleLabel(title)} has no settlement ${settlementId}`,
    });
  if (settlement.reversedOn)
    throw refusal('already-reversed', `settlement ${settlementId} was reversed on ${settlement.reversedOn}`);
  const { amount, discount, fine, interest } = settlement;
  const reversed = withStatus({
    ...withCharges(title, { discount: -discount, fine: -fine, interest: -interest }),
    paid: title.paid - amount,
    settlements: title.settlements.map((one) => (one === settlement ? { ...one, reversedOn: date } : one)),
  });
  if (!leavesSomethingToPay(reversed)) {
    throw refusal(
      'amount-out-of-range',
      `without settlement ${settlementId} more would be granted, or given back, than there is`,
    );
  }
  return {
    title: reversed,
    verb: 'settlement-reversed',
    movement: { kind: 'settlement-reversal', date, amount, discount, fine, interest, reverses: settlementId },
  };
}

export function adjust(title: Title, wish: AdjustWish): TitleChange {
  requireOwed(title);
  if (wish.kind === 'due-date') {
    const prolonged = withStatus({ ...title, dueDate: wish.dueDate });
    return { title: prolonged, verb: 'adjusted', movement: { kind: 'due-date', date: wish.date, amount: 0n } };
  }
  const { kind, date, amount } = wish;
  const adjusted = withStatus(withCharges(title, { [kind]: amount }));
  if (amount === 0n || !leavesSomethingToPay(adjusted)) {
    throw refusal(
      'amount-out-of-range',
      `a ${kind} of ${amount} cents would change nothing, or leave less than nothing to pay`,
    );
  }
  return { title: adjusted, verb: 'adjusted', movement: { kind, date, amount } };
}

/** What was received stays recorded; what was owed is owed no more. */
export function cancel(title: Title, date: string): TitleChange {
  requireOwed(title);
  const movement: Movement = { kind: 'cancellation', date, amount: openCents(title) };
  return { title: { ...title, status: 'canceled', sequence: title.sequence + 1 }, verb: 'canceled', movement };
}

export function remove(title: Title, date: string): TitleChange {
  if (title.status === 'deleted') throw refusal('title-closed', `${titleLabel(title)} is deleted already`);
  if (liveSettlements(title).length > 0)
    throw refusal('title-has-receipts', `${titleLabel(title)} has receipts: reverse them first`);
  const movement: Movement = { kind: 'deletion', date, amount: openCents(title) };
  return { title: { ...title, status: 'deleted', sequence: title.sequence + 1 }, verb: 'deleted', movement };
}

/** A receipt may have brought a fine that was taken back since: undoing it must not leave less than none. */
function leavesSomethingToPay(title: Title): boolean {
  return openCents(title) > 0n && [title.discount, title.fine, title.interest].every((charge) => charge >= 0n);
}

/** Rises with every movement, so the id of the movement that makes the title what it becomes. */
function movementId(title: Title): string {
  return `${title.id}.${title.sequence + 1}`;
}

function withCharges(title: Title, more: Partial<Pick<Settlement, 'discount' | 'fine' | 'interest'>>): Title {
  return {
    ...title,
    discount: title.discount + (more.discount ?? 0n),
    fine: title.fine + (more.fine ?? 0n),
    interest: title.interest + (more.interest ?? 0n),
  };
}

function withStatus(title: Title): Title {
  const owed = openCents({ ...title, status: 'open' });
  const status = owed === 0n ? 'settled' : liveSettlements(title).length > 0 ? 'partially-settled' : 'open';
  return { ...title, status, sequence: title.sequence + 1 };
}

function requireOwed(title: Title): void {
  if (title.status === 'open' || title.status === 'partially-settled') return;
  throw refusal('title-closed', `${titleLabel(title)} is ${title.status}`);
}

function refusal(type: string, detail: string): Problem {
  return new Problem({ type, status: 409, detail });
}
