import { expect, it } from '@jest/globals';
import { absent, ambiguous, delivered, present, refused, refusedUntil, unavailable, unknown } from './outcome.js';
import { outcomeSuffixOf, outcomeType } from './outcome-catalogue.js';

it('says each answer with nothing it was not told', () => {
  const until = new Date('2026-07-20T18:01:00Z');
  expect([
    delivered(),
    delivered('1190022', 'already there'),
    refused('HTTP 422', { field: 'value' }),
    refusedUntil('client/3', 'HTTP 422'),
    unavailable('HTTP 503'),
    unavailable('HTTP 429', { retryAt: until, pause: { reason: 'rate-limit', until, detail: '60 a minute' } }),
    unknown('no answer within 10 s'),
  ]).toStrictEqual([
    { kind: 'delivered' },
    { kind: 'delivered', reference: '1190022', note: 'already there' },
    { kind: 'refused', reason: 'HTTP 422', detail: { field: 'value' } },
    { kind: 'refused', reason: 'HTTP 422', awaits: 'client/3' },
    { kind: 'unavailable', reason: 'HTTP 503' },
    {
      kind: 'unavailable',
      reason: 'HTTP 429',
      retryAt: until,
      pause: { reason: 'rate-limit', until, detail: '60 a minute' },
    },
    { kind: 'unknown', reason: 'no answer within 10 s' },
  ]);
});

it('says what a verification found with nothing it was not told', () => {
  expect([present('A1'), present('A1', 'by its protocol'), absent(), ambiguous('two of them')]).toStrictEqual([
    { kind: 'present', reference: 'A1' },
    { kind: 'present', reference: 'A1', note: 'by its protocol' },
    { kind: 'absent' },
    { kind: 'ambiguous', reason: 'two of them' },
  ]);
});

it('names an outcome event after its connector and finds its kind again', () => {
  expect(outcomeType('customerx', 'delivery.delivered.v1')).toBe('customerx.delivery.delivered.v1');
  expect(outcomeSuffixOf('customerx.delivery.delivered.v1')).toBe('delivery.delivered.v1');
  expect(outcomeSuffixOf('customerx.delivery.lost.v1')).toBeUndefined();
  expect(outcomeSuffixOf('x.constructor')).toBeUndefined();
});
