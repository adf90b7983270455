/** What several rounds said, in the order in which they ran. */
export interface Series {
  unit: string;
  median: number;
  lowest: number;
  highest: number;
  rounds: number[];
}

/** @param values one of each round @throws Error without any */
export function seriesOf(unit: string, values: readonly number[]): Series {
  if (values.length === 0) throw new Error(`no round of ${unit} was measured`);
  const rounds = values.map(rounded);
  return { unit, median: rounded(median(values)), lowest: Math.min(...rounds), highest: Math.max(...rounds), rounds };
}

/**
 * Round by round, one over the other: what slows the machine down for a while slows both sides of a round, so their
 * ratio says more than the ratio of two medians.
 */
export function ratioOf(one: Series, other: Series): Series {
  if (one.rounds.length !== other.rounds.length) throw new Error('a ratio needs both sides of every round');
  return seriesOf(
    '×',
    one.rounds.map((value, at) => value / other.rounds[at]!),
  );
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : sorted[Math.floor(half)]!;
}

/** The value that this share of all values is at or below, 0.99 for the 99th of a hundred. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)]!;
}

/** Three figures that mean something, and no more. */
export function rounded(value: number): number {
  if (!Number.isFinite(value)) throw new Error(`${value} is no measurement`);
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
