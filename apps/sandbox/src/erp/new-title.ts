import type { Step } from './commit-steps.js';
import { syntheticCustomer } from './registers.js';
import { open } from './title-changes.js';
import type { Title } from './title.js';

/** What a person keys in to open a title; what is left out is made up. */
export interface NewTitle extends Pick<Title, 'company' | 'branch' | 'issueDate' | 'dueDate' | 'amount'> {
  /** The code by itself: in a small ERP every branch is a business unit. */
  businessUnit?: string;
  customerId: string;
  contractId?: string;
  kind?: Title['kind'];
  number: string;
  installment?: string;
  disputed?: boolean;
}

export function toNewTitle(wish: NewTitle): Title {
  const { company, branch, number, installment = '1' } = wish;
  return {
    company,
    id: `${number}-${installment}`,
    branch,
    businessUnit: wish.businessUnit ?? branch,
    customer: syntheticCustomer(company, wish.customerId),
    contractId: wish.contractId,
    kind: wish.kind ?? 'title',
    number,
    installment,
    issueDate: wish.issueDate,
    dueDate: wish.dueDate,
    originalDueDate: wish.dueDate,
    amount: wish.amount,
    discount: 0n,
    fine: 0n,
    interest: 0n,
    paid: 0n,
    status: 'open',
    disputed: wish.disputed ?? false,
    sequence: 1,
    settlements: [],
  };
}

export function openingStep(title: Title): Step {
  return { key: title, change: (before) => open(title, before) };
}
