import fc from 'fast-check';

/**
 * How often each property is tried: few in `npm test`, the same ones each time; `FUZZ_RUNS` times as many for a long look,
 * others each time. What failed is tried again with the seed it printed: `FUZZ_SEED=…`.
 */
const times = Number(process.env.FUZZ_RUNS ?? 1);
const USUAL_SEED = 46;
const seed = Number(process.env.FUZZ_SEED ?? (times > 1 ? Date.now() % 2 ** 31 : USUAL_SEED));

process.stderr.write(`fuzzing with FUZZ_SEED=${seed} FUZZ_RUNS=${times}\n`);

export function runs(usual: number): { numRuns: number; seed: number; endOnFailure: boolean } {
  return { numRuns: Math.ceil(usual * times), seed, endOnFailure: times === 1 };
}

/** A long look may take long. */
export function patienceMs(usual: number): number {
  return usual * Math.max(1, times);
}

/** Any of a few, in the order of the seed. */
export function sampled<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed });
}
