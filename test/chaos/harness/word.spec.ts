import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '#libs/testing';
import { fallen } from './due-dates.js';
import { judge } from './word.js';

const even: Verdict = { lost: [], doubled: [], repeated: [], reordered: [], unexplained: [], delivered: 12 };

describe('the word of a scenario', () => {
  it('is ok when the balance is even and nothing is left to say', () => {
    expect(judge({ verdict: even, stuck: [], broken: [], note: 'killed twice' })).toEqual({
      word: 'ok',
      note: '12 delivered; killed twice',
    });
  });

  it('counts repeats, and lets them pass', () => {
    expect(judge({ verdict: { ...even, repeated: ['a', 'b'] } })).toEqual({
      word: 'ok',
      note: '12 delivered, 2 repeated',
    });
  });

  it.each([
    ['lost', { verdict: { ...even, lost: ['x'] }, broken: ['y'], stuck: ['z'] }],
    ['doubled', { verdict: { ...even, doubled: ['x'], reordered: ['y'] } }],
    ['reordered', { verdict: { ...even, reordered: ['x'] }, broken: ['y'] }],
    ['broken', { verdict: { ...even, unexplained: ['x'] } }],
    ['broken', { verdict: even, broken: ['x'], stuck: ['z'] }],
    ['stuck', { verdict: even, stuck: ['x'] }],
  ])('is %s when that is the worst that was found', (word, finding) => {
    expect(judge(finding)).toEqual({ word, note: 'x' });
  });

  it('names three of what was found and counts the rest', () => {
    expect(judge({ broken: ['a', 'b', 'c', 'd', 'e'] }).note).toBe('a; b; c and 2 more');
  });
});

describe('due dates that only rise', () => {
  const call = (externalId: string, due: string, effect = 'updated') => ({
    externalId,
    effect,
    bodyHash: '',
    verb: 'PUT',
    status: 200,
    body: JSON.stringify({ date_due: due }),
  });

  it('name the title whose later state was overtaken, whatever the months', () => {
    const calls = [call('a', '30/09/2026'), call('b', '05/10/2026'), call('a', '01/10/2026'), call('a', '30/09/2026')];
    expect(fallen(calls, ['a', 'b'])).toEqual(['a: due 30/09/2026 after 01/10/2026']);
  });

  it('let repeats pass, and what had no effect, and titles nobody asked about', () => {
    const calls = [
      call('a', '02/10/2026'),
      call('a', '02/10/2026'),
      call('a', '01/10/2026', 'none'),
      call('c', '03/10/2026'),
      call('c', '01/10/2026'),
    ];
    expect(fallen(calls, ['a'])).toEqual([]);
  });
});
