import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { sampleOf, type ReceivableChanged } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { DepsInWorld } from '../world/deps.ts';
import { InboxWriter } from '../world/inbox-writer.ts';
import { SOURCE, World } from '../world/world.ts';

const WITHIN_MS = 45_000;
/** Natural persons, one for each test: what is known of one says nothing of another. */
const PEOPLE = ['52998224725', '11144477735', '11223344517', '31313131377', '24680246804', '13579135759'] as const;
const MIX = 'd012c3d5';
const SMART = 'd002e4c6';
const SMART_OF_COMPANIES = 'd031b2e4';

const SETTINGS = {
  productForPerson: SMART,
  prices: `${SMART} 2026-01-01 7.50\n${MIX} 2026-01-01 3.00\n${SMART_OF_COMPANIES} 2026-01-01 9.00`,
  dailySync: false,
  monthlyBudget: '60.00',
};

interface Analysis {
  id: string;
  state: string;
  product: string;
  cost: string;
  suggestedLimit?: string;
  situation?: string;
  link?: string;
  reference?: string;
}
type Answer = { kind: string; id?: string; last?: { analysisId: string }; cost?: string; budgetLeft?: string };
type Page<T> = { items: T[] };

let world: World;
let deps: DepsInWorld;
let replica: DepsInWorld;
let inbox: InboxWriter;

beforeAll(async () => {
  world = await World.prepare();
  await world.startAll();
  [deps, inbox] = await Promise.all([DepsInWorld.start(world), InboxWriter.start(world)]);
  replica = await DepsInWorld.start(world);
  await deps.openAccounts(['1', '2', '3', '4']);
  const { id } = await deps.integrate({ company: '1', settings: SETTINGS });
  await deps.loaded(id);
}, 240_000);

afterAll(async () => {
  await Promise.all([replica?.close(), inbox?.close()]);
  await deps?.close();
  await world?.close();
}, 60_000);

const as = (role: string) => world.tokenFor(role, `${SOURCE}|1`);
const askFor = async (document: string, more: object = {}, by = deps) =>
  by.ask<Answer>('POST', '/credit-analyses', { source: SOURCE, company: '1', customer: { document }, ...more });
const read = (id: string) => deps.ask<Analysis>('GET', `/credit-analyses/${id}`);
const historyOf = async (document: string, token?: string) => {
  const path = `/credit-analyses?source=${SOURCE}&company=1&document=${document}`;
  return (await deps.ask<Page<Analysis>>('GET', path, undefined, token)).items;
};
const billedOf = async (document: string) => {
  type State = { accounts: { billing: { queries: { documento: string }[] } }[] };
  const { accounts } = await world.ask<State>('sandbox', 'GET', '/control/deps/state?account=1');
  return accounts[0]!.billing.queries.filter(({ documento }) => documento === document).length;
};
const faults = (given?: object) =>
  world.ask('sandbox', given ? 'PUT' : 'DELETE', '/control/deps/faults', given).then(() => undefined);

async function completed(id: string): Promise<Analysis> {
  return eventually(
    async () => {
      const analysis = await read(id);
      expect(analysis.state).toBe('completed');
      return analysis;
    },
    { withinMs: WITHIN_MS },
  );
}

async function bought(document: string, more: object = {}): Promise<Analysis> {
  const answer = await askFor(document, more);
  expect(answer).toMatchObject({ kind: 'waiting' });
  return completed(answer.id!);
}

type Capabilities = { items: { name: string; shown: boolean; actions: Record<string, { allowed: boolean }> }[] };
/** What screens show of credit analyses, and let their user do. */
async function entry() {
  const { items } = await deps.ask<Capabilities>('GET', `/capabilities?source=${SOURCE}&company=1`);
  return items.find(({ name }) => name === 'credit-analysis');
}

interface Choice {
  product: string;
  name: string;
  personType: string;
  standard: boolean;
  cost?: string;
}

