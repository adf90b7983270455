import { eventually } from '#libs/testing';
import { accountToken, DIRECT_SOURCE, SOURCE, type World } from '../../test/world/world.ts';
import { chapter, say, table } from './story.ts';

/** A company that was there before Ponte. */
const COMPANY = '3';
const ACCOUNT = 'antiga';
const DIRECT_ACCOUNT = 'direta';
const WITHIN_MS = 120_000;
const FIRST_OF_PAST = 8_001;
const PAST = invoices(FIRST_OF_PAST, 60);
const NEW_TITLES = invoices(9_001, 12);

const connector = <T>(world: World, method: string, path: string, body?: object) =>
  world.ask<T>('customerx-connector', method, path, body);

/**
 * What an operator does: switches the system on, has a company's open titles loaded, finds what differs at the partner
 * and repairs it, sends again what was refused, looks at who may do what.
 * @returns how many differences are left in that company
 */
export async function runOperating(world: World): Promise<number> {
  const { id } = await beginWithAPast(world);
  await reconcile(world, id);
  await redrive(world, id);
  await track(world);
  await publishDirectly(world);
  await tellWhoMay(world);
  await tellSilence(world);
  return countDifferences(world);
}

async function beginWithAPast(world: World): Promise<{ id: string }> {
  chapter('1. A company with a past: parameter 046, credentials, initial load');
  await world.ask('sandbox', 'POST', '/erp/history?company=3&source=demo', { rows: PAST });
  const form = () => connector<{ shown: boolean }>(world, 'GET', `/integrations/form?source=${SOURCE}`);
  const hidden = (await form()).shown;
  await world.switchParameter(true);
  const shown = (await form()).shown;
  say(`   the company's fields are shown: ${hidden}; after parameter 046 is on: ${shown}.`);
  await world.openAccounts(['matriz', 'filial', ACCOUNT, DIRECT_ACCOUNT]);
  for (const account of [ACCOUNT, DIRECT_ACCOUNT]) world.loadedAccounts.add(account);
  const integration = await world.integrate({ company: COMPANY, account: ACCOUNT });
  await agreed(world);
  const [load] = (
    await connector<{ items: { titles: number; failures: number }[] }>(
      world,
      'GET',
      `/integrations/${integration.id}/loads`,
    )
  ).items;
  say(
    `   the ERP has ${PAST.length} titles of company ${COMPANY}; its reader walked the export view, and the load sent`,
  );
  say(
    `   the ${load!.titles} that were open, once each; ${(await world.financials(ACCOUNT)).length} are at CustomerX.`,
  );
  const checks = await connector<{ group: string; ok: boolean; detail?: { en: string } }[]>(
    world,
    'POST',
    `/integrations/${integration.id}/test-connection`,
  );
  for (const { group, ok, detail } of checks)
    say(`   connection test, ${group}: ${ok ? 'ok' : (detail?.en ?? 'not ok')}`);
  return integration;
}

