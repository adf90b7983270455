/**
 * Waits between the attempts of one delivery. After the last one it is parked for a person.
 *   attempt  waits    since the first
 *   2         1 s        1 s
 *   3        10 s       11 s
 *   4         1 min     71 s
 *   5         5 min      6 min
 *   6        30 min     36 min
 *   7         2 h        2 h 36 min
 * 71 s outlive a rolling restart of the partner; longer outages are the breaker's job and spend no attempt.
 */
export const DEFAULT_WAITS_MS: readonly number[] = [1_000, 10_000, 60_000, 300_000, 1_800_000, 7_200_000];

export const DEFAULT_ATTEMPTS = DEFAULT_WAITS_MS.length + 1;

/**
 * @param attempts how many have been made, from 1
 * @returns milliseconds until the next; jitter only lengthens, by up to a tenth
 */
export function waitAfter(
  attempts: number,
  waitsMs: readonly number[] = DEFAULT_WAITS_MS,
  random: () => number = Math.random,
): number {
  const wait = waitsMs[Math.min(attempts, waitsMs.length) - 1] ?? 0;
  return wait * (1 + random() / 10);
}
