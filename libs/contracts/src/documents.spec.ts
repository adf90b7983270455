import { expect, it } from '@jest/globals';
import { isCnpj, isCpf, maskDocument } from './documents.js';

it('takes a CPF with both check digits right', () => {
  expect(isCpf('52998224725')).toBe(true);
});

it.each([
  '52998224724',
  '52998224715',
  '529.982.247-25',
  '11111111111',
  '5299822472',
  '12ABC34501DE35',
  '',
  52998224725,
])('refuses %j as a CPF', (document) => {
  expect(isCpf(document)).toBe(false);
});

it('takes a CNPJ of digits and one with letters, as issued from July 2026', () => {
  expect(isCnpj('11222333000181')).toBe(true);
  expect(isCnpj('12ABC34501DE35')).toBe(true);
});

it.each([
  '11222333000182',
  '12ABC34501DE36',
  '12abc34501de35',
  '12.ABC.345/01DE-35',
  '00000000000000',
  '12ABC34501DEAB',
  '1234501',
  '52998224725',
])('refuses %j as a CNPJ', (document) => {
  expect(isCnpj(document)).toBe(false);
});

it('never makes one CNPJ of another by dropping its letters', () => {
  expect(isCnpj('12ABC34501DE35'.replace(/\D/g, ''))).toBe(false);
});

it.each([
  ['52998224725', '***.982.247-**'],
  ['12ABC34501DE35', '12.ABC.345/****-**'],
  ['529.982.247-25', '***'],
  ['Marina', '***'],
])('masks %s as %s', (document, masked) => {
  expect(maskDocument(document)).toBe(masked);
});
