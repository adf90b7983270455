import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const LOOK_EVERY_MS = 25;
/** What counts takes the database from what is measured: a look is followed by this many times as long without. */
const LOOK_RARELY = 20;

/** Resolves with the instant at which `count`, one row with one number, has reached what is wanted. */
export async function untilRecorded(
  url: string,
  count: string,
  wanted: number,
  withinMs: number,
): Promise<{ recordedAt: number; recorded: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const begun = performance.now();
  try {
    for (;;) {
      const lookedAt = performance.now();
      const recorded = Number(Object.values((await client.query<Record<string, unknown>>(count)).rows[0]!)[0]);
      const recordedAt = performance.now();
      if (recorded >= wanted || recordedAt - begun > withinMs) return { recordedAt, recorded };
      await delay(Math.max(LOOK_EVERY_MS, LOOK_RARELY * (recordedAt - lookedAt)));
    }
  } finally {
    await client.end();
  }
}
