import { randomUUID } from 'node:crypto';
import { cpf } from 'cpf-cnpj-validator';
import { eventually } from '#libs/testing';
import { SOURCE } from '../../../world/world.ts';
import { ledger } from '../../ledger.ts';
import { COMPANY, type DepsStorm } from './deps-storm.ts';
import { SPENT } from './deps-storm.sql.ts';

const PRODUCT = 'd002e4c6';
const ANSWERED_WITHIN_MS = 120_000;

/** Analyses of natural persons, each at the same price; receivables stay at home. */
export const SELLS_ANALYSES = {
  productForPerson: PRODUCT,
  prices: `${PRODUCT} 2026-01-01 7.50`,
  monthlyBudget: '10000.00',
  dailySync: false,
  concurrency: 4,
};

/** One press of a button. */
export interface Press {
  /** Pressed again under it, it is the same request. */
  id: string;
  document: string;
  insteadOf?: string;
}

export interface PressAnswer {
  kind: 'waiting' | 'recent' | 'over-budget' | 'not-read-whole';
  id?: string;
  last?: { analysisId: string };
}

interface ShownAnalysis {
  id: string;
  document: string;
  state: string;
  reference?: string;
  delivery?: { position: string; state: string; reason?: string; intents: { state: string }[] };
}

/** What became of one analysis, beside what DEPS charged for its document. */
export interface Reckoned {
  analysis: ShownAnalysis;
  /** The names under which DEPS billed its document, oldest first. */
  billed: string[];
}

export function people(count: number): string[] {
  const documents = new Set<string>();
  while (documents.size < count) documents.add(cpf.generate());
  return [...documents];
}

export function pressFor(document: string, insteadOf?: string): Press {
  return { id: randomUUID(), document, ...(insteadOf !== undefined && { insteadOf }) };
}

/** The same press until somebody answers it, at one process after the other. @param first who is asked first */
export function press({ replicas }: DepsStorm, { document, ...wish }: Press, first = 0): Promise<PressAnswer> {
  let turn = first;
  const body = { source: SOURCE, company: COMPANY, customer: { document }, ...wish };
  const ask = () => replicas[turn++ % replicas.length]!.ask<PressAnswer>('POST', '/credit-analyses', body);
  return eventually(ask, { withinMs: ANSWERED_WITHIN_MS, everyMs: 100 });
}

export async function billedDocuments({ replicas }: DepsStorm): Promise<string[]> {
  return (await replicas[0]!.account(COMPANY)).billing.queries.map(({ documento }) => documento);
}

export async function reckon({ replicas }: DepsStorm, ids: readonly string[]): Promise<Reckoned[]> {
  const { billing } = await replicas[0]!.account(COMPANY);
  const bills = Map.groupBy(billing.queries, ({ documento }) => documento);
  const reckonOne = async (id: string): Promise<Reckoned> => {
    const analysis = await replicas[0]!.ask<ShownAnalysis>('GET', `/credit-analyses/${id}`);
    const billed = bills.get(analysis.document) ?? [];
    return { analysis, billed: billed.map(({ historicoConsultaId }) => historicoConsultaId) };
  };
  const reckoned: Reckoned[] = [];
  for (const id of ids) reckoned.push(await reckonOne(id));
  return reckoned;
}

/** Its call was written down, and nobody but a person can find out what became of it. */
export function isLeftToPerson({ analysis: { state, delivery } }: Reckoned): boolean {
  const last = delivery?.intents.at(-1)?.state;
  return state === 'waiting' && delivery?.state === 'unknown' && (last === 'lost' || last === 'unknown');
}

/** Somebody looks at the bill of what was left to a person and says that it did not happen: it is asked for once more. */
export async function sayNotHappened({ replicas }: DepsStorm, left: readonly Reckoned[]): Promise<void> {
  for (const { analysis } of left) {
    const said = { happened: false, reason: 'não está na conta da DEPS' };
    await replicas[0]!.ask('POST', `/deliveries/${analysis.delivery!.position}/resolve`, said);
  }
}

/** Between what DEPS charged, what was confirmed and what is reserved: what does not agree. */
export async function uneven(storm: DepsStorm): Promise<string[]> {
  type Spent = { days: string; months: string; charged: string; confirmed: number };
  const [spent] = await ledger<Spent>(storm.world, SPENT);
  const { days, months, charged, confirmed } = spent!;
  const { billing } = await storm.replicas[0]!.account(COMPANY);
  const broken: string[] = [];
  if (billing.count !== confirmed) broken.push(`DEPS billed ${billing.count}, and ${confirmed} calls are confirmed`);
  if (days !== charged || months !== charged)
    broken.push(`of the days ${days} are reserved, of the months ${months}, and the calls cost ${charged}`);
  return broken;
}
