import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { syntheticAlphanumericCnpj, syntheticCnpj, syntheticCpf } from './documents.js';
import { REGISTER_BRANCHES, REGISTER_BUSINESS_UNITS, REGISTER_COMPANIES, REGISTER_CUSTOMERS } from './erp.sql.js';
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

/**
 * Makes sure that what the titles point at is in the registers. What is there already stays as it is. Committed by
 * itself, and in key order: a title's transaction never waits for somebody else's register.
 */
export async function registerWhatTitlesName(pool: Pool, titles: readonly Title[]): Promise<void> {
  const companies = distinct(titles.map(({ company }) => companyRow(company)));
  const branches = distinct(titles.map(({ company, branch }) => branchRow(company, branch)));
  const units = distinct(titles.map(({ company, businessUnit }) => businessUnitRow(company, businessUnit)));
  const customers = distinct(titles.map(({ company, customer }) => customerRow(company, customer)));
  await pool.query(REGISTER_COMPANIES, [companies]);
  await pool.query(REGISTER_BRANCHES, [branches]);
  await pool.query(REGISTER_BUSINESS_UNITS, [units]);
  await pool.query(REGISTER_CUSTOMERS, [customers]);
}

function companyRow(code: string) {
  return {
    code,
    name: `Empresa ${code} S.A.`,
    document: syntheticCnpj(`company ${code}`),
    time_zone: 'America/Sao_Paulo',
  };
}

function branchRow(company: string, code: string) {
  return {
    company,
    code,
    name: `Filial ${code} da empresa ${company}`,
    document: syntheticCnpj(`branch ${company}/${code}`),
  };
}

function businessUnitRow(company: string, code: string) {
  return { company, code, name: `Unidade ${code} da empresa ${company}` };
}

function customerRow(company: string, { personType, ...customer }: Customer) {
  return { company, person_type: personType, ...customer };
}

function digits(number: number, length: number): string {
  return String(number % 10 ** length).padStart(length, '0');
}

function distinct(rows: object[]): string {
  return `[${[...new Set(rows.map((row) => JSON.stringify(row)))].toSorted().join(',')}]`;
}
