import { describe, expect, it } from '@jest/globals';
import { totalLine } from './lines.js';
import { shuffles } from './shuffles.js';
import { readWishes } from './wishes.js';

describe('what is asked of a chaos run', () => {
  it('is every scenario when nothing is named', () => {
    expect(readWishes([], ['a', 'b'])).toMatchObject({ names: [], list: false, soakMinutes: undefined });
  });

  it('is refused for a name nobody knows, and for a soak without an end', () => {
    expect(() => readWishes(['a', 'c'], ['a', 'b'])).toThrow('No scenario is called c');
    expect(() => readWishes(['--soak', 'long'], ['a'])).toThrow('--soak takes a number above 0, not "long"');
  });

  it('keeps the seed it is given', () => {
    expect(readWishes(['--soak', '30', '--seed', '7'], [])).toMatchObject({ soakMinutes: 30, seed: 7 });
  });
});

describe('the order of a soak', () => {
  const rounds = (seed: number) => {
    const orders = shuffles(['a', 'b', 'c', 'd', 'e'], seed);
    return [orders.next().value!, orders.next().value!, orders.next().value!].map((round) => round.join(''));
  };

  it('is another in each round and the same for the same seed', () => {
    expect(rounds(3)).toEqual(rounds(3));
    expect(rounds(3)).not.toEqual(rounds(4));
    expect(new Set(rounds(3)).size).toBe(3);
  });

  it('takes every scenario once a round', () => {
    for (const round of rounds(5)) expect([...round].sort().join('')).toBe('abcde');
  });
});

describe('the total', () => {
  it('counts each word, those that did not come too', () => {
    const results = (['ok', 'ok', 'stuck'] as const).map((word) => ({
      word,
      name: '',
      note: '',
      seconds: 1,
      leftMess: false,
    }));
    expect(totalLine(results, 90)).toBe(
      '3 scenarios in 1.5 minutes: 2 ok, 0 lost, 0 doubled, 0 reordered, 1 stuck, 0 broken',
    );
  });
});
