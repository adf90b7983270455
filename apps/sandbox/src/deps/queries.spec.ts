import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { syntheticAlphanumericCnpj, syntheticCpf } from '../erp/documents.js';
import {
  about,
  COMPANY,
  DEMO,
  FILIAL,
  HISTORY,
  idsOf,
  LETTERED,
  MIX_PF,
  MIX_PJ,
  PERSON,
  SMART_PF,
  SETTLED,
  SMART_PJ,
  TITLE,
  DepsVisitor,
  type Mix,
} from '../../test/deps-visitor.js';
import { scoreOf } from './credit-answer.js';

describe('queries at the simulated DEPS', () => {
  let deps: DepsVisitor;

  beforeEach(async () => {
    deps = new DepsVisitor();
    await deps.arrive();
  });

  afterEach(() => deps.leave());

  describe('a query', () => {
    it('is billed each time it is made, with what was asked', async () => {
      const first = await deps.mixOf(about(COMPANY, { codigoCentroCustos: 'CC1', limiteRequisitado: '900.00' }));
      deps.clock.advance(1_000);
      const second = await deps.mixOf(about(COMPANY));
      expect(first.historicoConsultaId).not.toBe(second.historicoConsultaId);
      expect(deps.sandbox.deps.state('demo').accounts[0]!.billing).toEqual({
        count: 2,
        queries: [
          {
            historicoConsultaId: first.historicoConsultaId,
            dataConsulta: '2026-07-01T12:00:00.000Z',
            documento: COMPANY,
            identificadorProduto: MIX_PJ,
            usuario: DEMO.email,
            codigoCentroCustos: 'CC1',
            limiteRequisitado: '900.00',
            autorizacaoScr: false,
          },
          expect.objectContaining({ dataConsulta: '2026-07-01T12:00:01.000Z', codigoCentroCustos: null }),
        ],
      });
    });

    it('that reuses is answered with the last of the same document and product, and billed only where there is none', async () => {
      const reuse = { reutilizarDadosExistentes: true };
      await deps.mixOf(about(COMPANY, reuse));
      const last = await deps.mixOf(about(COMPANY));
      expect(await deps.mixOf(about(COMPANY, reuse))).toEqual(last);
      expect(deps.billed()).toHaveLength(2);
      expect(deps.sandbox.deps.account('demo').reused).toBe(1);
      await deps.mixOf(about(COMPANY, { ...reuse, identificadorProduto: SMART_PJ }));
      expect(deps.billed()).toHaveLength(3);
    });

    it('has null where the product has no such block', async () => {
      expect(await deps.mixOf(about(COMPANY))).toMatchObject({
        produto: 'Mix PJ 057',
        isParcial: false,
        score: { pontuacao: scoreOf(COMPANY) },
        smart: null,
      });
      expect(await deps.mixOf(about(PERSON, { identificadorProduto: MIX_PF }))).toMatchObject({
        score: null,
        smart: null,
      });
    });

    it('scores a document for ever the same, and suggests a limit in money by it', async () => {
      const verdicts = new Set<string>();
      for (let at = 0; at < 12; at++) {
        const documento = syntheticCpf(`scored ${at}`);
        const { score, smart } = await deps.mixOf(about(documento, { identificadorProduto: SMART_PF }));
        const again = await deps.mixOf(about(documento, { identificadorProduto: SMART_PF }));
        expect([again.score, again.smart]).toEqual([score, smart]);
        expect(smart).toEqual(expectedOf(score!.pontuacao));
        verdicts.add(smart!.situacao);
      }
      expect([...verdicts].toSorted()).toEqual(['ANALISAR', 'APROVADO', 'REPROVADO']);
    });

    it('takes a CNPJ with letters, and keeps every one of them', async () => {
      const documento = syntheticAlphanumericCnpj('lettered');
      await deps.mixOf(about(documento));
      expect(deps.billed()).toMatchObject([{ documento }]);
    });

    it.each(['12.ABC.345/01DE-35', '12abc34501de35', '123450135', '11222333000182', '', undefined, 52998224725])(
      'refuses %j as a document, for nothing',
      async (documento) => {
        expect(await deps.ask({ ...about(COMPANY), documento })).toMatchObject({
          status: 400,
          body: { codigo: 'DEPS-010', mensagem: 'documento inválido' },
        });
        expect(deps.billed()).toEqual([]);
      },
    );

    it.each([
      ['nobody contracted', COMPANY, 'ffffffff'],
      ['of persons for a company', COMPANY, SMART_PF],
      ['of companies for a person', PERSON, MIX_PJ],
      ['that is not said', COMPANY, undefined],
    ])('refuses a product %s, for nothing', async (_, documento, identificadorProduto) => {
      expect(await deps.ask(about(documento, { identificadorProduto }))).toMatchObject({
        status: 400,
        body: { codigo: 'DEPS-020' },
      });
      expect(deps.billed()).toEqual([]);
    });

    it('waits for the consent where it is needed, for nothing, and remembers it', async () => {
      deps.configure({ scrConsentNeeded: [COMPANY.slice(-6)] });
      const pending = { status: 400, body: { codigo: 'DEPS-030', mensagem: 'autorização SCR pendente' } };
      expect(await deps.ask(about(COMPANY))).toMatchObject(pending);
      expect((await deps.ask(about(LETTERED))).status).toBe(200);
      expect(deps.billed()).toHaveLength(1);
      expect((await deps.ask(about(COMPANY, { autorizacaoScr: true }))).status).toBe(200);
      expect((await deps.ask(about(COMPANY))).status).toBe(200);
      expect([deps.billed().length, [...deps.sandbox.deps.account('demo').consents]]).toEqual([3, [COMPANY]]);
    });

    it('about whom there is nothing says so, for nothing', async () => {
      deps.configure({ withoutData: [COMPANY] });
      expect(await deps.ask(about(COMPANY, { autorizacaoScr: true }))).toMatchObject({
        status: 400,
        body: { codigo: 'DEPS-040', mensagem: 'sem dados' },
      });
      expect(deps.billed()).toEqual([]);
    });

    it.each([
      [{ reutilizarDadosExistentes: 'true' }],
      [{ autorizacaoScr: 1 }],
      [{ limiteRequisitado: 900 }],
      [{ limiteRequisitado: '900' }],
      [{ codigoCentroCustos: 1 }],
      [{ autorizacaoConsulta: { nome: 'Marina' } }],
    ])('refuses %j, for nothing', async (wrong) => {
      expect(await deps.ask(about(COMPANY, wrong))).toMatchObject({
        status: 400,
        body: { codigo: 'DEPS-000', mensagem: expect.stringContaining(Object.keys(wrong)[0]!) },
      });
      expect(deps.billed()).toEqual([]);
    });

    it('knows what the receivables told of the customer until then', async () => {
      await deps.send([TITLE, { ...TITLE, idExterno: '4712-1', valorAberto: '49.99', situacao: 'PARCIAL' }]);
      await deps.send([
        { ...SETTLED, idExterno: '4713-1' },
        { ...TITLE, idExterno: '9-1', documentoCliente: COMPANY },
      ]);
      expect((await deps.mixOf(about(LETTERED))).contasReceberInterno).toEqual({ titulos: 2, valorAberto: '199.99' });
    });
  });

  describe('the history', () => {
    it('lists what was asked newest first, by document, product and since when', async () => {
      for (const query of [about(COMPANY), about(COMPANY, { identificadorProduto: SMART_PJ }), about(LETTERED)]) {
        await deps.mixOf(query);
        deps.clock.advance(60_000);
      }
      const [first, second, third] = deps.billed().map(({ historicoConsultaId }) => historicoConsultaId);
      expect(idsOf(await deps.history())).toEqual([third, second, first]);
      expect(idsOf(await deps.history(`?documento=${COMPANY}`))).toEqual([second, first]);
      expect(idsOf(await deps.history(`?documento=${COMPANY}&identificadorProduto=${MIX_PJ}`))).toEqual([first]);
      expect(idsOf(await deps.history('?desde=2026-07-01T12:01:00Z'))).toEqual([third, second]);
      expect((await deps.history('?desde=yesterday')).status).toBe(400);
      expect((await deps.history(`?documento=${LETTERED}`)).body).toEqual([
        {
          historicoConsultaId: third,
          dataConsulta: '2026-07-01T12:02:00.000Z',
          documento: LETTERED,
          identificadorProduto: MIX_PJ,
          usuario: DEMO.email,
        },
      ]);
    });

    it('gives one query as it was answered, and knows no other', async () => {
      const { body } = await deps.ask(about(COMPANY));
      const id = (body as [{ mix: Mix }])[0].mix.historicoConsultaId;
      expect(await deps.call('GET', `${HISTORY}/${id}`)).toMatchObject({ status: 200, body });
      expect((await deps.call('GET', `${HISTORY}/${id}x`)).status).toBe(404);
      expect((await deps.call('GET', `${HISTORY}/`)).status).toBe(404);
    });

    it('lags behind the bill as long as the fault readLagMs says, list and single, while reuse sees all', async () => {
      deps.sandbox.door.faults.set({ readLagMs: 30_000 });
      const { historicoConsultaId } = await deps.mixOf(about(COMPANY));
      deps.clock.advance(29_999);
      expect([idsOf(await deps.history()), deps.billed().length]).toEqual([[], 1]);
      expect((await deps.call('GET', `${HISTORY}/${historicoConsultaId}`)).status).toBe(404);
      expect(await deps.mixOf(about(COMPANY, { reutilizarDadosExistentes: true }))).toMatchObject({
        historicoConsultaId,
      });
      deps.clock.advance(1);
      expect(idsOf(await deps.history())).toEqual([historicoConsultaId]);
      expect((await deps.call('GET', `${HISTORY}/${historicoConsultaId}`)).status).toBe(200);
    });

    it('of one account is unknown to the other, and so is its bill', async () => {
      const { historicoConsultaId } = await deps.mixOf(about(COMPANY));
      await deps.send([TITLE]);
      deps.token = await deps.login(FILIAL);
      expect(idsOf(await deps.history())).toEqual([]);
      expect((await deps.call('GET', `${HISTORY}/${historicoConsultaId}`)).status).toBe(404);
      await deps.mixOf(about(COMPANY, { reutilizarDadosExistentes: true }));
      const states = deps.sandbox.deps.state().accounts;
      expect(states.map(({ name, billing, titles: kept }) => [name, billing.count, kept.length])).toEqual([
        ['demo', 1, 1],
        ['filial', 1, 0],
      ]);
    });
  });
});

/** The policy, written a second time. */
function expectedOf(score: number) {
  if (score >= 600) return { situacao: 'APROVADO', limiteSugerido: `${score * 10}.00` };
  if (score >= 300) return { situacao: 'ANALISAR', limiteSugerido: `${score * 4}.00` };
  return { situacao: 'REPROVADO', limiteSugerido: '0.00' };
}
