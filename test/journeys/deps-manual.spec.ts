import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { ReceivableChanged } from '#libs/contracts';
import { eventually } from '#libs/testing';
import { DepsInWorld, type KeptTitle } from '../world/deps.ts';
import { World } from '../world/world.ts';

const WITHIN_MS = 45_000;
const DAY_MS = 86_400_000;

interface Integration {
  id: string;
  state: { kind: string; lacks?: { label: { pt: string } }[] };
  cadence?: { nextAt: string; lastCommunication?: string };
}

/** One world for the whole manual; each company has titles of its own, in one account at DEPS. */
let world: World;
let deps: DepsInWorld;

beforeAll(async () => {
  world = await World.prepare();
  await world.startAll();
  deps = await DepsInWorld.start(world);
  await deps.openAccounts(Array.from({ length: 12 }, (_, at) => String(at + 1)));
}, 180_000);

afterAll(async () => {
  await deps?.close();
  await world?.close();
}, 60_000);

const erp = <T = ReceivableChanged>(method: string, path: string, body?: unknown) =>
  world.ask<T>('sandbox', method, `/erp/${path}`, body);
const open = (company: string, more: object = {}) =>
  erp('POST', 'titles', { company, branch: '01', amount: '100.00', ...more });
const move = ({ receivableId, company }: ReceivableChanged, movement: string, body: object = {}) =>
  erp('POST', `titles/${receivableId}/${movement}?company=${company}`, body);
const read = (id: string) => deps.ask<Integration>('GET', `/integrations/${id}`);
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

/** The window of 01:00 comes now; what fires it is the clock, as ever. */
async function letTheNightCome(id: string): Promise<void> {
  const client = new Client({ connectionString: world.databaseUrl('customerx-connector') });
  await client.connect();
  await client.query('update deps.cadence set next_at = now() where integration_id = $1', [id]);
  await client.end();
}

async function heard(id: string, deliveries: number): Promise<void> {
  await eventually(
    async () => {
      const { items } = await deps.ask<{ items: object[] }>('GET', `/deliveries?integrationId=${id}`);
      expect(items).toHaveLength(deliveries);
    },
    { withinMs: WITHIN_MS },
  );
}

/** DEPS has these titles, and was told this of each, in order. */
async function told(titles: readonly ReceivableChanged[], movements: string[][]): Promise<KeptTitle[]> {
  return eventually(
    async () => {
      const all = await deps.titles(titles[0]!.company);
      const found = titles.map(({ receivableId }) => all.find(({ idExterno }) => idExterno === receivableId)!);
      expect(found.map((title) => (title ? movementsOf(title) : []))).toEqual(movements);
      return found;
    },
    { withinMs: WITHIN_MS },
  );
}

/** The connector has taken so many events of a company and planned none of them: the audit says so. */
async function heardUnplanned(company: string, events: number): Promise<void> {
  const path = `/entries?source=/erp/demo&company=${company}&type=deps.event.unplanned.v1`;
  await eventually(
    async () => expect((await world.ask<{ items: object[] }>('audit', 'GET', path)).items).toHaveLength(events),
    { withinMs: WITHIN_MS },
  );
}

/** A certificate of a private CA, for `localhost`. */
const pem = (file: string) =>
  readFileSync(new URL(`../../libs/partner/test/certificates/${file}`, import.meta.url), 'utf8');

async function listenWithTls(listener: RequestListener): Promise<{ url: string; close(): Promise<unknown> }> {
  const server = createServer({ cert: pem('partner.pem'), key: pem('partner.key') }, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    return once(server.close(), 'close');
  };
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, close };
}

