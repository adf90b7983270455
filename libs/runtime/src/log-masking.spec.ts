import { expect, it } from '@jest/globals';
import { maskEchoes, maskFields, maskLine, maskWords } from './log-masking.js';

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
  ['an alphanumeric CNPJ in lower case', 'company 12abc34501de35 unknown'],
  ['a CNPJ in a query', 'GET /x?doc=11.222.333%2F0001-81'],
  ['an e-mail', 'maria.529@acme.com.br is taken'],
  ['an e-mail in a query', '?email=maria.529%40acme.com.br'],
  ['a phone', 'call +5511952944556'],
  ['a written phone', 'call (11) 95294-4556'],
  ['a named secret', 'login failed: senha=s3cretão&user=x'],
  ['a password in a URL', 'connect postgres://ponte:s3cret@db:5432/ponte failed'],
])('masks %s in free text', (_what, line) => {
  const masked = maskLine(line);
  expect(masked).toContain('[masked]');
  expect(masked).not.toMatch(/529|11222333|11\.222|12ABC|12abc|abc\.def|eyJhbG|s3cret/);
});

it('leaves ids, amounts, instants and trace ids as they are', () => {
  const line =
    '{"time":"2026-07-01T12:00:00.000Z","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","id":"7d444840-9dc0-11d1-b245-5ffdce74fad2",' +
    '"epoch":1782907200000,"position":12345678901,"amount":"1250.00","url":"https://api.customerx.cx:443/financials"}';
  expect(maskLine(line)).toBe(line);
});

it('masks in the words of others the person they were told of, whatever the case, and nothing of the rest', () => {
  const told = {
    id: '4711',
    customer: { name: 'Maria das Dores (ME)', contacts: [{ email: 'm@x.br' }] },
    number: '77777',
  };
  expect(maskEchoes('MARIA DAS DORES (ME) owes 4711 and 77777', told)).toBe('[masked] owes 4711 and 77777');
  expect(maskWords('Maria das Dores (ME), m@x.br', told)).toBe('[masked], [masked]');
  expect(maskEchoes('unchanged', undefined)).toBe('unchanged');
});
