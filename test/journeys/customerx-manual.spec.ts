import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { ReceivableChanged } from '#libs/contracts';
import { eventually } from '#libs/testing';
import type { ShownFinancial } from '../world/comparison.ts';
import { SOURCE, World } from '../world/world.ts';

const WITHIN_MS = 30_000;
const APP = 'customerx-connector';
const SOURCE_QUERY = `source=${encodeURIComponent(SOURCE)}`;

interface Integration {
  id: string;
  state: { kind: string; lacks?: { label: { pt: string } }[] };
  settings: Record<string, unknown>;
  cadence?: { nextAt: string; lastCommunication?: string };
}
interface Delivery {
  position: string;
  operation: string;
  reason: string;
}
type Page<Item> = { items: Item[] };

/** One world for the whole manual; each company has an account of its own at CustomerX, called after it. */
let world: World;

beforeAll(async () => {
  world = await World.prepare();
  await world.startAll();
  await world.openAccounts(Array.from({ length: 12 }, (_, at) => String(at + 1)));
}, 120_000);

afterAll(() => world?.close(), 60_000);

const ask = <T>(method: string, path: string, body?: unknown, token?: string) =>
  world.ask<T>(APP, method, path, body, token);
const erp = <T = ReceivableChanged>(method: string, path: string, body?: unknown) =>
  world.ask<T>('sandbox', method, `/erp/${path}`, body);
const open = (company: string, more: object = {}) =>
  erp('POST', 'titles', { company, branch: '01', businessUnit: 'UN7', amount: '100.00', ...more });
const save = (company: string, settings: object, token?: string) =>
  ask<Integration>('PUT', '/integrations', { source: SOURCE, company, enabled: true, settings }, token);
const integrate = async (company: string, settings: Record<string, unknown> = {}) =>
  read((await world.integrate({ company, account: company, settings })).id);
const read = (id: string) => ask<Integration>('GET', `/integrations/${id}`);
const openDeliveries = async (id: string) =>
  (await ask<Page<Delivery>>('GET', `/deliveries?integrationId=${id}`)).items;
const sqlIn = async (url: string, statement: string, values: unknown[]) => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement, values);
  await client.end();
};

/** The financial of a title, once it is there and as told. */
function shown(
  { company, receivableId }: ReceivableChanged,
  as: Partial<ShownFinancial> = {},
): Promise<ShownFinancial> {
  return eventually(
    async () => {
      const found = (await world.financials(company)).find((one) => one.external_id_financial === receivableId);
      expect(found).toMatchObject(as);
      return found!;
    },
    { withinMs: WITHIN_MS },
  );
}

/** The connector has taken so many events of the title and planned none: the audit says so. */
async function heardUnplanned({ company, receivableId }: ReceivableChanged, events: number): Promise<void> {
  const path = `/entries?${SOURCE_QUERY}&company=${company}&subject=${encodeURIComponent(`receivable/${receivableId}`)}`;
  await eventually(
    async () => {
      const { items } = await world.ask<Page<{ type: string }>>('audit', 'GET', path);
      expect(items.filter(({ type }) => type === 'customerx.event.unplanned.v1')).toHaveLength(events);
    },
    { withinMs: WITHIN_MS },
  );
}

/** The window that would come in two hours comes now; what fires it is the clock, as ever. */
const letTheWindowCome = (id: string) =>
  sqlIn(world.databaseUrl(APP), `update customerx.cadence set next_at = now() where integration_id = $1`, [id]);

