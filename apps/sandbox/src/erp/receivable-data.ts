import { moneyOf, type ReceivableChanged } from '#libs/contracts';
import type { Movement, TitleChange } from './title-changes.js';
import { openCents, type Title } from './title.js';

/** The title as every `erp.receivable.*` tells it: the state after the change, dates as days, money as decimal text. */
export function toReceivableState(title: Title): ReceivableChanged {
  return {
    receivableId: title.id,
    company: title.company,
    branch: title.branch,
    businessUnit: title.businessUnit,
    customer: title.customer,
    contractId: title.contractId,
    kind: title.kind,
    number: title.number,
    installment: title.installment,
    issueDate: title.issueDate,
    dueDate: title.dueDate,
    originalDueDate: title.originalDueDate,
    currency: 'BRL',
    amount: moneyOf(title.amount),
    openAmount: moneyOf(openCents(title)),
    paidAmount: moneyOf(title.paid),
    discountAmount: moneyOf(title.discount),
    fineAmount: moneyOf(title.fine),
    interestAmount: moneyOf(title.interest),
    status: title.status,
    disputed: title.disputed,
    sequence: title.sequence,
    settlements: title.settlements.map((settlement) => ({
      ...settlement,
      amount: moneyOf(settlement.amount),
      discount: moneyOf(settlement.discount),
      fine: moneyOf(settlement.fine),
      interest: moneyOf(settlement.interest),
    })),
  };
}

/** The state, plus the movement that led to it; the movement's id is the title's id and sequence. */
export function toReceivableMoved({ title, movement }: TitleChange): ReceivableChanged {
  return {
    ...toReceivableState(title),
    movement: { id: `${title.id}.${title.sequence}`, ...toMovementData(movement) },
  };
}

function toMovementData(movement: Movement) {
  return {
    ...movement,
    amount: moneyOf(movement.amount),
    discount: moneyIfAny(movement.discount),
    fine: moneyIfAny(movement.fine),
    interest: moneyIfAny(movement.interest),
  };
}

function moneyIfAny(cents: bigint | undefined): string | undefined {
  return cents === undefined ? undefined : moneyOf(cents);
}
