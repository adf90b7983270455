import { expect, it } from '@jest/globals';
import { isAskedFor, patternMistakes, readPatterns } from './result-patterns.js';

it('reads patterns with the spaces people leave, each once', () => {
  expect(readPatterns(' *.delivery.parked.v1, deps.#,,deps.# ')).toEqual(['*.delivery.parked.v1', 'deps.#']);
});

it('names what the broker would take for a pattern that matches nothing', () => {
  expect(patternMistakes(' , ')).toEqual(['it names nothing']);
  expect(patternMistakes('*.delivery.parked*.v1,deps.#')).toEqual([
    '"parked*" of "*.delivery.parked*.v1" is no word, * or #',
  ]);
  expect(patternMistakes('deps..x')[0]).toContain('"" of "deps..x"');
  expect(patternMistakes(`${'a.'.repeat(140)}a`)[0]).toContain('longer than 255');
  expect(patternMistakes('#,*.credit-analysis.#')).toEqual([]);
});

it.each([
  ['*.credit-analysis.#', 'deps.credit-analysis.completed.v1', true],
  ['*.credit-analysis.#', 'deps.credit-analysis', true],
  ['*.credit-analysis.*', 'deps.credit-analysis.completed.v1', false],
  ['*.delivery.parked.v1', 'customerx.delivery.parked.v1', true],
  ['*.delivery.parked.v1', 'customerx.delivery.parked.v2', false],
  ['#.parked.v1', 'customerx.delivery.parked.v1', true],
  ['#.parked.v1', 'parked.v1', true],
  ['customerx.#.v1', 'customerx.v1', true],
  ['customerx.#.v1', 'customerx.delivery.v2', false],
  ['#', 'anything.at.all', true],
  ['*', 'two.words', false],
])('%s asks for %s as the broker does: %s', (pattern, type, asked) => {
  expect(isAskedFor([pattern], type)).toBe(asked);
});