describe('Habilitando o Processo de Integração', () => {
  it('Para habilitar o processo de integração do CustomerX, será necessário ativar o parâmetro do sistema 046', async () => {
    const settings = { baseUrl: `${world.httpUrl('sandbox')}/customerx/api/v1`, token: 'sandbox-token-1' };
    const complete = { ...settings, allowPlainHttp: true, allowPrivateAddresses: true, periodicityMinutes: 0 };
    const { id, state } = await save('1', complete);
    expect(state.kind).not.toBe('ready');
    const title = await open('1');
    await heardUnplanned(title, 1);
    expect(await openDeliveries(id)).toEqual([]);
    expect(await world.financials('1')).toEqual([]);

    await world.switchParameter(true);
    expect((await read(id)).state).toEqual({ kind: 'ready' });
    await shown(title);
    await world.switchParameter(false);
  });

  it('Ao habilitar o parâmetro 046, passarão a ser apresentados na tela de cadastro de empresas, os campos necessários para efetuar a configuração das suas credenciais de acesso a API de integração do CustomerX', async () => {
    type Form = { shown: boolean; fields: { label: { pt: string } }[] };
    const form = () => ask<Form>('GET', `/integrations/form?${SOURCE_QUERY}`);
    expect(await form()).toMatchObject({ shown: false });
    await world.switchParameter(true);
    const { shown: isShown, fields } = await form();
    expect(isShown).toBe(true);
    expect(fields.map(({ label }) => label.pt)).toEqual(
      expect.arrayContaining([
        'Token',
        'Credential',
        'Chave',
        'Periodicidade (minutos)',
        'Considerar Und. de Negócio como Cliente',
      ]),
    );
  });

  it('Ao salvar o parâmetro, o MaxManager já estará habilitado para começar a se comunicar com o CustomerX, porém para que ele possa se comunicar, ainda precisaremos configurar outras informações', async () => {
    await world.switchParameter(true);
    const { id, state } = await save('2', {});
    expect(state).toMatchObject({ kind: 'not-configured', lacks: [{ label: { pt: 'Token' } }] });
    await open('2');
    await integrate('2');
    expect((await read(id)).state).toEqual({ kind: 'ready' });
  });
});

/** One sentence of the manual, in its two halves. */
describe('Neste processo serão integrados ao CustomerX todas as movimentações financeiras do contas a receber de seus clientes, ao iniciar o processo, todos os títulos que se encontrarem em aberto naquele momento, serão disponibilizados para serem integrados a plataforma, após isto, todas as movimentações dos títulos, tais como, baixas, descontos, multa, juros, exclusões, entradas de novos títulos, também serão integradas', () => {
  it('ao iniciar o processo, todos os títulos que se encontrarem em aberto naquele momento, serão disponibilizados para serem integrados a plataforma', async () => {
    const [one, two, settled] = [await open('3'), await open('3'), await open('3')];
    await erp('POST', `titles/${two.receivableId}/settlements?company=3`, { amount: '40.00' });
    await erp('POST', `titles/${settled.receivableId}/settlements?company=3`, {});
    await heardUnplanned(settled, 2);
    await integrate('3');
    await shown(one, { status: 'pending', amount_paid: '0.00' });
    await shown(two, { status: 'pending', amount_paid: '40.00' });
    const there = (await world.financials('3')).map((financial) => financial.external_id_financial);
    expect(there.toSorted()).toEqual([one.receivableId, two.receivableId].toSorted());
  });

  it('após isto, todas as movimentações dos títulos, tais como, baixas, descontos, multa, juros, exclusões, entradas de novos títulos, também serão integradas', async () => {
    await integrate('4');
    const title = await open('4', { number: '4711', installment: '2' });
    await shown(title, { status: 'pending', value: '100.00', identifier: '4711/2' });
    const at = `titles/${title.receivableId}`;
    const change = (kind: string, amount: string) => erp('POST', `${at}/adjustments?company=4`, { kind, amount });
    await change('discount', '10.00');
    await shown(title, { discount_value: '10.00', value: '100.00' });
    await change('fine', '2.00');
    await shown(title, { description: 'Título, multa 2.00' } as object);
    await change('interest', '0.50');
    await shown(title, { description: 'Título, multa 2.00, juros 0.50' } as object);
    await erp('POST', `${at}/adjustments?company=4`, { kind: 'due-date', dueDate: '2027-01-15' });
    await shown(title, { date_due: '2027-01-15' });
    await erp('POST', `${at}/settlements?company=4`, { amount: '50.00', date: '2026-11-19' });
    await shown(title, { status: 'pending', amount_paid: '50.00' });
    await erp('POST', `${at}/settlements?company=4`, { date: '2026-11-20' });
    await shown(title, { status: 'received', amount_paid: '92.50', date_payment: '2026-11-20' });
    const other = await open('4');
    await erp('DELETE', `titles/${other.receivableId}?company=4`);
    await eventually(async () => {
      const calls = (await world.calls()).filter((call) => call.externalId === other.receivableId);
      expect(calls.map(({ effect }) => effect)).toEqual(expect.arrayContaining(['created', 'deleted']));
    });
    expect(await world.compare('4', '4')).toEqual([]);
  });
});