/** What the field of products offers whoever may ask. */
const productsToChoose = async () =>
  (await deps.ask<Page<Choice>>('GET', `/credit-analyses/products?source=${SOURCE}&company=1`)).items;

/** The one result in the ERP's inbox that answers this request. */
async function toldOf(requestId: string) {
  return eventually(
    async () => {
      const found = (await inbox.results()).filter(({ payload }) => payload['requestId'] === requestId);
      expect(found).toHaveLength(1);
      return found[0]!.payload;
    },
    { withinMs: WITHIN_MS },
  );
}

/** A title somebody owes, as the ERP has it. */
const owes = (customerId: string) =>
  world.ask<ReceivableChanged>('sandbox', 'POST', '/erp/titles', {
    company: '1',
    branch: '01',
    customerId,
    amount: '100.00',
  });

describe('Permissão nos Grupos de Usuários para realizar a consulta de análise de créditos', () => {
  it("Para realizar a consulta o usuário deverá obter permissão 'Clientes - Permite utilizar consulta Deps'", async () => {
    const viewer = await as('auditor');
    const wish = { source: SOURCE, company: '1', customer: { document: PEOPLE[0] } };
    await expect(deps.ask('POST', '/credit-analyses', wish, viewer)).rejects.toThrow(/answered 403/);
    const elsewhere = await world.tokenFor('vendor', `${SOURCE}|2`);
    await expect(deps.ask('POST', '/credit-analyses', wish, elsewhere)).rejects.toThrow(/answered 40[34]/);
    expect(await billedOf(PEOPLE[0])).toBe(0);
  });
});

describe('Configurações para integração', () => {
  it("o botão '...' tem a função de \"Atualizar as informações do campo 'Consulta padrão' com base nos dados obtidos da API DEPs\"", async () => {
    const { id } = await deps.integrate({ company: '2' });
    type Product = { identificador: string; tipoPessoa: string };
    const { items } = await deps.ask<Page<Product>>('POST', `/integrations/${id}/products/refresh`);
    expect(items).toContainEqual(expect.objectContaining({ identificador: SMART, tipoPessoa: 'F' }));
    expect(await deps.ask('GET', `/integrations/${id}/products`)).toEqual({ items });
    const { id: wrong } = await deps.integrate({ company: '3', settings: { password: 'errada' } });
    await expect(deps.ask('POST', `/integrations/${wrong}/products/refresh`)).rejects.toThrow(/409.*DEPS-001/);
  });
});

