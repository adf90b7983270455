import { Client } from 'pg';
import type { ReceivableChanged } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { DepsInWorld } from '../../test/world/deps.ts';
import type { InboxWriter } from '../../test/world/inbox-writer.ts';
import { SOURCE, type World } from '../../test/world/world.ts';
import { chapter, say } from './story.ts';

const COMPANY = '1';
const CUSTOMER = 'C77';
const WITHIN_MS = 120_000;
const PRICE = '7.50';
const PRODUCTS = { F: 'd002e4c6', J: 'd031b2e4' } as const;

interface Title {
  receivableId: string;
  customer: { document: string; personType: 'F' | 'J'; id: string };
}
interface Answer {
  kind: string;
  id?: string;
  last?: { analysisId: string; requestedAt: string };
  cost?: string;
  budgetLeft?: string;
}
interface Analysis {
  id: string;
  state: string;
  situation?: string;
  suggestedLimit?: string;
  decision?: { acknowledged?: string };
}

/**
 * What a credit desk does: the receivables go to DEPS, an analysis is bought behind what its person owes, a second one needs
 * a word on it, and a decision reaches the ERP.
 * @returns how many more queries were billed than confirmed, or fewer
 */
export async function runCredit(world: World, inbox: InboxWriter): Promise<number> {
  const deps = await DepsInWorld.start(world);
  try {
    await deps.openAccounts([COMPANY]);
    await sendReceivables(world, deps);
    const title = await owe(world);
    const confirmed = await buyAnalyses(deps, title);
    await decide(world, deps, inbox, confirmed.at(-1)!);
    return countBilled(deps, confirmed.length);
  } finally {
    await deps.close();
  }
}

async function sendReceivables(world: World, deps: DepsInWorld): Promise<void> {
  chapter('15. The receivables go to DEPS');
  const { id } = await deps.integrate({
    company: COMPANY,
    settings: {
      productForPerson: PRODUCTS.F,
      productForCompany: PRODUCTS.J,
      prices: Object.values(PRODUCTS)
        .map((product) => `${product} 2026-01-01 ${PRICE}`)
        .join('\n'),
      monthlyBudget: '30.00',
    },
  });
  await deps.loaded(id);
  await deps.ask('POST', `/integrations/${id}/runs`);
  const known = (await world.titles(COMPANY)).filter(isToldFirst);
  const arrived = async () => {
    const there = new Map((await deps.titles(COMPANY)).map((title) => [title.idExterno, title]));
    const missing = known.filter(({ receivableId, openAmount }) => there.get(receivableId)?.valorAberto !== openAmount);
    if (missing.length > 0)
      throw new Error(`${missing.length} of ${known.length} titles are not at DEPS as they stand`);
    return there.size;
  };
  const count = await eventually(arrived, { withinMs: WITHIN_MS });
  const { batches } = await deps.account(COMPANY);
  say(`   everything open and everything received in the last 365 days: ${count} titles in ${batches.length} batches;`);
  say('   from now on what moves goes each night at 01:00. Here somebody pressed "run now".');
}

function isToldFirst({ status, settlements }: ReceivableChanged): boolean {
  const isOwed = status === 'open' || status === 'partially-settled';
  return isOwed || (status === 'settled' && settlements.some(({ reversedOn }) => !reversedOn));
}

/** A new title of the customer, which DEPS has not heard of: the analysis takes it along. */
function owe(world: World): Promise<Title> {
  const title = { company: COMPANY, branch: '01', customerId: CUSTOMER, amount: '250.00' };
  return world.ask('sandbox', 'POST', '/erp/titles', title);
}

/** @returns the analyses somebody confirmed */
async function buyAnalyses(deps: DepsInWorld, { receivableId, customer }: Title): Promise<Analysis[]> {
  chapter('16. A credit analysis, which costs money');
  await deps.knows(COMPANY, receivableId);
  const { document, id } = customer;
  const ask = (more: object = {}) =>
    deps.ask<Answer>('POST', '/credit-analyses', {
      source: SOURCE,
      company: COMPANY,
      customer: { document, id },
      ...more,
    });
  const first = await completed(deps, (await ask()).id!);
  const shown = (await deps.titles(COMPANY)).find(({ idExterno }) => idExterno === receivableId);
  say(
    `   title ${receivableId} of the customer went first (${shown?.movements[0]?.tipoLote}); then one query was bought`,
  );
  say(`   for ${PRICE}: DEPS says ${first.situation}, limit ${first.suggestedLimit}.`);
  const again = await ask();
  say(
    `   asked for again: "${again.kind}"; a new one costs ${again.cost}, and ${again.budgetLeft} of the budget are left.`,
  );
  const presses = await Promise.all(Array.from({ length: 10 }, () => ask({ insteadOf: first.id })));
  const pressed = new Set(presses.map((answer) => answer.id ?? answer.last?.analysisId));
  const second = await completed(deps, [...pressed][0]!);
  say(`   "a new one, paid", pressed ten times at once: ${pressed.size} analysis.`);
  return [first, second];
}

async function decide(world: World, deps: DepsInWorld, inbox: InboxWriter, analysis: Analysis): Promise<void> {
  chapter('17. A person decides, and the ERP applies it');
  const from = { situation: 'EM ANÁLISE', limit: '0.00' };
  await deps.ask('POST', `/credit-analyses/${analysis.id}/decision`, { kind: 'confirmed', from });
  const decided = await eventually(
    async () => {
      const found = (await inbox.results()).find(({ type }) => type === 'deps.credit-limit.decided.v1');
      if (!found) throw new Error('the decision has not reached the ERP');
      return found.payload as { decisionId: string; decidedBy: string };
    },
    { withinMs: WITHIN_MS },
  );
  await acknowledge(world, decided.decisionId);
  await eventually(
    async () => {
      const { decision } = await deps.ask<Analysis>('GET', `/credit-analyses/${analysis.id}`);
      if (decision?.acknowledged !== 'applied') throw new Error('the ERP’s acknowledgement has not come back');
    },
    { withinMs: WITHIN_MS },
  );
  say(`   ${decided.decidedBy}: ${from.situation}, ${from.limit} → ${analysis.situation}, ${analysis.suggestedLimit};`);
  say('   it reached the ERP’s inbox, and the ERP’s word that it was applied came back.');
}

/** As the ERP writes it: a row of its outbox. */
async function acknowledge(world: World, decisionId: string): Promise<void> {
  const erp = new Client({ connectionString: world.erpAdminUrl });
  await erp.connect();
  try {
    await erp.query(
      `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, actor)
       values ('credit-limit', $1, 'erp.credit-limit.applied.v1', $2, $3, '01', 'erp')`,
      [decisionId, { decisionId, applied: true }, COMPANY],
    );
  } finally {
    await erp.end();
  }
}

function completed(deps: DepsInWorld, id: string): Promise<Analysis> {
  return eventually(
    async () => {
      const analysis = await deps.ask<Analysis>('GET', `/credit-analyses/${id}`);
      if (analysis.state !== 'completed') throw new Error(`analysis ${id} is ${analysis.state}`);
      return analysis;
    },
    { withinMs: WITHIN_MS },
  );
}

async function countBilled(deps: DepsInWorld, confirmed: number): Promise<number> {
  const { billing } = await deps.account(COMPANY);
  say(`   DEPS billed ${billing.count} queries; ${confirmed} were confirmed.`);
  return Math.abs(billing.count - confirmed);
}