describe('Configurando Suas Credenciais Para Acessar a API de Integração do CustomerX', () => {
  it('Os valores dos campos Token, Credential e Chave são códigos que deverão ser fornecidos pelo fornecedor do software CustomerX e estes dados é que autenticarão a sua licença na utilização da API de integração, portanto cadastre-os corretamente', async () => {
    const tracking = { tracking: 'per-settlement', trackerUrl: `${world.httpUrl('sandbox')}/customerx/tracker` };
    const right = { ...tracking, credential: 'credential-5', key: 'key-5' };
    const { id, settings } = await integrate('5', right);
    expect(settings).toMatchObject({ token: { set: true }, credential: { set: true }, key: { set: true } });
    expect(JSON.stringify(settings)).not.toContain('sandbox-token-5');
    const test = async () => {
      const verdicts = await ask<{ group: string; ok: boolean; problem?: string }[]>(
        'POST',
        `/integrations/${id}/test-connection`,
      );
      return Object.fromEntries(verdicts.map(({ group, ok, problem }) => [group, problem ?? ok]));
    };
    expect(await test()).toEqual({ default: true, tracker: true });
    await integrate('5', { ...right, token: 'wrong' });
    expect(await test()).toEqual({ default: 'credential', tracker: true });
    await integrate('5', { ...right, key: 'wrong' });
    expect(await test()).toEqual({ default: true, tracker: 'credential' });
    await integrate('5', right);
    await endLicence('5', true);
    expect(await test()).toEqual({ default: 'licence-ended', tracker: 'licence-ended' });
    await endLicence('5', false);
    expect(await test()).toEqual({ default: true, tracker: true });
  });

  it('O campo Periodicidade, indica de quanto em quanto tempo que o serviço de integração será executado, ele está pré-configurado para ser executado de duas em duas horas, isto significa que a cada duas horas todas as movimentações do contas a receber serão enviadas para o CustomerX', async () => {
    const { id, settings, cadence } = await integrate('6', { periodicityMinutes: null });
    expect(settings.periodicityMinutes).toBe(120);
    const next = new Date(cadence!.nextAt);
    expect(next.getTime() % 7_200_000).toBe(3_600_000); // even hours in São Paulo, UTC−3
    const title = await open('6');
    for (const amount of ['1.00', '2.00'])
      await erp('POST', `titles/${title.receivableId}/adjustments?company=6`, { kind: 'discount', amount });
    await eventually(async () => expect(await openDeliveries(id)).toHaveLength(3));
    expect(await world.financials('6')).toEqual([]);
    await letTheWindowCome(id);
    await shown(title, { discount_value: '3.00' });
    const calls = (await world.calls()).filter((call) => call.externalId === title.receivableId);
    expect(calls.filter(({ effect }) => effect === 'created' || effect === 'changed')).toHaveLength(3);
  });

  it('Sua periodicidade somente pode ser alterada pela Triplos Tecnologia', async () => {
    const { id } = await integrate('7', { periodicityMinutes: null });
    const admin = await world.tokenFor('admin', `${SOURCE}|7`);
    const vendor = await world.tokenFor('vendor');
    await expect(save('7', { periodicityMinutes: 10 }, admin)).rejects.toThrow(/403.*vendor/);
    expect((await read(id)).settings.periodicityMinutes).toBe(120);
    await save('7', { concurrency: 4 }, admin);
    expect((await save('7', { periodicityMinutes: 60 }, vendor)).settings.periodicityMinutes).toBe(60);
  });

  it('O campo Últ.Comunicação, indica qual a data e hora da execução do último processo de integração', async () => {
    const { id, cadence } = await integrate('8', { periodicityMinutes: null });
    expect(cadence!.lastCommunication).toBeUndefined();
    const nextCommunication = async (after: Date) => {
      await letTheWindowCome(id);
      return eventually(async () => {
        const last = new Date((await read(id)).cadence!.lastCommunication ?? 0);
        expect(last.getTime()).toBeGreaterThanOrEqual(after.getTime());
        return last;
      });
    };
    const title = await open('8');
    await eventually(async () => expect(await openDeliveries(id)).toHaveLength(1));
    const first = await nextCommunication(new Date());
    await shown(title);
    const second = await nextCommunication(new Date(first.getTime() + 1));
    expect(second.getTime()).toBeGreaterThan(first.getTime());
  });

  it('O campo Considerar Und. de Negócio como Cliente deve ser utilizada para indicar qual é o código que será utilizado para identificar o seu cliente externo no CustomerX (external_id_client), se o campo estiver selecionado, o código da Unidade de Negócio será considerada como código do cliente externo no CustomerX, caso não esteja selecionado, o código da FILIAL a que o título estiver relacionado é que será considerado como código do cliente externo no CustomerX (external_id_client)', async () => {
    await integrate('9');
    const byBranch = await open('9', { branch: '03' });
    await shown(byBranch, { external_id_client: '03' });
    await integrate('10', { businessUnitAsClient: true });
    const byUnit = await open('10', { branch: '03', businessUnit: 'UN9' });
    await shown(byUnit, { external_id_client: 'UN9' });
  });
});

