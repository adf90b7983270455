import { expect, it } from '@jest/globals';
import { PauseCopy } from './pause-copy.js';

it('A belief is forgotten where a claim has looked since, and kept where it was formed after', () => {
  const copy = new PauseCopy();
  copy.remember('7', 'breaker', 10);
  copy.remember('7', 'operator', 30);
  copy.watch('7', 20);
  expect(copy.reasons('7')).toEqual(['operator']);
});

it('A belief is not overwritten by an answer that was on its way', () => {
  const copy = new PauseCopy();
  copy.watch('7', 0);
  copy.remember('7', 'operator', 30);
  copy.refresh('7', ['off'], 20);
  expect(copy.reasons('7').toSorted()).toEqual(['off', 'operator']);
  copy.refresh('7', ['off'], 40);
  expect(copy.reasons('7')).toEqual(['off']);
});

it('An endpoint is kept fresh for as long as anybody works on it', () => {
  const copy = new PauseCopy();
  copy.watch('7', 0);
  copy.watch('7', 0);
  copy.unwatch('7');
  expect(copy.watchedEndpoints).toEqual(['7']);
  copy.unwatch('7');
  expect(copy.watchedEndpoints).toEqual([]);
});

it('That an endpoint stood still is told once to whoever must start afresh', () => {
  const copy = new PauseCopy();
  copy.remember('7', 'breaker', 10);
  copy.forget('7', 'breaker');
  expect([copy.takeStopped('7'), copy.takeStopped('7'), copy.takeStopped('8')]).toEqual([true, false, false]);
});
