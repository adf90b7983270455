import { expect, it } from '@jest/globals';
import { freedBy, type KeyHolder } from './held-key.js';

const holder = (id: string, state: string, integration: string | null = null): KeyHolder => ({
  id,
  state,
  integration_id: integration,
});
const freed = (rows: KeyHolder[], id: string, mayGo: (row: KeyHolder) => boolean = () => false) =>
  freedBy(rows, id, mayGo).map(({ row, exceptIntegrations }) => [row.id, ...exceptIntegrations]);

it('A held key is freed up to the next that holds it in its own right', () => {
  const rows = [holder('1', 'parked'), holder('2', 'waiting'), holder('3', 'parked'), holder('4', 'waiting')];
  expect(freed(rows, '1')).toEqual([['1'], ['2']]);
  expect(freed(rows, '3')).toEqual([]);
});

it('A key held for one integration is freed for the others, and for it up to what holds it', () => {
  const rows = [holder('1', 'parked', '7'), holder('2', 'waiting', '7'), holder('3', 'parked'), holder('4', 'waiting')];
  expect(freed(rows, '1')).toEqual([['1'], ['2']]);
  expect(freed(rows, '3')).toEqual([
    ['3', '7'],
    ['4', '7'],
  ]);
});

it('A key held by a type that is known by now is freed with it', () => {
  const rows = [holder('1', 'parked'), holder('2', 'unknown-type'), holder('3', 'waiting')];
  expect(freed(rows, '1')).toEqual([['1']]);
  expect(freed(rows, '1', () => true)).toEqual([['1'], ['2'], ['3']]);
});
