import { createHash } from 'node:crypto';

/** Chance that repeats: the same seed gives the same row of choices. */
export interface Random {
  /** A whole number from 0 to `limit` − 1. */
  upTo(limit: number): number;
  oneOf<T>(choices: readonly T[]): T;
}

/** Mulberry32 over a hash of the seed: small, fast, good enough to deal cards. */
export function randomFrom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  const upTo = (limit: number) => Math.floor(next() * limit);
  return { upTo, oneOf: (choices) => choices[upTo(choices.length)]! };

  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}
