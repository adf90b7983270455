import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import {
  about,
  API,
  batch,
  BATCHES,
  COMPANY,
  DEMO,
  FILIAL,
  HISTORY,
  LOGIN,
  MIX_PF,
  MIX_PJ,
  SETTLED,
  SMART_PF,
  SMART_PJ,
  TITLE,
  DepsVisitor,
} from '../../test/deps-visitor.js';
import type { PartnerFaults } from '../partner-faults.js';
import { DepsAccountSettings } from './deps-settings.js';

const FIVE_HOURS_MS = 18_000_000;

describe('the simulated DEPS', () => {
  let deps: DepsVisitor;

  beforeEach(async () => {
    deps = new DepsVisitor();
    await deps.arrive();
  });

  afterEach(() => deps.leave());

  describe('login', () => {
    it('answers an array with a token of five hours, the user and the products by person type', async () => {
      expect(await deps.call('POST', LOGIN, DEMO)).toMatchObject({
        status: 200,
        body: [
          {
            access_token: expect.stringMatching(/^[\w-]{20,}$/),
            expires_in: 18_000,
            user: { email: DEMO.email, ativo: true, clienteId: expect.any(String) },
            produtos: [
              { identificador: MIX_PJ, nome: 'Mix PJ 057', tipoPessoa: 'J' },
              { identificador: SMART_PJ, nome: 'Smart PJ 031', tipoPessoa: 'J' },
              { identificador: MIX_PF, nome: 'Mix PF 012', tipoPessoa: 'F' },
              { identificador: SMART_PF, nome: 'Smart PF 002', tipoPessoa: 'F' },
            ],
          },
        ],
      });
    });

    it('refuses an unknown e-mail, a wrong password and no JSON with one word', async () => {
      for (const wrong of [{ ...DEMO, senha: 'x' }, { ...DEMO, email: 'x@x' }, {}, '{"broken'])
        expect(await deps.call('POST', LOGIN, wrong)).toMatchObject({ status: 400, body: { codigo: 'DEPS-001' } });
    });

    it('refuses a locked user, whose tokens end with it', async () => {
      open({ user: 'locked' });
      expect(await deps.call('POST', LOGIN, DEMO)).toMatchObject({
        status: 400,
        body: { codigo: 'DEPS-002', mensagem: 'usuário bloqueado' },
      });
      expect((await deps.history()).status).toBe(401);
    });

    it('refuses an expired password, while its tokens live on', async () => {
      open({ user: 'expired' });
      expect(await deps.call('POST', LOGIN, DEMO)).toMatchObject({
        status: 400,
        body: { codigo: 'DEPS-003', mensagem: 'senha expirada' },
      });
      expect((await deps.history()).status).toBe(200);
    });

    it('counts logins by account, and leaves the tokens before it alive', async () => {
      await deps.login();
      expect((await deps.history()).status).toBe(200);
      expect(deps.sandbox.deps.state().accounts.map(({ name, logins }) => [name, logins])).toEqual([
        ['demo', 2],
        ['filial', 0],
      ]);
    });
  });

  describe('a token', () => {
    it('ends after five hours', async () => {
      deps.clock.advance(FIVE_HOURS_MS - 1);
      expect((await deps.history()).status).toBe(200);
      deps.clock.advance(1);
      expect(await deps.history()).toMatchObject({ status: 401, body: { codigo: 'DEPS-401' } });
      deps.token = await deps.login();
      expect((await deps.history()).status).toBe(200);
    });

    it('is asked for by everything but the login', async () => {
      for (const bad of ['nobody', '']) expect((await deps.call('GET', HISTORY, undefined, bad)).status).toBe(401);
      expect((await deps.ask(about(COMPANY), 'nobody')).status).toBe(401);
      expect((await deps.call('POST', BATCHES, batch([TITLE]), 'nobody')).status).toBe(401);
      expect([deps.billed(), deps.titles()]).toEqual([[], []]);
    });

    it('lives as long as the settings say, and the login says so', async () => {
      deps.configure({ tokenLifetimeS: 60 });
      expect((await deps.call('POST', LOGIN, DEMO)).body).toMatchObject([{ expires_in: 60 }]);
      deps.token = await deps.login();
      deps.clock.advance(60_000);
      expect((await deps.history()).status).toBe(401);
    });

    it('ends earlier than its login said while the fault tokenLifetimeS stands', async () => {
      deps.clock.advance(5_000);
      fault({ tokenLifetimeS: 10 });
      deps.clock.advance(4_999);
      expect((await deps.history()).status).toBe(200);
      deps.clock.advance(1);
      expect((await deps.history()).status).toBe(401);
      expect((await deps.call('POST', LOGIN, DEMO)).body).toMatchObject([{ expires_in: 18_000 }]);
      deps.token = await deps.login();
      expect((await deps.history()).status).toBe(200);
    });
  });

  describe('faults', () => {
    it('break the paid query alone, by its path', async () => {
      fault({ status: 503, path: '/api/v3/consultas/depsmix' });
      expect(await deps.ask(about(COMPANY))).toMatchObject({ status: 503, body: { codigo: 'DEPS-503' } });
      expect([(await deps.call('POST', LOGIN, DEMO)).status, (await deps.history()).status]).toEqual([200, 200]);
      expect(deps.billed()).toEqual([]);
    });

    it('bill, and then break the answer', async () => {
      fault({ applyThenReset: true, path: '/api/v3/consultas/depsmix' });
      await expect(deps.ask(about(COMPANY))).rejects.toMatchObject({ code: 'ECONNRESET' });
      fault({ applyThenStatus: 502 });
      expect((await deps.ask(about(COMPANY))).status).toBe(502);
      fault({ applyThenHang: true });
      const hanging = deps.ask(about(COMPANY)).catch((error: Error) => error);
      await eventually(() => deps.billed().length === 3);
      deps.sandbox.door.close();
      expect(await hanging).toBeInstanceOf(Error);
    });

    it('take a batch, and then break the answer: the same again is a repeat', async () => {
      const sent = batch([TITLE]);
      fault({ applyThenReset: true, for: 1 });
      await expect(deps.call('POST', BATCHES, sent)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await deps.call('POST', BATCHES, sent)).toMatchObject({ status: 202, body: { recebidos: 1 } });
      expect(deps.titles()[0]!.movements).toHaveLength(1);
    });

    it('bill late', async () => {
      fault({ latencyMs: 60_000 });
      const answer = deps.ask(about(COMPANY));
      await eventually(() => deps.clock.sleeping === 1);
      expect(deps.billed()).toEqual([]);
      deps.clock.advance(60_000);
      expect((await answer).status).toBe(200);
      expect(deps.billed()).toHaveLength(1);
    });

    it('answer with a page that is none of theirs, and every second call, without acting', async () => {
      fault({ garbage: true, every: 2 });
      expect(typeof (await deps.ask(about(COMPANY))).body).toBe('object');
      expect(typeof (await deps.ask(about(COMPANY))).body).toBe('string');
      expect(deps.billed()).toHaveLength(1);
    });

    it('hit one account alone, by its e-mail and password as by its token', async () => {
      fault({ status: 500, account: 'demo' });
      expect([(await deps.history()).status, (await deps.call('POST', LOGIN, DEMO)).status]).toEqual([500, 500]);
      deps.token = await deps.login(FILIAL);
      expect((await deps.history()).status).toBe(200);
    });

    it('limit the calls of a minute', async () => {
      fault({ rateLimitPerMinute: 2 });
      expect([(await deps.history()).status, (await deps.history()).status]).toEqual([200, 200]);
      expect(await deps.history()).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
      deps.clock.advance(60_000);
      expect((await deps.history()).status).toBe(200);
    });

    it.each([400, 401, 404, 429, 500])('word HTTP %i as DEPS words it', async (status) => {
      fault({ status });
      expect(await deps.history()).toMatchObject({
        status,
        body: { codigo: expect.stringMatching(/^DEPS-\d{3}$/), mensagem: expect.any(String) },
      });
    });
  });

  it('logs a query by its document, and a batch with each of its items', async () => {
    await deps.mixOf(about(COMPANY));
    await deps.mixOf(about(COMPANY, { reutilizarDadosExistentes: true }));
    const sent = batch([TITLE, { ...TITLE, idExterno: 'bad', valor: 'x' }, SETTLED]);
    await deps.call('POST', BATCHES, sent);
    expect(deps.sandbox.door.calls.all()).toMatchObject([
      { resource: 'login', account: 'demo', effect: 'none' },
      { resource: 'query', account: 'demo', externalId: COMPANY, effect: 'created', effectNumber: 1 },
      { resource: 'query', externalId: COMPANY, effect: 'unchanged' },
      {
        resource: 'receivables-batch',
        externalId: sent.loteId,
        effect: 'created',
        effectNumber: 2,
        effects: [
          { resource: 'receivable', externalId: '4711-1', effect: 'created', effectNumber: 3 },
          { resource: 'receivable', externalId: 'bad', effect: 'none', refusal: 'DEPS-051' },
          { resource: 'receivable', externalId: '4711-1', effect: 'changed', effectNumber: 4 },
        ],
      },
    ]);
  });

  it('answers what it does not know as DEPS would', async () => {
    expect(await deps.call('GET', `${API}/nothing`)).toMatchObject({ status: 404, body: { codigo: 'DEPS-404' } });
    expect((await deps.call('POST', HISTORY, {})).status).toBe(404);
    expect(await deps.ask('{"broken')).toMatchObject({ status: 400, body: { codigo: 'DEPS-000' } });
  });

  it('forgets everything when it is reset: bill, titles, tokens, settings', async () => {
    await deps.mixOf(about(COMPANY));
    await deps.send([TITLE]);
    deps.configure({ withoutData: [COMPANY] });
    deps.sandbox.door.reset();
    expect((await deps.history()).status).toBe(401);
    deps.token = await deps.login();
    expect(deps.sandbox.deps.state('demo')).toMatchObject({
      settings: { withoutData: [] },
      accounts: [{ logins: 1, billing: { count: 0 }, batches: [], titles: [] }],
    });
  });

  function open(account: Partial<DepsAccountSettings>): void {
    deps.configure({ accounts: [Object.assign(new DepsAccountSettings(), { name: 'demo', ...DEMO, ...account })] });
  }

  function fault(faults: PartnerFaults): void {
    deps.sandbox.door.faults.set(faults);
  }
});
