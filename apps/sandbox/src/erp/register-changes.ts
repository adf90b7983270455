import type { Pool, PoolClient } from 'pg';
import type { CustomerChanged, RegisterEntryChanged } from '#libs/contracts';
import { inTransaction } from '#libs/runtime';
import type { Origin } from './commit-steps.js';
import {
  branchRow,
  businessUnitRow,
  companyRow,
  customerRow,
  distinct,
  syntheticCustomer,
  tellOf,
} from './registers.js';
import * as sql from './registers.sql.js';

export interface BranchWish {
  company: string;
  code: string;
  name?: string;
  document?: string;
  active?: boolean;
}

export interface BusinessUnitWish {
  company: string;
  code: string;
  name?: string;
  /** The branch it belongs to. */
  branch?: string;
  active?: boolean;
}

export interface CustomerWish {
  company: string;
  id: string;
  name?: string;
  email?: string;
  phone?: string;
  active?: boolean;
}

interface Statements {
  change: string;
  register: string;
  tell: string;
  read: string;
}

const BRANCH: Statements = {
  change: sql.CHANGE_BRANCH,
  register: sql.REGISTER_BRANCHES,
  tell: sql.TELL_OF_BRANCHES,
  read: sql.READ_BRANCH,
};
const BUSINESS_UNIT: Statements = {
  change: sql.CHANGE_BUSINESS_UNIT,
  register: sql.REGISTER_BUSINESS_UNITS,
  tell: sql.TELL_OF_BUSINESS_UNITS,
  read: sql.READ_BUSINESS_UNIT,
};
const CUSTOMER: Statements = {
  change: sql.CHANGE_CUSTOMER,
  register: sql.REGISTER_CUSTOMERS,
  tell: sql.TELL_OF_CUSTOMERS,
  read: sql.READ_CUSTOMER,
};

/** Changes what the wish names, or enters the branch with the rest made up. @returns the data of the event it wrote */
export function putBranch(pool: Pool, wish: BranchWish, origin: Origin): Promise<RegisterEntryChanged> {
  const { active, code, company, document, name } = wish;
  const fresh = withWish(branchRow(company, code), { name, document, active });
  return put(pool, BRANCH, [company, code, name, document, active], fresh, origin);
}

export function putBusinessUnit(pool: Pool, wish: BusinessUnitWish, origin: Origin): Promise<RegisterEntryChanged> {
  const { active, branch, code, company, name } = wish;
  const fresh = withWish(businessUnitRow(company, code, branch), { name, active });
  return put(pool, BUSINESS_UNIT, [company, code, name, branch, active], fresh, origin);
}

export function putCustomer(pool: Pool, wish: CustomerWish, origin: Origin): Promise<CustomerChanged> {
  const { active, company, email, id, name, phone } = wish;
  const fresh = withWish(customerRow(company, syntheticCustomer(company, id)), { name, email, phone, active });
  return put(pool, CUSTOMER, [company, id, name, email, phone, active], fresh, origin);
}

/** One transaction: the row is changed or entered, which locks it, then told of as the export view shows it. */
function put<Entry>(
  pool: Pool,
  statements: Statements,
  values: [company: string, id: string, ...more: unknown[]],
  fresh: object,
  origin: Origin,
): Promise<Entry> {
  const [company, id] = values;
  return inTransaction(pool, async (client) => {
    await client.query(sql.REGISTER_COMPANIES, [distinct([companyRow(company)])]);
    const what = await write(client, statements, values, fresh);
    await tellOf(client, statements.tell, what, [{ company, id }], origin);
    return (await client.query<{ data: Entry }>(statements.read, [company, id])).rows[0]!.data;
  });
}

/** Whoever enters it at the same moment is waited for, and what they entered is then changed. */
async function write(
  client: PoolClient,
  { change, register }: Statements,
  values: unknown[],
  fresh: object,
): Promise<'registered' | 'changed'> {
  if ((await client.query(change, values)).rowCount === 1) return 'changed';
  if ((await client.query(register, [distinct([fresh])])).rowCount === 1) return 'registered';
  await client.query(change, values);
  return 'changed';
}

function withWish<Row extends object>(row: Row, wish: Partial<Row>): Row {
  return { ...row, ...Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) };
}