/** Somebody changes titles at CustomerX by hand; a reconciliation finds them, a repair sends them again. */
async function reconcile(world: World, id: string): Promise<void> {
  chapter('2. Reconciliation');
  const [one, other] = await world.financials(ACCOUNT);
  const at = (externalId: string) =>
    `${world.httpUrl('sandbox')}/customerx/api/v1/financials?external_id_financial=${encodeURIComponent(externalId)}`;
  const headers = { authorization: accountToken(ACCOUNT), 'content-type': 'application/json' };
  await fetch(at(one!.external_id_financial), { method: 'DELETE', headers });
  await fetch(at(other!.external_id_financial), { method: 'PUT', headers, body: JSON.stringify({ value: '1.00' }) });
  type Started = { reconciliationId: string };
  const { reconciliationId } = await connector<Started>(world, 'POST', `/integrations/${id}/reconciliations`);
  type Report = { finishedAt: string | null; counts: { kind: string; items: number }[] };
  const report = await eventually(
    async () => {
      const found = await connector<Report>(world, 'GET', `/reconciliations/${reconciliationId}`);
      if (!found.finishedAt) throw new Error('the reconciliation is not finished');
      return found;
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
  const counts = report.counts.map(({ kind, items }) => `${items} ${kind}`).join(', ');
  say(`   one title deleted and one changed at CustomerX by hand; found: ${counts}.`);
  const { planned } = await connector<{ planned: number }>(
    world,
    'POST',
    `/reconciliations/${reconciliationId}/repair`,
    { kinds: ['missing', 'different'] },
  );
  await agreed(world);
  say(`   repaired on request: ${planned} ordinary deliveries; both sides agree.`);
}

/** CustomerX refuses some calls; they wait, grouped by what went wrong, and go again with one word. */
async function redrive(world: World, id: string): Promise<void> {
  chapter('3. Refused, looked at, sent again');
  await world.ask('sandbox', 'PUT', '/control/customerx/faults', { status: 422, account: ACCOUNT });
  await world.ask('sandbox', 'POST', '/erp/history?company=3&source=demo', { rows: NEW_TITLES });
  const filter = { integrationId: id };
  type Sample = { position: string; subject: string };
  type Preview = { count: number; byReason: { reason: string; count: number }[]; sample: Sample[] };
  const preview = await eventually(
    async () => {
      const found = await connector<Preview>(world, 'POST', '/redrives/preview', { filter });
      if (found.count < NEW_TITLES.length) throw new Error(`${found.count} are parked`);
      return found;
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
  for (const { reason, count } of preview.byReason) say(`   ${count} wait for a person: ${reason}`);
  await world.ask('sandbox', 'DELETE', '/control/customerx/faults');
  const { position, subject } = preview.sample[0]!;
  await connector(world, 'POST', `/deliveries/${position}/edit-and-resend`, {
    reason: 'CustomerX wants a shorter description',
    patch: { description: 'Título' },
  });
  say(`   ${subject} edited and sent again in its place; the original stays on record.`);
  const wish = { filter, reason: 'CustomerX mended its validation', perSecond: 50, expectedCount: preview.count };
  const { id: redriveId } = await connector<{ id: string }>(world, 'POST', '/redrives', wish);
  type Report = { state: string; total: number; delivered: number };
  const { total, delivered } = await eventually(
    async () => {
      const report = await connector<Report>(world, 'GET', `/redrives/${redriveId}`);
      if (report.state !== 'finished') throw new Error('the redrive is not finished');
      return report;
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
  await agreed(world);
  say(`   redrive ${redriveId}: ${delivered} of ${total} delivered, and both sides agree.`);
}

/** The tracking API is told of each settlement, where the settings say so. */
async function track(world: World): Promise<void> {
  chapter('4. The tracking API');
  const settings = {
    tracking: 'per-settlement',
    trackerUrl: `${world.httpUrl('sandbox')}/customerx/tracker`,
    credential: `credential-${ACCOUNT}`,
    key: `key-${ACCOUNT}`,
  };
  await world.turnOn({ company: COMPANY, account: ACCOUNT, settings });
  const open = (await world.titles(COMPANY)).find(({ status }) => status === 'open')!;
  const path = `/erp/titles/${encodeURIComponent(open.receivableId)}/settlements?company=${COMPANY}`;
  await world.ask('sandbox', 'POST', path, { actor: 'caixa' });
  type State = { accounts: { trackings: { identifier: string }[] }[] };
  const trackings = await eventually(
    async () => {
      const { accounts } = await world.ask<State>('sandbox', 'GET', `/control/customerx/state?account=${ACCOUNT}`);
      const found = accounts[0]?.trackings ?? [];
      if (found.length === 0) throw new Error('no tracking has arrived');
      return found;
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
  say(
    `   title ${open.receivableId} is settled; CustomerX counts ${trackings.length} tracking: ${trackings[0]!.identifier}.`,
  );
}

/** An ERP without an outbox publishes CloudEvents itself, as a broker user of its own, and leaves the id out. */
async function publishDirectly(world: World): Promise<void> {
  chapter('5. An ERP that publishes to the broker itself');
  const wish = { source: DIRECT_SOURCE, company: COMPANY, account: DIRECT_ACCOUNT };
  const { id } = await world.turnOn(wish);
  await connector(world, 'POST', `/integrations/${id}/loads/begin-without-backfill`);
  await world.loaded(id);
  const title = (await world.titles(COMPANY)).find(({ status }) => status === 'open')!;
  const subject = `receivable/${title.receivableId}`;
  const entry = { id: 'entry', kind: 'entry', date: title.issueDate, amount: title.amount } as const;
  await world.publishDirect({
    specversion: '1.0',
    source: DIRECT_SOURCE,
    type: 'erp.receivable.opened.v1',
    subject,
    time: new Date().toISOString(),
    company: COMPANY,
    branch: title.branch,
    sequence: '1',
    data: { ...title, sequence: 1, movement: entry },
  });
  await eventually(async () => (await world.financials(DIRECT_ACCOUNT)).length === 1, { withinMs: WITHIN_MS });
  say(`   ${subject} of ${DIRECT_SOURCE}, without an id: taken in once, and at CustomerX.`);
}

async function tellWhoMay(world: World): Promise<void> {
  chapter('6. Who may do what');
  const rows: string[][] = [];
  for (const role of ['viewer', 'operator', 'admin', 'vendor']) {
    const token = await world.tokenFor(role, `${SOURCE}|${COMPANY}`);
    const path = `/capabilities?source=${SOURCE}&company=${COMPANY}`;
    const answer = await fetch(`${world.httpUrl('customerx-connector')}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { items } = (await answer.json()) as Capabilities;
    const actions = items.flatMap((item) => Object.entries(item.actions));
    rows.push([role, actions.flatMap(([name, { allowed }]) => (allowed ? [name] : [])).join(', ')]);
  }
  table(['role', `may, in company ${COMPANY}`], rows);
}

async function tellSilence(world: World): Promise<void> {
  chapter('7. Is the ERP silent?');
  type Silence = { lastEventAt: string; jobs: { job: string; missed: boolean }[]; alarms: { en: string }[] };
  const { lastEventAt, jobs, alarms } = await world.ask<Silence>('erp-outbox-reader', 'GET', '/silence');
  const beats = jobs.map(({ job, missed }) => `${job} ${missed ? 'has missed its beat' : 'beats'}`).join(', ');
  say(`   last event ${lastEventAt.slice(11, 19)}, ${beats}; ${alarms.length} alarms.`);
}

interface Capabilities {
  items: { actions: Record<string, { allowed: boolean }> }[];
}

/** Until what is owed in the ERP stands at CustomerX as it is. */
function agreed(world: World): Promise<void> {
  return eventually(
    async () => {
      const differences = await countDifferences(world);
      if (differences > 0) throw new Error(`company ${COMPANY} differs in ${differences} places`);
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
}

/** Of the titles that were settled before the integration began, CustomerX knows nothing, and need not. */
async function countDifferences(world: World): Promise<number> {
  const titles = await world.titles(COMPANY);
  const settled = new Set(titles.filter(({ status }) => status === 'settled').map(({ receivableId }) => receivableId));
  const differences = await world.compare(COMPANY, ACCOUNT);
  return differences.filter(({ title, field }) => !(settled.has(title) && field === 'existence')).length;
}

/** Invoices as a history has them, every third settled. */
function invoices(first: number, count: number): object[] {
  return Array.from({ length: count }, (_, n) => ({
    countryCode: String(1 + (n % 3)),
    customerID: `C${n % 7}`,
    invoiceNumber: String(first + n),
    InvoiceDate: '2026-03-02',
    DueDate: '2026-04-01',
    InvoiceAmount: `${100 + n}.50`,
    Disputed: 'No',
    SettledDate: first === FIRST_OF_PAST && n % 3 === 0 ? '2026-03-30' : '',
  }));
}
