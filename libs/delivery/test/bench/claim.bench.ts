/**
 * What a claim of two hundred lanes costs with ten thousand and with a million lanes due, and what finding the due
 * endpoints costs beside.
 *
 *   npx nest build audit && node dist/libs/delivery/test/bench/claim.bench.js [few=10000] [many=1000000] [claims=30]
 *
 * Needs the stack (`npm run stack -- up`). Claims are made one after the other, as one replica makes them.
 */
import type { Pool } from 'pg';
import { SystemClock } from '#libs/runtime';
import { LaneClaimer } from '../../src/claim.js';
import { DUE_ENDPOINTS } from '../../src/lanes.sql.js';
import { CROWD_ENDPOINT, CROWD_HEADS, CROWD_OF_LANES } from '../crowd.sql.js';
import { freshLedger, median, say, sayMachine, setting } from './bench-ledger.js';

const few = setting('few', 10_000);
const many = setting('many', 1_000_000);
const claims = setting('claims', 30);
const CHUNK = 100_000;
const AT_ONCE = 200;

sayMachine();
const { pool, drop } = await freshLedger();
const endpointId = (await pool.query<{ id: string }>(CROWD_ENDPOINT, ['1', '/erp/demo|1'])).rows[0]!.id;
await fill(0, few);
const withFew = await measure(pool);
await fill(few, many);
const withMany = await measure(pool);
for (const [count, { claimMs, scanMs }] of [
  [few, withFew],
  [many, withMany],
] as const)
  say(`${count} lanes: a claim of ${AT_ONCE} ${claimMs.toFixed(1)} ms, finding due endpoints ${scanMs.toFixed(1)} ms`);
say(`ratio ${(withMany.claimMs / withFew.claimMs).toFixed(2)}`);
await drop();

async function fill(from: number, upTo: number): Promise<void> {
  for (let at = from; at < upTo; at += CHUNK) {
    await pool.query(CROWD_OF_LANES, ['1', at, Math.min(CHUNK, upTo - at)]);
    await pool.query(CROWD_HEADS);
  }
  await pool.query('vacuum analyze');
}

async function measure(on: Pool): Promise<{ claimMs: number; scanMs: number }> {
  const claimer = new LaneClaimer(on, new SystemClock());
  const due = { endpointId, integrationId: '1', ownerKey: '/erp/demo|1', priorities: [0] };
  const limits = { attempts: 3, deadlineMs: 10_000 };
  const wish = { room: AT_ONCE, limits, leaseMs: 3_600_000, perLane: 1, operations: ['title.put'] };
  const claimMs = await medianMs(() => claimer.claim(due, wish));
  return { claimMs, scanMs: await medianMs(() => on.query(DUE_ENDPOINTS)) };
}

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let turn = 0; turn < claims; turn += 1) {
    const startedAt = performance.now();
    await work();
    took.push(performance.now() - startedAt);
  }
  return median(took);
}
