/** Round after round of the same things, each round in another order; the same seed gives the same orders. */
export function* shuffles<T>(items: readonly T[], seed: number): Generator<T[]> {
  const random = randomOf(seed);
  for (;;) {
    const round = [...items];
    for (let last = round.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [round[last], round[other]] = [round[other]!, round[last]!];
    }
    yield round;
  }
}

/** Mulberry32: 0 ≤ number < 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
