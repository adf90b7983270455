import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { openApp, readEnvironment, type RunningApp } from '#libs/runtime';
import { privateDatabase, sharedData, type PrivateDatabase } from '#libs/testing';
import { SandboxEnvironment } from './sandbox-environment.js';
import { SANDBOX_APP } from './sandbox.module.js';

const CUSTOMERX = { authorization: 'sandbox-token', 'content-type': 'application/json' };
const FINANCIAL = { external_id_financial: 'T1', external_id_client: '01', date_due: '31/07/2026', value: '150.00' };
const history = sharedData('data/receivables-history.csv');

interface TitlesPage {
  items: { receivableId: string; status: string; openAmount: string }[];
  next?: string;
}

describe('the sandbox over HTTP', () => {
  let database: PrivateDatabase;
  let sandbox: RunningApp;

  beforeAll(async () => {
    database = await privateDatabase();
    const variables = {
      ERP_DATABASE_URL: database.url,
      HTTP_PORT: '0',
      OPS_PORT: '0',
      LOG_LEVEL: 'silent',
      CUSTOMERX_RATE_LIMIT_PER_MINUTE: '0',
    };
    sandbox = await openApp(SANDBOX_APP, readEnvironment(SandboxEnvironment, variables));
  });

  afterAll(async () => {
    await sandbox?.close();
    await database?.drop();
  });

  beforeEach(() => ask('POST', '/control/reset'));

  it('says on every page and answer that it is a sandbox', async () => {
    for (const path of ['/', '/erp/titles', '/erp/nothing', '/control/customerx/calls', '/customerx/api/v1/clients']) {
      const { headers, text } = await ask('GET', path);
      expect([path, headers.get('x-sandbox')]).toEqual([path, expect.stringContaining('for tests and demos only')]);
      if (path === '/') expect(text).toContain('somente para testes');
    }
  });

  it('is ready when its ERP answers', async () => {
    expect((await fetch(`${sandbox.opsUrl}/health/ready`)).status).toBe(200);
  });

  it('moves a title through its life by its routes', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const opened = await ask(
      'POST',
      '/erp/titles',
      { amount: '100.00', customerId: 'C7', number: '777' },
      { traceparent },
    );
    expect(opened).toMatchObject({
      status: 201,
      body: { receivableId: '777-1', company: '1', branch: '01', openAmount: '100.00', customer: { id: 'C7' } },
    });
    const settled = await ask('POST', '/erp/titles/777-1/settlements', { amount: '42.00', fine: '2.00' });
    expect(settled).toMatchObject({
      status: 201,
      body: { status: 'partially-settled', openAmount: '60.00', paidAmount: '42.00' },
    });
    expect(await ask('POST', '/erp/titles/777-1/settlements/777-1.2/reversal', {})).toMatchObject({
      body: { status: 'open', openAmount: '100.00' },
    });
    expect(await ask('POST', '/erp/titles/777-1/adjustments', { kind: 'interest', amount: '0.33' })).toMatchObject({
      body: { openAmount: '100.33' },
    });
    expect(
      await ask('POST', '/erp/titles/777-1/adjustments', { kind: 'due-date', dueDate: '2027-01-31' }),
    ).toMatchObject({ body: { dueDate: '2027-01-31' } });
    expect(await ask('POST', '/erp/titles/777-1/cancellation', {})).toMatchObject({
      body: { status: 'canceled', openAmount: '0.00' },
    });
    expect(await ask('DELETE', '/erp/titles/777-1')).toMatchObject({
      status: 200,
      body: { status: 'deleted', sequence: 7 },
    });
    expect(await ask('GET', '/erp/titles/777-1')).toMatchObject({
      status: 200,
      body: { status: 'deleted', sequence: 7 },
    });
  });

  it('refuses in problem details what cannot be', async () => {
    expect(await ask('POST', '/erp/titles', { amount: 100 })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/amount' }] },
    });
    expect(await ask('POST', '/erp/titles/nobody-1/settlements', {})).toMatchObject({
      status: 404,
      body: { type: 'urn:ponte:problem:title-not-found' },
    });
    await ask('POST', '/erp/titles', { amount: '1.00', number: '778', company: '2' });
    expect(await ask('GET', '/erp/titles/778-1')).toMatchObject({ status: 404 });
    expect(await ask('POST', '/erp/titles/778-1/settlements?company=2', { amount: '1.01' })).toMatchObject({
      status: 409,
      body: { type: 'urn:ponte:problem:amount-out-of-range' },
    });
    expect(await ask('GET', '/control/nobody/calls')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('customerx') },
    });
    expect(await ask('PUT', '/control/customerx/faults', { status: 'high', nonsense: 1 })).toMatchObject({
      status: 400,
    });
  });

  it('generates titles and lists them page by page', async () => {
    expect(
      await ask('POST', '/erp/generate', { companies: 1, titles: 30, movementsPerTitle: 3, seed: 5 }),
    ).toMatchObject({ status: 200, body: { titles: 30, events: 90 } });
    const ids = await walkTitles(7);
    expect(ids.length).toBeGreaterThanOrEqual(30);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await ask('GET', '/erp/outbox/summary')).toMatchObject({
      body: { parked: 0, byType: { 'erp.receivable.opened.v1': expect.any(Number) } },
    });
    expect(await ask('GET', '/erp/registers')).toMatchObject({
      body: {
        companies: expect.arrayContaining([expect.objectContaining({ code: '1', timeZone: 'America/Sao_Paulo' })]),
      },
    });
  });

  it('paces what it generates when it is asked to', async () => {
    const answer = await ask('POST', '/erp/generate', { titles: 10, movementsPerTitle: 2, seed: 6, ratePerSecond: 50 });
    expect((answer.body as { tookMs: number }).tookMs).toBeGreaterThanOrEqual(390);
  });

  it('is told by a test what CustomerX does wrong, and tells what CustomerX was asked', async () => {
    await ask('PUT', '/control/customerx/faults', { status: 503, for: 1 });
    expect((await ask('POST', '/customerx/api/v1/financials', FINANCIAL, CUSTOMERX)).status).toBe(503);
    expect((await ask('POST', '/customerx/api/v1/financials', FINANCIAL, CUSTOMERX)).status).toBe(201);
    expect(await ask('GET', '/control/customerx/faults')).toMatchObject({ body: { faults: { status: 503 }, hit: 1 } });
    expect(await ask('GET', '/control/customerx/calls?limit=1')).toMatchObject({
      body: { items: [{ n: 1, effect: 'none' }], next: 1, total: 2, dropped: 0 },
    });
    expect(await ask('GET', '/control/customerx/calls?after=1')).toMatchObject({
      body: { items: [{ n: 2, effect: 'created', effectNumber: 1 }] },
    });
    expect(await ask('GET', '/control/customerx/state?account=demo')).toMatchObject({
      body: { accounts: [{ name: 'demo', financials: [{ external_id_financial: 'T1' }] }] },
    });
    expect((await ask('DELETE', '/control/customerx/faults')).status).toBe(204);
    expect((await ask('POST', '/control/reset?partner=customerx')).status).toBe(204);
    expect(await ask('GET', '/control/customerx/state')).toMatchObject({ body: { accounts: [] } });
  });

  it('lets a test say who CustomerX lets in and what it takes', async () => {
    const account = { name: 'acme', token: 't-acme', credential: 'c', key: 'k' };
    expect(
      await ask('PUT', '/control/customerx/settings', {
        accounts: [account],
        dateFormat: 'iso',
        rateLimitPerMinute: 1,
      }),
    ).toMatchObject({ status: 200 });
    const acme = { ...CUSTOMERX, authorization: 't-acme' };
    expect(
      (await ask('POST', '/customerx/api/v1/financials', { ...FINANCIAL, date_due: '2026-07-31' }, acme)).status,
    ).toBe(201);
    expect((await ask('GET', '/customerx/api/v1/financials', undefined, acme)).status).toBe(429);
    expect((await ask('GET', '/customerx/api/v1/financials', undefined, CUSTOMERX)).status).toBe(401);
    expect(await ask('PUT', '/control/customerx/settings', { authHeader: 'basic' })).toMatchObject({ status: 400 });
  });

  it('lets a test open accounts at DEPS, and hides nothing of their bill', async () => {
    const login = { email: 'api@acme.example', senha: 's' };
    expect((await ask('POST', '/deps/api/v3/conta/entrar', login)).status).toBe(400);
    await ask('PUT', '/control/deps/settings', { accounts: [{ name: 'acme', ...login }] });
    const entered = await ask('POST', '/deps/api/v3/conta/entrar', login);
    const [{ access_token: token, produtos }] = entered.body as [
      { access_token: string; produtos: { identificador: string }[] },
    ];
    const query = { documento: '11222333000181', identificadorProduto: produtos[0]!.identificador };
    const bearer = { authorization: `Bearer ${token}` };
    expect((await ask('POST', '/deps/api/v3/consultas/depsmix', query, bearer)).status).toBe(200);
    expect(await ask('GET', '/control/deps/state?account=acme')).toMatchObject({
      body: { accounts: [{ name: 'acme', logins: 1, billing: { count: 1, queries: [query] } }] },
    });
    expect(
      await ask('PUT', '/control/deps/settings', { accounts: [{ name: 'acme', ...login, user: 'asleep' }] }),
    ).toMatchObject({ status: 400 });
    expect(await ask('GET', '/control/deps/settings')).toMatchObject({ body: { accounts: [{ user: 'active' }] } });
  });

  (history ? it : it.skip)('replays the public history whole: every invoice is there and settled', async () => {
    const rows = parse(readFileSync(history!), { columns: true }) as Record<string, string>[];
    const answer = await ask('POST', '/erp/history?source=receivables-history.csv&company=9', { rows });
    expect(answer).toMatchObject({ status: 200, body: { titles: 2_466, events: 4_932 } });
    const settled = await walkTitles(500, 'company=9&status=settled&');
    expect(settled.toSorted()).toEqual(rows.map(({ invoiceNumber }) => `${invoiceNumber}-1`).toSorted());
  });

  async function walkTitles(limit: number, filter = ''): Promise<string[]> {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await ask('GET', `/erp/titles?${filter}limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`);
      const page = body as TitlesPage;
      ids.push(...page.items.map((title) => title.receivableId));
      cursor = page.next;
    } while (cursor);
    return ids;
  }

  async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const answer = await fetch(sandbox.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json');
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: isJson ? (JSON.parse(text) as unknown) : undefined,
    };
  }
});

describe('the sandbox with a wrong environment', () => {
  it('names every mistake at once', () => {
    const wrong = { ERP_DATABASE_URL: 'mysql://erp', CUSTOMERX_RATE_LIMIT_PER_MINUTE: 'many', CALL_LOG_CAPACITY: '0' };
    expect(() => readEnvironment(SandboxEnvironment, wrong)).toThrow(
      /ERP_DATABASE_URL[^]*CALL_LOG_CAPACITY|CALL_LOG_CAPACITY[^]*ERP_DATABASE_URL/,
    );
  });

  it('says which variable to look at when the database is not there', async () => {
    const nowhere = {
      ERP_DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/erp',
      HTTP_PORT: '0',
      OPS_PORT: '0',
      LOG_LEVEL: 'silent',
    };
    await expect(openApp(SANDBOX_APP, readEnvironment(SandboxEnvironment, nowhere))).rejects.toThrow(
      'check ERP_DATABASE_URL',
    );
  });
});