/** DEPS behind it. */
function forwardTo(base: string): RequestListener {
  return (incoming, response) => {
    const { method, url, headers } = incoming;
    const forwarded = httpRequest(`${base}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(forwarded);
  };
}

const movementsOf = ({ movements }: KeptTitle) =>
  movements.map(({ tipoLote, movimento }) => `${tipoLote} ${movimento}`);

describe('Configurações para integração', () => {
  it("Os campos 'Url API', 'E-mail', 'Senha' deverão ser preenchidos", async () => {
    const { id, state } = await deps.ask<Integration>('PUT', '/integrations', {
      source: '/erp/demo',
      company: '1',
      branch: '01',
      enabled: true,
      settings: {},
    });
    expect(state).toMatchObject({ kind: 'not-configured' });
    expect(state.lacks!.map(({ label }) => label.pt)).toEqual(['E-mail', 'Senha']);
    await deps.integrate({ company: '1', branch: '01' });
    expect((await read(id)).state).toEqual({ kind: 'ready' });
  });

  it('O campo Utilizar integração com análise de crédito é atualizado sempre que existe alteração ou cadastro de integração de análise de crédito', async () => {
    type Parameter = { enabled: boolean };
    const parameter = () => deps.ask<Parameter>('GET', '/system-parameter?source=/erp/demo');
    await deps.integrate({ company: '2' });
    expect(await parameter()).toMatchObject({ enabled: true });
    await deps.ask('PUT', '/system-parameter', { source: '/erp/demo', enabled: false });
    await deps.integrate({ company: '2', settings: { costCentre: 'VENDAS' } });
    expect(await parameter()).toMatchObject({ enabled: true });
  });

  it('NODE_TLS_REJECT_UNAUTHORIZED = 0 is not followed: a certificate nobody vouches for is refused, and its CA is loaded in the settings, without a restart', async () => {
    const partner = await listenWithTls(forwardTo(`${world.httpUrl('sandbox')}/deps`));
    try {
      const { id } = await deps.integrate({ company: '10', settings: { baseUrl: partner.url } });
      type Verdicts = { ok: boolean; problem?: string; detail?: { pt: string } }[];
      const test = () => deps.ask<Verdicts>('POST', `/integrations/${id}/test-connection`);
      expect(JSON.stringify(await test())).toContain('not trusted: load the CA in the settings');
      await deps.integrate({ company: '10', settings: { baseUrl: partner.url, ca: pem('ca.pem') } });
      expect((await test()).every(({ ok }) => ok)).toBe(true);
      await deps.loaded(id);
      const title = await open('10');
      await heard(id, 1);
      await letTheNightCome(id);
      await told([title], [['DIARIA LANCAMENTO']]);
    } finally {
      await partner.close();
    }
  });

  it('A senha errada é dita, e nada mais é chamado até que seja corrigida', async () => {
    const { id } = await deps.integrate({ company: '3', settings: { password: 'errada' } });
    type Verdicts = Record<string, { ok: boolean; problem?: string; detail?: { pt: string } }>;
    const verdicts = await deps.ask<Verdicts>('POST', `/integrations/${id}/test-connection`);
    expect(JSON.stringify(verdicts)).toContain('DEPS-001');
    expect(JSON.stringify(verdicts)).not.toContain('errada');
  });
});

describe('Sincronização contas a receber dos clientes', () => {
  it("o parâmetro 'Sincroniza contas a receber diariamente à 1:00h', quando habilitado, enviará as informações de Contas a Receber dos clientes todos os dias a 1h automaticamente para DEPs", async () => {
    const { id } = await deps.integrate({ company: '4' });
    await deps.loaded(id);
    const title = await open('4');
    await heard(id, 1);
    const { cadence } = await read(id);
    const inSaoPaulo = new Intl.DateTimeFormat('pt-BR', { timeZone: 'America/Sao_Paulo', timeStyle: 'short' });
    expect(inSaoPaulo.format(new Date(cadence!.nextAt))).toBe('01:00');
    expect((await deps.titles('4')).map(({ idExterno }) => idExterno)).not.toContain(title.receivableId);
    await letTheNightCome(id);
    await told([title], [['DIARIA LANCAMENTO']]);
    expect((await read(id)).cadence!.lastCommunication).toBeDefined();
  });

  it("Na primeira sincronização o sistema envia 'tudo' que foi recebido nos ultimos 365 dias + Tudo que esta em aberto", async () => {
    const stillOpen = await open('5');
    const received = await open('5', { issueDate: daysAgo(300), dueDate: daysAgo(270) });
    await move(received, 'settlements', { amount: '100.00', date: daysAgo(200) });
    const longAgo = await open('5', { issueDate: daysAgo(500), dueDate: daysAgo(470) });
    await move(longAgo, 'settlements', { amount: '100.00', date: daysAgo(400) });
    await heardUnplanned('5', 5);
    const { id } = await deps.integrate({ company: '5' });
    await deps.loaded(id);
    await letTheNightCome(id);
    await told([stillOpen, received], [['INICIAL LANCAMENTO'], ['INICIAL COBRANCA']]);
    expect((await deps.titles('5')).map(({ idExterno }) => idExterno)).not.toContain(longAgo.receivableId);
  });

  it('Depois, é sincronizado tudo que teve movimentação no dia anterior (lancamento, cobranca, estorno cobranca)', async () => {
    const { id } = await deps.integrate({ company: '6' });
    await deps.loaded(id);
    const title = await open('6');
    const settled = await move(title, 'settlements', { amount: '40.00' });
    await move(title, `settlements/${settled.settlements[0]!.id}/reversal`);
    await heard(id, 3);
    await letTheNightCome(id);
    await told([title], [['DIARIA LANCAMENTO', 'DIARIA COBRANCA', 'DIARIA ESTORNO_COBRANCA']]);
  });

  it('nights that are lost lose nothing: what moved since the last good one goes', async () => {
    const { id } = await deps.integrate({ company: '7' });
    await deps.loaded(id);
    const title = await open('7');
    await heard(id, 1);
    await world.ask('sandbox', 'PUT', '/control/deps/faults', { status: 503, path: '/api/v3/contas-receber' });
    await letTheNightCome(id);
    const endpointTold = async () => {
      const { items } = await deps.ask<{ items: { attempts: number; tries: number }[] }>(
        'GET',
        `/deliveries?integrationId=${id}`,
      );
      expect(items[0]!.tries).toBeGreaterThan(0);
    };
    await eventually(endpointTold, { withinMs: WITHIN_MS });
    const late = await open('7', { issueDate: daysAgo(20) });
    await world.ask('sandbox', 'DELETE', '/control/deps/faults');
    await heard(id, 2);
    await letTheNightCome(id);
    await told([title, late], [['DIARIA LANCAMENTO'], ['DIARIA LANCAMENTO']]);
  });

  it('a title that DEPS refuses waits for a person alone, and the others of its batch have gone', async () => {
    const { id } = await deps.integrate({ company: '8' });
    await deps.loaded(id);
    const [good, bad] = [await open('8'), await open('8')];
    const settings = await world.ask<object>('sandbox', 'GET', '/control/deps/settings');
    await world.ask('sandbox', 'PUT', '/control/deps/settings', { ...settings, refusedTitles: [bad.receivableId] });
    await heard(id, 2);
    await letTheNightCome(id);
    await told([good], [['DIARIA LANCAMENTO']]);
    type Delivery = { position: string; state: string; subject: string; reason: string };
    const parked = await eventually(async () => {
      const { items } = await deps.ask<{ items: Delivery[] }>('GET', `/deliveries?integrationId=${id}&state=parked`);
      expect(items).toMatchObject([{ subject: `receivable/${bad.receivableId}` }]);
      return items[0]!;
    });
    expect(parked.reason).toMatch(/^DEPS-/);
    await world.ask('sandbox', 'PUT', '/control/deps/settings', { ...settings, refusedTitles: [] });
    await deps.ask('POST', `/deliveries/${parked.position}/retry`, {});
    await told([bad], [['DIARIA LANCAMENTO']]);
  });

  it('a batch of which no answer came is sent again under its own id, and counts once', async () => {
    const { id } = await deps.integrate({ company: '9' });
    await deps.loaded(id);
    const titles = [await open('9'), await open('9'), await open('9')] as const;
    await heard(id, 3);
    await world.ask('sandbox', 'PUT', '/control/deps/faults', {
      applyThenReset: true,
      for: 1,
      path: '/api/v3/contas-receber',
    });
    await letTheNightCome(id);
    const once = titles.map(() => ['DIARIA LANCAMENTO']);
    const found = await told(titles, once);
    const ids = new Set(found.flatMap(({ movements }) => movements.map(({ loteId }) => loteId)));
    await eventually(async () => {
      const { batches } = await deps.account('9');
      expect(batches.filter(({ loteId }) => ids.has(loteId))).toMatchObject([{ repeats: 1 }]);
    });
  });
});
