import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES, sampleOf } from '#libs/contracts';
import { maskIdentifier, maskPersonal } from './masking.js';

describe('masking', () => {
  it('leaves a title recognisable and its customer not', () => {
    const { data } = sampleOf('erp.receivable.opened.v1');
    expect(maskPersonal(data)).toMatchObject({
      receivableId: data.receivableId,
      amount: data.amount,
      customer: {
        id: data.customer.id,
        document: expect.stringMatching(/^\*\*\*\.\d{3}\.\d{3}-\*\*$/),
        address: '***',
      },
    });
  });

  it.each(EVENT_TYPES)('of %s shows no document, e-mail, phone or name of a person', (type) => {
    const { data } = sampleOf(type);
    const shown = JSON.stringify(maskPersonal(data));
    for (const text of personalTexts(data)) expect(shown).not.toContain(text);
  });

  it('keeps the names of things', () => {
    const shown = maskPersonal({ integration: { name: 'CustomerX Manaus' }, occurrenceType: { name: 'Segunda via' } });
    expect(shown).toEqual({ integration: { name: 'CustomerX Manaus' }, occurrenceType: { name: 'Segunda via' } });
  });

  it('finds documents and addresses in free text, wherever it stands', () => {
    expect(maskPersonal({ note: 'CPF 529.982.247-25, falar com ana@x.test' })).toEqual({
      note: 'CPF [masked], falar com ***',
    });
  });

  it('hides personal fields that are not texts', () => {
    expect(maskPersonal({ document: 52998224725, address: { street: 'Rua A' } })).toEqual({
      document: '***',
      address: '***',
    });
  });

  it.each([
    ['customer/52998224725', 'customer/***.982.247-**'],
    ['customer/12ABC34501DE35', 'customer/12.ABC.345/****-**'],
    ['529.982.247-25', '***.982.247-**'],
    ['receivable/4711-2', 'receivable/4711-2'],
    ['rui.cobranca', 'rui.cobranca'],
  ])('shows the identifier %s as %s', (identifier, shown) => {
    expect(maskIdentifier(identifier)).toBe(shown);
  });
});

const PERSONAL = ['document', 'email', 'phone', 'name', 'tradingName', 'birthDate', 'street', 'description'];
const THINGS = ['development', 'unit', 'occurrenceType'];

/** Every personal text of a sample, found by walking it. */
function personalTexts(value: unknown, field = ''): string[] {
  if (typeof value === 'string') return PERSONAL.includes(field) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([name]) => !THINGS.includes(name))
    .flatMap(([name, inner]) => personalTexts(inner, Array.isArray(value) ? field : name));
}
