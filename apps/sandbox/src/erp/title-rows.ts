import { centsOf, moneyOf } from '#libs/contracts';
import type { Customer, Settlement, Title } from './title.js';

type Cents = 'amount' | 'discount' | 'fine' | 'interest' | 'paid';

/** A title as READ_TITLES gives it: numeric and bigint columns as text. */
export type TitleRow = Omit<Title, Cents | 'sequence' | 'settlements'> &
  Record<Cents, string> & {
    contractId: string | null;
    customer: Customer;
    sequence: string;
    settlements: (Record<'amount' | 'discount' | 'fine' | 'interest', string> &
      Pick<Settlement, 'id' | 'date' | 'creditedOn'> & { reversedOn: string | null })[];
  };

export function rowToTitle(row: TitleRow): Title {
  return {
    ...row,
    contractId: row.contractId ?? undefined,
    amount: centsOf(row.amount),
    discount: centsOf(row.discount),
    fine: centsOf(row.fine),
    interest: centsOf(row.interest),
    paid: centsOf(row.paid),
    sequence: Number(row.sequence),
    settlements: row.settlements.map((settlement) => ({
      ...settlement,
      amount: centsOf(settlement.amount),
      discount: centsOf(settlement.discount),
      fine: centsOf(settlement.fine),
      interest: centsOf(settlement.interest),
      reversedOn: settlement.reversedOn ?? undefined,
    })),
  };
}

export function titleToRow(title: Title) {
  return {
    company: title.company,
    id: title.id,
    branch: title.branch,
    business_unit: title.businessUnit,
    customer_id: title.customer.id,
    contract_id: title.contractId,
    kind: title.kind,
    number: title.number,
    installment: title.installment,
    issue_date: title.issueDate,
    due_date: title.dueDate,
    original_due_date: title.originalDueDate,
    amount: moneyOf(title.amount),
    discount: moneyOf(title.discount),
    fine: moneyOf(title.fine),
    interest: moneyOf(title.interest),
    paid: moneyOf(title.paid),
    status: title.status,
    disputed: title.disputed,
    sequence: title.sequence,
  };
}

/** The receipts that are new, or reversed now: `known` are those the title had before. */
export function titleToSettlementRows(title: Title, known: readonly Settlement[] = []) {
  return title.settlements.flatMap((settlement, place) => {
    if (known[place] && known[place].reversedOn === settlement.reversedOn) return [];
    return [settlementToRow(title, settlement, place)];
  });
}

function settlementToRow(title: Title, settlement: Settlement, place: number) {
  return {
    company: title.company,
    title_id: title.id,
    id: settlement.id,
    place,
    date: settlement.date,
    credited_on: settlement.creditedOn,
    amount: moneyOf(settlement.amount),
    discount: moneyOf(settlement.discount),
    fine: moneyOf(settlement.fine),
    interest: moneyOf(settlement.interest),
    reversed_on: settlement.reversedOn,
  };
}