describe('Seu Processo de Integração Esta Pronto', () => {
  it('Feitas as configurações acima, pronto !!! Seu MaxManager está configurado e preparado para enviar informações financeiras dos títulos do contas a receber para o CustomerX', async () => {
    expect((await integrate('11', { periodicityMinutes: null })).state).toEqual({ kind: 'ready' });
  });

  it('Não se preocupe, tudo será feito automaticamente de acordo com a periodicidade programada', async () => {
    const { id } = await integrate('11', { periodicityMinutes: null });
    const title = await open('11');
    await eventually(async () => expect(await openDeliveries(id)).toHaveLength(1));
    await letTheWindowCome(id);
    await shown(title);
    const { items } = await ask<Page<{ kind: string; delivered: number }>>('GET', `/integrations/${id}/runs`);
    expect(items[0]).toMatchObject({ kind: 'scheduled' });
  });
});

/** Ours, and not the manual's. */
describe('CustomerX beside its manual', () => {
  it('is told of a settlement by its Tracking API, after the settlement itself', async () => {
    const tracker = { tracking: 'per-settlement', trackerUrl: `${world.httpUrl('sandbox')}/customerx/tracker` };
    const { id } = await integrate('5', { ...tracker, trackingType: 'pagamento' });
    const title = await open('5', { number: '88', installment: '1' });
    await erp('POST', `titles/${title.receivableId}/settlements?company=5`, {});
    type State = { accounts: { trackings: object[] }[] };
    await eventually(
      async () => {
        const { accounts } = await world.ask<State>('sandbox', 'GET', '/control/customerx/state?account=5');
        expect(accounts[0]!.trackings).toMatchObject([
          { external_id_client: '01', type_tracking: 'pagamento', identifier: '88/1' },
        ]);
      },
      { withinMs: WITHIN_MS },
    );
    await shown(title, { status: 'received' });
    await eventually(async () => expect(await openDeliveries(id)).toEqual([]), { withinMs: WITHIN_MS });
  });

  it('says which clients the titles come to, before a setting is changed, and to nobody else', async () => {
    const { id } = await integrate('10', { businessUnitAsClient: true });
    await open('10', { branch: 'MANAUS1', businessUnit: 'UN9' });
    await open('10', { branch: 'MANAUS2', businessUnit: 'UN9' });
    type Use = { externalIdClient: string; problem?: string };
    const clients = async (query: string, token?: string) =>
      (await ask<Page<Use>>('GET', `/integrations/${id}/clients${query}`, undefined, token)).items;
    await eventually(async () => {
      const [shared] = await clients('');
      expect(shared).toMatchObject({ externalIdClient: 'UN9', problem: expect.stringContaining('MANAUS1, MANAUS2') });
    });
    const cut = await clients('?businessUnitAsClient=false&maxIdLength=6');
    expect(cut.filter(({ problem }) => problem).map((use) => use.externalIdClient)).toEqual(['MANAUS1', 'MANAUS2']);
    const stranger = await world.tokenFor('admin', `${SOURCE}|11`);
    await expect(clients('', stranger)).rejects.toThrow(/404/);
  });

  it('may be sent only the latest state of a title per window, and lists what it replaced', async () => {
    const { id } = await integrate('8', { periodicityMinutes: null, sendOnlyLatest: true });
    const title = await open('8');
    for (const amount of ['1.00', '2.00'])
      await erp('POST', `titles/${title.receivableId}/adjustments?company=8`, { kind: 'discount', amount });
    const path = `/deliveries?integrationId=${id}&settled=true&state=superseded&subject=receivable/${title.receivableId}`;
    await eventually(async () => expect((await ask<Page<Delivery>>('GET', path)).items).toHaveLength(2));
    await letTheWindowCome(id);
    await shown(title, { discount_value: '3.00' });
    const calls = (await world.calls()).filter((call) => call.externalId === title.receivableId);
    expect(calls.map(({ effect }) => effect)).toEqual(['none', 'created']);
  });

  it('is read back, compared and repaired', async () => {
    const { id } = await integrate('12');
    const [one, two, three] = [await open('12'), await open('12'), await open('12')];
    for (const title of [one, two, three]) await shown(title);
    const partner = (method: string, query: string, body?: object) =>
      fetch(`${world.httpUrl('sandbox')}/customerx/api/v1/financials${query}`, {
        method,
        headers: { authorization: 'sandbox-token-12', 'content-type': 'application/json' },
        body: body && JSON.stringify(body),
      });
    await partner('DELETE', `?external_id_financial=${one.receivableId}`);
    await partner('PUT', `?external_id_financial=${two.receivableId}`, { value: '77.00' });
    await partner('POST', '', {
      external_id_financial: 'X',
      external_id_client: '01',
      value: '1.00',
      date_due: '01/01/2027',
    });
    const before = await reconcile(id);
    expect(before.counts).toEqual({ missing: 1, different: 1, extra: 1 });
    const { items } = await ask<Page<object>>('GET', `/reconciliations/${before.id}/items?kind=different`);
    expect(items).toMatchObject([{ fields: ['value'], expected: { value: '100.00' }, held: { value: '77.00' } }]);
    const repaired = await ask('POST', `/reconciliations/${before.id}/repair`, { kinds: ['missing', 'different'] });
    expect(repaired).toEqual({ planned: 2 });
    await shown(one);
    await shown(two, { value: '100.00' });
    await eventually(async () => expect(await openDeliveries(id)).toEqual([]));
    expect((await reconcile(id)).counts).toEqual({ extra: 1 });
  });

  it('has a title of a client it does not know wait, and takes it when the client is registered', async () => {
    type Settings = { accounts: object[] };
    const settings = await world.ask<Settings>('sandbox', 'GET', '/control/customerx/settings');
    await world.ask('sandbox', 'PUT', '/control/customerx/settings', { ...settings, strictClients: true });
    const { id } = await integrate('9');
    const [one, two] = [await open('9', { branch: '77' }), await open('9', { branch: '77' })];
    await eventually(
      async () => {
        const waiting = await openDeliveries(id);
        expect(waiting.map(({ reason }) => reason)).toEqual([
          expect.stringContaining('não conhece o cliente "77"'),
          expect.stringContaining('não conhece o cliente "77"'),
        ]);
      },
      { withinMs: WITHIN_MS },
    );
    await integrate('9', { registerClients: true });
    const branch = { code: '77', name: 'Filial Belém', parent: '9', active: true, sequence: 2 };
    await sqlIn(
      world.erpAdminUrl,
      `select erp_outbox_write('branch', '77', 'erp.branch.changed.v1', $1, '9', '77', 1, 'rui')`,
      [branch],
    );
    await shown(one, { external_id_client: '77' });
    await shown(two, { external_id_client: '77' });
    await world.ask('sandbox', 'PUT', '/control/customerx/settings', settings);
  });
});

async function reconcile(integrationId: string): Promise<{ id: string; counts: Record<string, number> }> {
  type Report = { state: string; counts: { kind: string; items: number }[] };
  const { reconciliationId: id } = await ask<{ reconciliationId: string }>(
    'POST',
    `/integrations/${integrationId}/reconciliations`,
  );
  return eventually(
    async () => {
      const { state, counts } = await ask<Report>('GET', `/reconciliations/${id}`);
      expect(state).toBe('finished');
      return { id, counts: Object.fromEntries(counts.map(({ kind, items }) => [kind, items])) };
    },
    { withinMs: WITHIN_MS },
  );
}

async function endLicence(account: string, licenceEnded: boolean): Promise<void> {
  type Settings = { accounts: { name: string }[] };
  const settings = await world.ask<Settings>('sandbox', 'GET', '/control/customerx/settings');
  const accounts = settings.accounts.map((one) => (one.name === account ? { ...one, licenceEnded } : one));
  await world.ask('sandbox', 'PUT', '/control/customerx/settings', { ...settings, accounts });
}
