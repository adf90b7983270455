import { expect, it } from '@jest/globals';
import { maskFields, maskLine } from './log-masking.js';

it('masks private fields by name, however they are written and however deep', () => {
  const masked = maskFields({
    lane: 'receivable/4711-2',
    headers: { Authorization: 'Bearer x', 'X-Api-Key': 'y', accept: 'json' },
    titles: [{ customer: { name: 'Maria' }, cpf_cnpj: '52998224725', number: '4711' }],
  });
  expect(masked).toEqual({
    lane: 'receivable/4711-2',
    headers: { Authorization: '[masked]', 'X-Api-Key': '[masked]', accept: 'json' },
    titles: [{ customer: '[masked]', cpf_cnpj: '[masked]', number: '4711' }],
  });
});

it.each([
  ['a written CPF', 'customer 529.982.247-25 unknown'],
  ['a bare CPF', '{"detail":"Key (doc)=(52998224725) exists"}'],
  ['a written CNPJ', 'company 11.222.333/0001-81 unknown'],
  ['a bare CNPJ', 'company 11222333000181 unknown'],
  ['an alphanumeric CNPJ', 'company 12ABC34501DE35 unknown'],
  ['a bearer token', 'authorization: Bearer abc.def-123456'],
  ['a JWT', 'token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln refused'],
  ['a password in a URL', 'connect postgres://ponte:s3cret@db:5432/ponte failed'],
])('masks %s in free text', (_what, line) => {
  const masked = maskLine(line);
  expect(masked).toContain('[masked]');
  expect(masked).not.toMatch(/529|11222333|11\.222|12ABC|abc\.def|eyJhbG|s3cret/);
});

it('leaves ids, amounts, instants and trace ids as they are', () => {
  const line =
    '{"time":"2026-07-01T12:00:00.000Z","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","id":"7d444840-9dc0-11d1-b245-5ffdce74fad2",' +
    '"epoch":1782907200000,"position":12345678901,"amount":"1250.00","url":"https://api.customerx.cx:443/financials"}';
  expect(maskLine(line)).toBe(line);
});
