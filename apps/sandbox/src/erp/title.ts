/**
 * A title [título a receber] as the ERP keeps it. Amounts are whole cents.
 * What is still owed is always `amount − discount + fine + interest − paid`.
 */
export interface Title {
  company: string;
  id: string;
  branch: string;
  businessUnit: string;
  customer: Customer;
  contractId?: string;
  kind: 'title' | 'check';
  number: string;
  installment: string;
  issueDate: string;
  dueDate: string;
  originalDueDate: string;
  amount: bigint;
  discount: bigint;
  fine: bigint;
  interest: bigint;
  paid: bigint;
  status: TitleStatus;
  disputed: boolean;
  sequence: number;
  settlements: Settlement[];
}

export type TitleStatus = 'open' | 'partially-settled' | 'settled' | 'canceled' | 'deleted';
export type TitleKey = Pick<Title, 'company' | 'id'>;

export interface Customer {
  id: string;
  personType: 'F' | 'J';
  document: string;
  name: string;
  email: string;
  phone: string;
  address: Record<'street' | 'number' | 'district' | 'city' | 'state' | 'zipCode', string>;
}

/** A receipt [baixa]; `amount` is the money received, fine and interest included. */
export interface Settlement {
  id: string;
  date: string;
  creditedOn: string;
  amount: bigint;
  discount: bigint;
  fine: bigint;
  interest: bigint;
  reversedOn?: string;
}

/** What is still owed; nothing once the title is cancelled or deleted. */
export function openCents(title: Title): bigint {
  if (title.status === 'canceled' || title.status === 'deleted') return 0n;
  return title.amount - title.discount + title.fine + title.interest - title.paid;
}

export function liveSettlements(title: Title): Settlement[] {
  return title.settlements.filter((settlement) => settlement.reversedOn === undefined);
}

export function titleLabel({ company, id }: TitleKey): string {
  return `title ${id} of company ${company}`;
}
