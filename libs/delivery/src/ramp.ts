/** What an endpoint's row knows of its ramp; the row is shared, so all replicas together keep to it. */
export interface Ramp {
  /** Since it began. */
  seconds: number;
  /** The second in which something was claimed last, and how much. */
  second: number;
  used: number;
}

/**
 * After a pause: 1, 2, 4 … claims in each second, so that a partner that has just come back is not met by everything
 * that waited. After eight seconds, 128 in the last, the ramp is over.
 */
const RAMP_SECONDS = 8;

/** @returns how many lanes may be claimed now */
export function rampRoom(ramp: Ramp | undefined): number {
  const second = ramp && secondOf(ramp);
  if (ramp === undefined || second === undefined) return Infinity;
  return 2 ** second - (second === ramp.second ? ramp.used : 0);
}

/** The ramp's second now, from 0; undefined when it is over. */
export function secondOf({ seconds }: Ramp): number | undefined {
  const second = Math.max(Math.floor(seconds), 0);
  return second < RAMP_SECONDS ? second : undefined;
}
