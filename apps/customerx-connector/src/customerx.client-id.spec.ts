import { describe, expect, it } from '@jest/globals';
import { clientsOf } from './customerx.client-id.js';

const place = (branch: string, businessUnit?: string) => ({ branch, businessUnit, titles: 2, owed: 1 });
const format = (more: object = {}) => ({ businessUnitAsClient: false, maxIdLength: 0, externalIdPrefix: '', ...more });
const problems = (places: ReturnType<typeof place>[], more: object = {}) =>
  Object.fromEntries(clientsOf(places, format(more)).map((use) => [use.externalIdClient ?? '', use.problem ?? 'none']));

describe("the clients a company's titles come to", () => {
  it('are its branches, or its units, with how much they have', () => {
    const places = [place('01', 'UN1'), place('01', 'UN2'), place('02', 'UN3')];
    expect(clientsOf(places, format({ externalIdPrefix: '2-' }))).toMatchObject([
      { externalIdClient: '2-01', titles: 4, owed: 2 },
      { externalIdClient: '2-02', titles: 2, owed: 1 },
    ]);
    expect(problems(places, { businessUnitAsClient: true })).toEqual({ UN1: 'none', UN2: 'none', UN3: 'none' });
  });

  it('collide where CustomerX would cut them to the same', () => {
    expect(problems([place('MANAUS1'), place('MANAUS2'), place('BELEM')], { maxIdLength: 6 })).toEqual({
      MANAUS1: expect.stringContaining('não o distinguiria de "MANAUS2"'),
      MANAUS2: expect.stringContaining('não o distinguiria de "MANAUS1"'),
      BELEM: 'none',
    });
  });

  it('collide where they differ in case alone', () => {
    expect(problems([place('un7'), place('UN7')])).toMatchObject({ un7: expect.stringContaining('"UN7"') });
  });

  it('are said to be too long before anything is sent', () => {
    expect(problems([place('MANAUS1')], { maxIdLength: 6 })).toEqual({
      MANAUS1: expect.stringContaining('limite de 6'),
    });
  });

  it('are one where two branches have units of one code', () => {
    expect(problems([place('01', '12'), place('02', '12')], { businessUnitAsClient: true })).toEqual({
      '12': expect.stringContaining('filiais 01, 02'),
    });
  });

  it('leave out titles without a unit, and say so', () => {
    expect(problems([place('01')], { businessUnitAsClient: true })).toEqual({
      '': expect.stringContaining('sem unidade de negócio'),
    });
  });
});
