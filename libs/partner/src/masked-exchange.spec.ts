import { describe, expect, it } from '@jest/globals';
import { maskedExchange } from './masked-exchange.js';
import { maskText } from './masking.js';
import type { PartnerAnswer } from './partner-answer.js';
import type { PartnerRequest } from './partner-request.js';
import { PartnerUnavailable } from './partner-unavailable.js';

const answerOf = (text: string, more: Partial<PartnerAnswer> = {}): PartnerAnswer => ({
  status: 422,
  headers: {},
  contentType: 'application/json',
  text,
  body: undefined,
  answeredAt: new Date('2026-07-01T12:00:00Z'),
  durationMs: 12,
  ...more,
});
const post: PartnerRequest = { method: 'POST', path: '/financials' };

describe('A text of a few characters', () => {
  it.each([
    ['a@b.co', '[masked]'],
    ['a%40b.co', '[masked]'],
    ['senha=1', 'senha=[masked]'],
    ['"chave":"9', '"chave":"[masked]'],
    ['token>x', 'token>[masked]'],
  ])('is not too short for a secret or a person: %s', (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  it('stays as it is where neither has room', () => {
    for (const text of ['120.00', '2026-07-01', 'external_id_financial']) expect(maskText(text)).toBe(text);
    expect(maskText('abc-1234', ['abc-1234'])).toBe('[masked]');
  });
});

describe('What an attempt keeps of an exchange', () => {
  it('lets no canary through: not in the path, not in a body, not in a header, not echoed by the partner', () => {
    const canaries = [
      ...['529.982.247-25', '52998224725', '12.345.678/0001-95', '12345678000195', '12.ABC.345/01DE-35'],
      ...[
        '12ABC34501DE35',
        'canary-api-token',
        'canary-password',
        'maria@example.com.br',
        'Maria Aparecida',
        '11987654321',
      ],
      ...['canary-query-key', 'canary-cookie', 'canary-echoed', '817'],
    ];
    const request: PartnerRequest = {
      method: 'PUT',
      path: '/clients/{document}/{cnpj}',
      params: { document: '52998224725', cnpj: '12.345.678/0001-95' },
      query: { api_key: 'canary-query-key', pin: 817, email: 'maria@example.com.br', doc: '12ABC34501DE35', page: 2 },
      headers: { Authorization: 'Bearer canary-api-token', cookie: 'sid=canary-cookie' },
      body: {
        cnpj_cpf: '529.982.247-25',
        document_number: 52998224725,
        name: 'Maria Aparecida',
        phones: [{ number: '11987654321' }],
        login: { email: 'maria@example.com.br', senha: 'canary-password' },
        description: 'NF de 12.ABC.345/01DE-35 e 12ABC34501DE35, contato maria@example.com.br',
        value: '120.00',
      },
    };
    const answer = answerOf(
      'Erro: o CNPJ 12.345.678\\/0001-95 (12345678000195) e o CPF 52998224725 recusados para canary-api-token e canary-query-key, senha=canary-password, <token>canary-echoed</token> maria@example.com.br',
      { headers: { 'set-cookie': 'canary-cookie', 'x-request-id': 'req-4711 for 529.982.247-25' } },
    );
    const kept = JSON.stringify(maskedExchange(request, answer));
    for (const canary of canaries) expect(kept).not.toContain(canary);
    expect(kept).toContain('120.00');
    expect(kept).toContain('req-4711');
    expect(kept).toContain('page=2');
  });

  it('keeps what explains a refusal', () => {
    const answer = answerOf(
      '{"message":"Validation failed","errors":{"email":["já está em uso"],"value":["deve ser positivo"]}}',
    );
    expect(maskedExchange({ ...post, body: { value: '-1.00', external_id_financial: '4711-2' } }, answer)).toEqual({
      method: 'POST',
      path: '/financials',
      status: 422,
      durationMs: 12,
      answerHeaders: {},
      requestBody: '{"value":"-1.00","external_id_financial":"4711-2"}',
      answerBody: answer.text,
    });
  });

  it('masks before it cuts: a document on the edge of the 2 KiB leaves no half of itself', () => {
    for (let before = 2030; before < 2052; before += 1) {
      const kept = maskedExchange(post, answerOf(`${'x'.repeat(before)} 52998224725 and more`)).answerBody!;
      expect(kept).not.toMatch(/\d{4}/);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(2048 + Buffer.byteLength('…'));
    }
  });

  it('cuts no letter in two', () => {
    const kept = maskedExchange(post, answerOf(`x${'ã'.repeat(3000)}`)).answerBody!;
    expect(kept).toMatch(/^xã+…$/);
  });

  it('names a very long body by its size only', () => {
    const kept = maskedExchange({ ...post, body: 'x'.repeat(70_000) }, answerOf(''));
    expect(kept).toMatchObject({ requestBody: '[70000 bytes]' });
    expect(kept).not.toHaveProperty('answerBody');
  });

  it('keeps of a call without an answer why there is none and whether it may have arrived', () => {
    const late = new PartnerUnavailable('deadline', { sent: 'maybe', status: 200 });
    expect(maskedExchange(post, late)).toEqual({
      method: 'POST',
      path: '/financials',
      status: 200,
      code: 'deadline',
      sent: 'maybe',
    });
  });
});

describe('Masked text', () => {
  it.each([
    ['a CPF with points', 'cpf 529.982.247-25.', 'cpf ***.982.247-**.'],
    ['a CPF of digits', '"52998224725"', '"***.982.247-**"'],
    ['a CPF with a wrong check digit', '52998224700', '***.982.247-**'],
    ['a CNPJ with points', '12.345.678/0001-95', '12.345.678/****-**'],
    ['a CNPJ in a query', 'doc=12.345.678%2F0001-95', 'doc=12.345.678/****-**'],
    ['an alphanumeric CNPJ', 'de 12ABC34501DE35', 'de 12.ABC.345/****-**'],
    ['an alphanumeric CNPJ with points, in lower case', '12.abc.345/01de-35', '12.ABC.345/****-**'],
  ])('hides %s', (_, text, expected) => expect(maskText(text)).toBe(expected));

  it.each([
    '4711-2',
    '1234567890',
    'ABCDEFGHIJKL12',
    '2026-07-01T12:00:00Z',
    '34191790010104351004791020150008291070026000',
  ])('leaves %s alone', (text) => expect(maskText(text)).toBe(text));
});