describe('Consulta de análise de créditos na tela "Central de Atendimento ao Cliente"', () => {
  it('foi adicionado o botão "Deps", ao clicar irá exibir o campo de seleção do identificador de produtos', async () => {
    expect(await entry()).toMatchObject({ shown: true, actions: { ask: { allowed: true } } });
    const { items: integrations } = await deps.ask<Page<{ id: string; company: string }>>('GET', '/integrations');
    const { id } = integrations.find(({ company }) => company === '1')!;
    await deps.ask('POST', `/integrations/${id}/products/refresh`);
    const items = await productsToChoose();
    expect(items.map(({ product }) => product)).toEqual(expect.arrayContaining([SMART, MIX]));
    expect(items.every(({ name }) => name.length > 0)).toBe(true);
  });

  it("Virá preenchido conforme informado nos parâmetros gerais da filial no campo 'Consulta padrão'", async () => {
    const standard = (await productsToChoose()).filter((one) => one.standard && one.personType === 'F');
    expect(standard).toMatchObject([{ product: SMART, cost: '7.50' }]);
    const analysis = await bought(PEOPLE[0]);
    expect(analysis).toMatchObject({
      product: SMART,
      cost: '7.50',
      suggestedLimit: expect.stringMatching(/^\d+\.\d{2}$/),
    });
    expect(analysis.link).toContain(analysis.reference!);
  });

  it("Ao selecionar um 'Identificador de produtos' e confirmar, será exibida a informação se foi realizada uma consulta para o cliente a menos de 90 dias, será possível 'Visualizar última consulta' ou 'Realizar nova consulta'", async () => {
    const [first] = await historyOf(PEOPLE[0]);
    const shown = await askFor(PEOPLE[0], { product: MIX });
    expect(shown).toMatchObject({ kind: 'recent', last: { analysisId: first!.id }, cost: '3.00', budgetLeft: '52.50' });
    expect(await billedOf(PEOPLE[0])).toBe(1);
    await bought(PEOPLE[0], { product: MIX, insteadOf: first!.id });
    expect(await billedOf(PEOPLE[0])).toBe(2);
  });

  it("Ao clicar em 'Visualizar última consulta' será exibido o histórico de consultas realizadas, com as datas das consultas na aba 'Consultas'", async () => {
    const viewer = await as('auditor');
    const items = await historyOf(PEOPLE[0], viewer);
    expect(items.map(({ product, state }) => `${product} ${state}`)).toEqual([
      `${MIX} completed`,
      `${SMART} completed`,
    ]);
    const path = `/entries?source=${SOURCE}&company=1&type=deps.credit-analysis.viewed.v1`;
    await eventually(
      async () => expect((await world.ask<Page<object>>('audit', 'GET', path)).items.length).toBeGreaterThan(0),
      { withinMs: WITHIN_MS },
    );
  });

  it("Ao clicar em 'Realizar nova consulta', o sistema irá exibir a tela 'Edição de situação/Limite de crédito' com as novas informações do limite de crédito pré-preenchido, após confirmar o cliente terá a situação de crédito atualizada", async () => {
    const analysis = await bought(PEOPLE[1]);
    const from = { situation: 'BLOQUEADO', limit: '0.00' };
    const decide = (by: DepsInWorld) =>
      by.ask<{ id: string }>('POST', `/credit-analyses/${analysis.id}/decision`, { kind: 'confirmed', from });
    const both = await Promise.allSettled([decide(deps), decide(replica)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const told = await eventually(
      async () => {
        const found = (await inbox.results()).filter(({ type }) => type === 'deps.credit-limit.decided.v1');
        expect(found).toHaveLength(1);
        return found[0]!;
      },
      { withinMs: WITHIN_MS },
    );
    const { situation, suggestedLimit: limit } = analysis;
    expect(told.payload).toMatchObject({ analysisId: analysis.id, from, to: { situation, limit }, decidedBy: 'demo' });
    const decisionId = told.payload['decisionId'] as string;
    await erpSays('credit-limit', decisionId, 'erp.credit-limit.applied.v1', { decisionId, applied: true });
    await eventually(
      async () => expect(await read(analysis.id)).toMatchObject({ decision: { acknowledged: 'applied' } }),
      { withinMs: WITHIN_MS },
    );
  });

  it('IMPORTANTE, cada consulta é cobrada pela DEPs, e por isso deve-se ter atenção ao realizar novas consultas: dez cliques ao mesmo tempo, em duas réplicas, são uma cobrança', async () => {
    const first = await bought(PEOPLE[2]);
    const presses = Array.from({ length: 10 }, (_, press) =>
      askFor(PEOPLE[2], { insteadOf: first.id }, press % 2 === 0 ? deps : replica),
    );
    const answers = await Promise.all(presses);
    const ids = new Set(answers.map(({ id, last }) => id ?? last?.analysisId));
    expect(ids.size).toBe(1);
    await completed([...ids][0]!);
    const late = await askFor(PEOPLE[2], { insteadOf: first.id });
    expect(late).toMatchObject({ kind: 'recent', last: { analysisId: [...ids][0] } });
    expect(await billedOf(PEOPLE[2])).toBe(2);
  });

  it('A cada consulta, é sincronizado tudo que esta em aberto do cliente, e o que a DEPS recusa a segura sem cobrar', async () => {
    const [good, bad] = [await owes('C77'), await owes('C77')];
    const { document, personType } = good.customer;
    const product = personType === 'F' ? SMART : SMART_OF_COMPANIES;
    const settings = await world.ask<object>('sandbox', 'GET', '/control/deps/settings');
    await world.ask('sandbox', 'PUT', '/control/deps/settings', { ...settings, refusedTitles: [bad.receivableId] });
    for (const { receivableId } of [good, bad]) await deps.knows('1', receivableId);
    const { id } = await askFor(document, { product });
    type Waiting = { delivery?: { waitsFor: { position: string; state: string }[] } };
    const held = await eventually(
      async () => {
        const analysis = await deps.ask<Waiting>('GET', `/credit-analyses/${id}`);
        expect(analysis.delivery?.waitsFor).toMatchObject([{ state: 'parked' }]);
        return analysis.delivery!.waitsFor[0]!;
      },
      { withinMs: WITHIN_MS },
    );
    expect((await deps.titles('1')).find(({ idExterno }) => idExterno === good.receivableId)!.movements).toMatchObject([
      { tipoLote: 'CONSULTA' },
    ]);
    expect(await billedOf(document)).toBe(0);
    await deps.ask('POST', `/deliveries/${held.position}/skip`, { reason: 'o título está em disputa' });
    await completed(id!);
    expect(await billedOf(document)).toBe(1);
  });
});

describe('An analysis of a company whose titles were not read whole', () => {
  const document = '98765432100';
  const ask = (more: object = {}) =>
    deps.ask<Answer>('POST', '/credit-analyses', { source: SOURCE, company: '4', customer: { document }, ...more });
  const billed = async () => (await deps.account('4')).billing.count;

  it('is not bought before they are, unless somebody says that what is known suffices', async () => {
    await world.stop('erp-outbox-reader');
    const { id } = await deps.integrate({ company: '4', settings: SETTINGS });
    const requestId = randomUUID();
    expect(await ask({ id: requestId })).toEqual({ kind: 'not-read-whole', cost: '7.50', budgetLeft: '60.00' });
    const told = await toldOf(requestId);
    expect(told).toMatchObject({ code: 'not-read-whole', text: expect.stringContaining('lidos por inteiro') });
    expect(await billed()).toBe(0);
    const first = await completed((await ask({ knownSuffices: true })).id!);
    expect(first).toMatchObject({ history: [{ action: 'asked' }, { action: 'known-sufficed', by: 'demo' }, {}] });
    await world.start('erp-outbox-reader');
    await deps.loaded(id);
    await completed((await ask({ insteadOf: first.id })).id!);
    expect(await billed()).toBe(2);
  });
});

describe('An analysis of which no answer came', () => {
  it('is found in the history of DEPS, and paid for once', async () => {
    await faults({ applyThenReset: true, for: 1, path: '/api/v3/consultas/depsmix' });
    const analysis = await bought(PEOPLE[4]);
    await faults();
    expect(analysis.suggestedLimit).toMatch(/^\d+\.\d{2}$/);
    expect(await billedOf(PEOPLE[4])).toBe(1);
  });

  it('is asked for by the ERP too, once per request, and what is an answer costs nothing', async () => {
    const settings = await world.ask<object>('sandbox', 'GET', '/control/deps/settings');
    await world.ask('sandbox', 'PUT', '/control/deps/settings', { ...settings, withoutData: [PEOPLE[5]] });
    const { customer } = sampleOf('erp.credit-analysis.requested.v1').data;
    const requestId = randomUUID();
    const person = { ...customer, personType: 'F', document: PEOPLE[5] };
    const data = { requestId, requestedBy: 'ana.vendas', confirmedNew: false, customer: person };
    await erpSays('credit-analysis', requestId, 'erp.credit-analysis.requested.v1', data);
    const told = await toldOf(requestId);
    expect(told).toMatchObject({ code: 'no-data', requestId, requestedBy: 'ana.vendas' });
    expect(await billedOf(PEOPLE[5])).toBe(0);
    const ended = { state: 'answered', delivery: { state: 'refused', intents: [{ state: 'refused' }] } };
    await eventually(async () => expect(await read(String(told['analysisId']))).toMatchObject(ended));
  });
});

describe('Seção Análise de Crédito', () => {
  it('Intervalo de dias para consultar o mesmo CPF/CNPJ: quando ele estiver ativo e um CPF/CNPJ for consultado mais de uma vez dentro do período configurado, um pop-up é disparado na tela solicitando a confirmação da consulta', async () => {
    const before = await billedOf(PEOPLE[1]);
    const ample = { ...SETTINGS, monthlyBudget: '90.00' };
    type Parameter = { enabled: boolean; fields: { label: { pt: string }; default: unknown }[] };
    const within = (requeryDays: number | null) =>
      deps.ask<Parameter>('PUT', '/system-parameter', { source: SOURCE, settings: { requeryDays } });
    const { enabled, fields } = await within(30);
    expect({ enabled, fields }).toMatchObject({
      enabled: true,
      fields: [{ label: { pt: 'Intervalo de dias para consultar o mesmo CPF/CNPJ' }, default: 90 }],
    });
    expect(await askFor(PEOPLE[1])).toMatchObject({ kind: 'recent' });
    await within(null);
    await bought(PEOPLE[1]);
    await deps.integrate({ company: '1', settings: { ...ample, requeryDays: 1 } });
    expect(await askFor(PEOPLE[1])).toMatchObject({ kind: 'recent' });
    await deps.integrate({ company: '1', settings: { ...ample, requeryDays: null } });
    await bought(PEOPLE[1]);
    expect(await billedOf(PEOPLE[1])).toBe(before + 2);
  });

  it('Se marcado como não, esconde os campos de consulta, recusa novas e guarda o histórico', async () => {
    expect(await entry()).toMatchObject({ shown: true, actions: { ask: { allowed: true } } });
    await deps.ask('PUT', '/system-parameter', { source: SOURCE, enabled: false });
    expect(await entry()).toMatchObject({ shown: false, actions: { ask: { allowed: false }, see: { allowed: true } } });
    await expect(askFor(PEOPLE[0])).rejects.toThrow(/409.*credit-analysis-off/);
    expect(await historyOf(PEOPLE[0])).toHaveLength(2);
  });
});

describe('Somebody of whom only analyses tell, and who is no customer,', () => {
  type Entry = { id: string; erased: boolean };
  const entries = async () => {
    const path = `/entries?source=${SOURCE}&company=1&type=deps.credit-analysis.completed.v1`;
    const { items } = await world.ask<Page<{ id: string }>>('audit', 'GET', path);
    return Promise.all(items.map(({ id }) => world.ask<Entry>('audit', 'GET', `/entries/${id}`)));
  };

  it('is erased from the audit by the document, and nobody else is', async () => {
    const told = await eventually(
      async () => {
        const all = await entries();
        expect(all.length).toBeGreaterThan(5);
        return all;
      },
      { withinMs: WITHIN_MS },
    );
    expect(told.some(({ erased }) => erased)).toBe(false);
    const order = { document: PEOPLE[2], reason: 'Pedido do titular', source: SOURCE, company: '1' };
    expect(await world.ask('audit', 'POST', '/subjects/erase', order)).toMatchObject([{ company: '1', keys: 1 }]);
    expect((await entries()).filter(({ erased }) => erased)).toHaveLength(2);
  });
});

/** As an ERP writes it: a row of its outbox. */
async function erpSays(aggregate: string, id: string, type: string, payload: object): Promise<void> {
  const client = new Client({ connectionString: world.erpAdminUrl });
  await client.connect();
  await client.query(
    `insert into erp_outbox (aggregatetype, aggregateid, type, payload, company, branch, actor) values ($1, $2, $3, $4, '1', '01', 'ana.vendas')`,
    [aggregate, id, type, payload],
  );
  await client.end();
}
