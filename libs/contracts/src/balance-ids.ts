import { createHash } from 'node:crypto';

/** What nothing comes to: the digest of an empty set of ids. */
export const NO_DIGEST = '0'.repeat(32);

/** Below every id. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Above every id. */
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** States of a delivery in which it stays, each told by an outcome of its name. */
export const FINAL_STATES = ['delivered', 'refused', 'skipped', 'superseded'] as const;

/**
 * The id of the outcome that says how a delivery ended. It follows from the delivery, so that whoever has the ledger can
 * name the outcome it must have led to, and a second one would be the same one.
 */
export function outcomeIdOf(type: string, position: string, eventId: string | null): string {
  const hex = createHash('md5')
    .update(`${type}/${position}/${eventId ?? ''}`)
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The first instant of the UTC hour. */
export function hourOf(instant: Date): Date {
  return new Date(Math.floor(instant.getTime() / 3_600_000) * 3_600_000);
}
