import { eventually, type Verdict } from '#libs/testing';
import { SOURCE, type World } from '../../test/world/world.ts';
import { runOperating } from './operating.ts';
import { chapter, say, table } from './story.ts';

export interface Ending {
  verdict: Verdict;
  differences: number;
  titles: number;
}

const ACCOUNTS: Record<string, string> = { '1': 'matriz', '2': 'filial' };
const accountOf = (company: string) => ACCOUNTS[company];
const WITHIN_MS = 180_000;

interface Pauses {
  items: { reason: string; detail: string }[];
}

/** Titles enter and move, CustomerX fails for a while, everything arrives; then both sides are compared. */
export async function runJourney(world: World): Promise<Ending> {
  const left = await runOperating(world);
  chapter('8. Two more companies turn CustomerX on');
  const matriz = await world.integrate({ company: '1', account: 'matriz' });
  const filial = await world.integrate({ company: '2', account: 'filial', settings: { periodicityMinutes: 120 } });
  say('   company 1 sends as things happen; company 2 every two hours, as the manual has it.');

  chapter('9. Titles enter and move in the ERP');
  await world.ask('sandbox', 'POST', '/erp/generate', { companies: 2, titles: 60, movementsPerTitle: 4, seed: 46 });
  await moveOneTitle(world);
  say('   60 titles of two companies with 4 movements each, and title DEMO-1: entry, discount, partial receipt,');
  say('   reversal, extension of the due date, receipt in full with fine and interest.');
  await arrived(world, '1');
  say(`   company 1: ${(await world.financials('matriz')).length} financials at CustomerX already.`);
  say(`   company 2: ${(await world.financials('filial')).length} at CustomerX: its window has not come.`);

  chapter('10. Run now');
  const { runId } = await world.ask<{ runId: string }>(
    'customerx-connector',
    'POST',
    `/integrations/${filial.id}/runs`,
  );
  await arrived(world, '2');
  const run = await finishedRun(world, filial.id, runId);
  say(`   run ${runId} of company 2: ${run.delivered} delivered, ${run.parked} parked, ${run.carried} carried over.`);

  chapter('11. CustomerX fails for a while');
  await world.ask('sandbox', 'PUT', '/control/customerx/faults', { status: 503 });
  await world.ask('sandbox', 'POST', '/erp/generate', { companies: 1, titles: 40, movementsPerTitle: 3, seed: 47 });
  const standing = await eventually(
    async () => {
      const pauses = await world.ask<Pauses>('customerx-connector', 'GET', `/integrations/${matriz.id}/pauses`);
      if (pauses.items.length === 0) throw new Error('the breaker has not opened');
      return pauses;
    },
    { withinMs: WITHIN_MS },
  );
  const before = (await world.calls()).length;
  say(`   breaker open: ${standing.items.map((pause) => `${pause.reason} (${pause.detail})`).join(', ')}`);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  say(
    `   three seconds later: ${(await world.calls()).length - before} more calls; what waits, waits, and spends no attempt.`,
  );

  chapter('12. CustomerX comes back');
  await world.ask('sandbox', 'DELETE', '/control/customerx/faults');
  const startedAt = Date.now();
  await arrived(world, '1');
  say(`   one probe, a ramp, and everything had arrived ${((Date.now() - startedAt) / 1000).toFixed(1)} s later.`);

  chapter('13. What the audit knows of DEMO-1');
  await tellAudit(world);
  const ending = await compareBoth(world);
  return { ...ending, differences: ending.differences + left };
}

async function moveOneTitle(world: World): Promise<void> {
  const erp = <T>(method: string, path: string, body?: object) =>
    world.ask<T>('sandbox', method, `/erp/titles${path}`, body);
  type Title = { receivableId: string; settlements: { id: string }[] };
  const { receivableId } = await erp<Title>('POST', '', {
    company: '1',
    number: 'DEMO',
    installment: '1',
    amount: '1000.00',
    actor: 'ana',
  });
  const path = (rest: string) => `/${encodeURIComponent(receivableId)}${rest}?company=1`;
  await erp('POST', path('/adjustments'), { kind: 'discount', amount: '50.00', actor: 'ana' });
  const settled = await erp<Title>('POST', path('/settlements'), { amount: '300.00', actor: 'caixa' });
  const settlement = settled.settlements.at(-1)!.id;
  await erp('POST', path(`/settlements/${encodeURIComponent(settlement)}/reversal`), { actor: 'caixa' });
  await erp('POST', path('/adjustments'), { kind: 'due-date', dueDate: '2027-03-10', actor: 'ana' });
  await erp('POST', path('/settlements'), { fine: '19.00', interest: '3.17', actor: 'caixa' });
}

/** Until every event of the company has had its effect at its account. */
async function arrived(world: World, company: string): Promise<void> {
  await eventually(
    async () => {
      const differences = await world.compare(company, accountOf(company)!);
      const [first] = differences;
      if (!first) return;
      const { title, field, erp, customerx } = first;
      const example = `${title}.${field} is ${erp} in the ERP and ${customerx} at CustomerX`;
      throw new Error(`company ${company} still differs in ${differences.length} places: ${example}`);
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
}

interface Run {
  id: string;
  finishedAt: string | null;
  delivered: number;
  parked: number;
  carried: number;
}

async function finishedRun(world: World, integrationId: string, runId: string): Promise<Run> {
  return eventually(
    async () => {
      const { items } = await world.ask<{ items: Run[] }>(
        'customerx-connector',
        'GET',
        `/integrations/${integrationId}/runs`,
      );
      const run = items.find((one) => one.id === runId);
      if (!run?.finishedAt) throw new Error('the run is not through');
      return run;
    },
    { withinMs: WITHIN_MS },
  );
}

interface Entry {
  time: string;
  type: string;
  actor?: string;
}

async function tellAudit(world: World): Promise<void> {
  const find = `/entries?source=${encodeURIComponent(SOURCE)}&company=1&title=DEMO&limit=100`;
  const entries = await eventually(
    async () => {
      const { items } = await world.ask<{ items: Entry[] }>('audit', 'GET', find);
      const delivered = items.filter((entry) => entry.type === 'customerx.delivery.delivered.v1').length;
      if (delivered < 6) throw new Error(`${delivered} of 6 deliveries are in the audit`);
      return items;
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
  const rows = entries
    .toSorted((one, other) => (one.time < other.time ? -1 : 1))
    .map(({ time, type, actor }) => [time.slice(11, 23), type, actor ?? '']);
  table(['time', 'event', 'who'], rows);
}

async function compareBoth(world: World): Promise<Ending> {
  chapter('14. Both sides, field by field');
  const rows: string[][] = [];
  let differences = 0;
  let titles = 0;
  for (const [company, account] of Object.entries(ACCOUNTS)) {
    const erp = await world.titles(company);
    const differing = await world.compare(company, account);
    const statuses = Map.groupBy(erp, (title) => title.status);
    const counts = [...statuses].map(([status, some]) => `${some.length} ${status}`).join(', ');
    rows.push([company, account, String(erp.length), counts, String(differing.length)]);
    for (const one of differing.slice(0, 5))
      say(`   ${one.title}.${one.field}: ERP ${one.erp}, CustomerX ${one.customerx}`);
    differences += differing.length;
    titles += erp.length;
  }
  table(['company', 'account', 'titles', 'in the ERP', 'differences'], rows);
  const verdict = await world.settled(accountOf, WITHIN_MS);
  return { verdict, differences, titles };
}
