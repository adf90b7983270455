import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '#libs/runtime';
import type { Origin } from './commit-steps.js';
import { syntheticAlphanumericCnpj, syntheticCnpj, syntheticCpf } from './documents.js';
import * as sql from './registers.sql.js';
import type { Customer, Title } from './title.js';

const GIVEN_NAMES = [
  'Ana',
  'Bruno',
  'Carla',
  'Diego',
  'Eduarda',
  'Fábio',
  'Gabriela',
  'Heitor',
  'Inês',
  'João',
  'Luíza',
  'Márcio',
];
const FAMILY_NAMES = [
  'Almeida',
  'Barbosa',
  'Conceição',
  'Duarte',
  'Figueiredo',
  'Gonçalves',
  'Lacerda',
  'Moraes',
  'Queiroz',
  'Saldanha',
];
const TRADES = ['Comércio', 'Construções', 'Transportes', 'Alimentos', 'Tecnologia', 'Empreendimentos'];

const CITIES = [
  { city: 'São Paulo', state: 'SP', zipCode: '01001000' },
  { city: 'Belo Horizonte', state: 'MG', zipCode: '30110000' },
  { city: 'Recife', state: 'PE', zipCode: '50010000' },
  { city: 'Curitiba', state: 'PR', zipCode: '80010000' },
];

/** A customer that exists nowhere, always the same for the same company and id; about a third are firms, half of those with letters in the CNPJ. */
export function syntheticCustomer(company: string, id: string): Customer {
  const seed = `${company}/${id}`;
  const pick = createHash('sha256').update(seed).digest();
  const family = FAMILY_NAMES[pick[0]! % FAMILY_NAMES.length]!;
  const contact = {
    id,
    email: `cliente.${pick.toString('hex', 8, 12)}@example.com`,
    phone: `119${digits(pick.readUInt32BE(4), 8)}`,
    address: {
      street: `Rua ${GIVEN_NAMES[pick[12]! % GIVEN_NAMES.length]} ${FAMILY_NAMES[pick[13]! % FAMILY_NAMES.length]}`,
      number: String(pick.readUInt16BE(14) % 3000),
      district: 'Centro',
      ...CITIES[pick[16]! % CITIES.length]!,
    },
  };
  if (pick[1]! % 3 > 0) {
    const name = `${GIVEN_NAMES[pick[2]! % GIVEN_NAMES.length]} ${family}`;
    return { ...contact, personType: 'F', document: syntheticCpf(seed), name };
  }
  const document = pick[3]! % 2 > 0 ? syntheticAlphanumericCnpj(seed) : syntheticCnpj(seed);
  return { ...contact, personType: 'J', document, name: `${family} ${TRADES[pick[2]! % TRADES.length]} Ltda.` };
}

/** What was entered or changed, by key. */
interface EntryKey {
  company: string;
  id: string;
}

/**
 * Makes sure that what the titles point at is in the registers, and tells of what is new. What is there already stays as
 * it is. Committed by itself, and in key order: a title's transaction never waits for somebody else's register.
 */
export async function registerWhatTitlesName(pool: Pool, titles: readonly Title[], origin: Origin): Promise<void> {
  const branches = titles.map(({ company, branch }) => branchRow(company, branch));
  const units = titles.map(({ company, businessUnit, branch }) => businessUnitRow(company, businessUnit, branch));
  const customers = titles.map(({ company, customer }) => customerRow(company, customer));
  await inTransaction(pool, async (client) => {
    await client.query(sql.REGISTER_COMPANIES, [distinct(titles.map(({ company }) => companyRow(company)))]);
    await registerAll(client, sql.REGISTER_BRANCHES, branches, sql.TELL_OF_BRANCHES, origin);
    await registerAll(client, sql.REGISTER_BUSINESS_UNITS, units, sql.TELL_OF_BUSINESS_UNITS, origin);
    await registerAll(client, sql.REGISTER_CUSTOMERS, customers, sql.TELL_OF_CUSTOMERS, origin);
  });
}

async function registerAll(
  client: PoolClient,
  register: string,
  rows: object[],
  tell: string,
  origin: Origin,
): Promise<void> {
  const { rows: fresh } = await client.query<EntryKey>(register, [distinct(rows)]);
  await tellOf(client, tell, 'registered', fresh, origin);
}

/** In the transaction that wrote them, so under their locks. */
export async function tellOf(
  client: PoolClient,
  tell: string,
  what: 'registered' | 'changed',
  keys: readonly EntryKey[],
  { actor, traceparent }: Origin,
): Promise<void> {
  if (keys.length === 0) return;
  const parameters = [keys.map(({ company }) => company), keys.map(({ id }) => id), what, actor, traceparent];
  await client.query(tell, parameters);
}

export function companyRow(code: string) {
  return {
    code,
    name: `Empresa ${code} S.A.`,
    document: syntheticCnpj(`company ${code}`),
    time_zone: 'America/Sao_Paulo',
  };
}

export function branchRow(company: string, code: string) {
  return {
    company,
    code,
    name: `Filial ${code} da empresa ${company}`,
    document: syntheticCnpj(`branch ${company}/${code}`),
    active: true,
    sequence: 1,
  };
}

export function businessUnitRow(company: string, code: string, branch: string | undefined) {
  return { company, code, name: `Unidade ${code} da empresa ${company}`, branch, active: true, sequence: 1 };
}

export function customerRow(company: string, { personType, ...customer }: Customer) {
  return { company, person_type: personType, ...customer, active: true, sequence: 1 };
}

function digits(number: number, length: number): string {
  return String(number % 10 ** length).padStart(length, '0');
}

export function distinct(rows: object[]): string {
  return `[${[...new Set(rows.map((row) => JSON.stringify(row)))].toSorted().join(',')}]`;
}
