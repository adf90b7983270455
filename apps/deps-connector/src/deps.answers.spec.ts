import { describe, expect, it } from '@jest/globals';
import type { PartnerAnswer } from '#libs/partner';
import { readAnalysis, readBatch, readProducts } from './deps.answers.js';
import type { DepsTitle } from './deps.mapping.js';

const answer = (status: number, body: unknown): PartnerAnswer => ({
  status,
  headers: {},
  contentType: 'application/json',
  text: JSON.stringify(body),
  body,
  answeredAt: new Date(),
  durationMs: 1,
});
const MIX = { historicoConsultaId: 'h1', dataConsulta: '2026-11-22T12:00:00Z', score: null, smart: null };

describe('The products DEPS names at a login', () => {
  it.each([[undefined], ['SMART'], [{}], [[null, 7, {}, { identificador: 'S', nome: 'Smart', tipoPessoa: 'X' }]]])(
    'are none in %j',
    (note) => expect(readProducts(note)).toEqual([]),
  );

  it('are those with an id, a name and a kind of person', () => {
    const smart = { identificador: 'SMART', nome: 'Smart', tipoPessoa: 'F' };
    expect(readProducts([smart, { identificador: 'MIX' }])).toEqual([smart]);
  });
});

describe('What DEPS answers to a query', () => {
  it.each([
    ['DEPS-030', 'consent-pending'],
    ['DEPS-040', 'no-data'],
    ['DEPS-020', 'refused'],
  ])('with %s at HTTP 400 is an answer, and no failure to be tried again', (codigo, code) => {
    expect(readAnalysis(answer(400, { codigo, mensagem: 'por isto' }))).toEqual({
      kind: 'answer',
      code,
      text: `${codigo}: por isto`,
    });
  });

  it('is the analysis, its numbers as text, and what the product has not left out', () => {
    const smart = { situacao: 'APROVADO', limiteSugerido: '1500.00' };
    const read = readAnalysis(answer(200, [{ mix: { ...MIX, score: { pontuacao: 712 }, smart } }]));
    const analyzedAt = new Date('2026-11-22T12:00:00Z');
    const said = { reference: 'h1', analyzedAt, score: '712', situation: 'APROVADO', suggestedLimit: '1500.00' };
    expect(read).toMatchObject({ kind: 'analysis', result: said });
    const { result } = readAnalysis(answer(200, [{ mix: MIX }])) as { result: object };
    expect(Object.keys(result).toSorted()).toEqual(['analyzedAt', 'raw', 'reference']);
  });

  it.each([[[]], [[{ mix: { ...MIX, historicoConsultaId: null } }]], [[{ mix: { ...MIX, dataConsulta: 'ontem' } }]]])(
    'without an analysis it can be called by leaves unknown whether one was charged: %j',
    (body) => {
      expect(readAnalysis(answer(200, body))).toMatchObject({ kind: 'outcome', outcome: { kind: 'unknown' } });
    },
  );
});

describe('What DEPS answers to a batch', () => {
  const titles = ['a', 'b', 'c'].map((idExterno) => ({ idExterno }) as DepsTitle);
  const rejeitados = [{ idExterno: 'b', codigo: 'DEPS-051', mensagem: 'valor' }];

  it('refuses the titles it names, and has taken the others, in the order they were sent', () => {
    expect(readBatch(answer(202, { loteId: 'l1', recebidos: 2, rejeitados }), titles)).toEqual([
      { kind: 'delivered', reference: 'l1' },
      { kind: 'refused', reason: 'DEPS-051: valor' },
      { kind: 'delivered', reference: 'l1' },
    ]);
  });

  it('refuses all of them where it does not say which', () => {
    expect(readBatch(answer(202, { loteId: 'l1', recebidos: 3 }), titles)).toMatchObject({ kind: 'refused' });
    expect(readBatch(answer(409, { codigo: 'DEPS-050', mensagem: 'outro' }), titles)).toEqual({
      kind: 'refused',
      reason: 'DEPS-050: outro',
    });
  });
});
