import type { Pool } from 'pg';
import { SystemClock, type Clock } from '#libs/runtime';
import { freshLedger } from '../engine/ponte-engine.ts';
import type { Say } from '../measure/rounds.ts';
import { ratioOf, seriesOf, type Series } from '../measure/statistics.ts';
import { DELIVERIES, ENDPOINT, LANES } from './crowded-lanes.ts';

export interface ClaimForm {
  /** Lanes waiting, from few to many. */
  crowds: readonly number[];
  /** Of each crowd, in each round. */
  claims: number;
  rounds: number;
  say: Say;
}

export interface ClaimFigures {
  lanesPerClaim: number;
  ms: { lanes: number; claim: Series; dueEndpoints: Series }[];
  /** Of the largest crowd to the smallest. */
  ratio1MTo10k: number;
  ratio1MTo10kByRound: Series;
}

/** The engine's own, as it is built; it has no door of its own in the lib, since nobody else may claim. */
interface ClaimParts {
  LaneClaimer: new (pool: Pool, clock: Clock) => { claim(due: object, wish: object): Promise<unknown[]> };
  DUE_ENDPOINTS: string;
}

export const LANES_PER_CLAIM = 200;
const FILLED_TOGETHER = 100_000;
/** Leases that are over at once, as where the partner answers: a claim counts those that stand, however many wait. */
const WISH = {
  room: LANES_PER_CLAIM,
  limits: { attempts: 3, deadlineMs: 10_000 },
  leaseMs: 1,
  perLane: 1,
  operations: ['title.put'],
};

/** A ledger with so many lanes due. */
interface Crowd {
  lanes: number;
  claim(): Promise<void>;
  findDue(): Promise<unknown>;
  drop(): Promise<void>;
}

/** Medians of one round, in ms. */
interface CrowdTimes {
  claim: number;
  due: number;
}

/** What one claim costs while few and while many lanes wait. Each crowd has a ledger of its own, and they take turns. */
export async function measureClaim({ crowds, claims, rounds, say }: ClaimForm): Promise<ClaimFigures> {
  const parts = await claimParts();
  const open: Crowd[] = [];
  try {
    for (const lanes of crowds) open.push(await openCrowd(parts, lanes));
    for (const crowd of open) await timeCrowd(crowd, claims); // the first finds nothing warm
    const times = await takeTurnsOf(open, claims, rounds);
    const ms = open.map(({ lanes }, at) => ({
      lanes,
      claim: seriesOf(
        'ms',
        times[at]!.map(({ claim }) => claim),
      ),
      dueEndpoints: seriesOf(
        'ms',
        times[at]!.map(({ due }) => due),
      ),
    }));
    for (const { lanes, claim, dueEndpoints } of ms)
      say(
        `  ${lanes} lanes: a claim of ${LANES_PER_CLAIM} ${claim.median} ms, finding due endpoints ${dueEndpoints.median} ms`,
      );
    const ratio1MTo10kByRound = ratioOf(ms.at(-1)!.claim, ms[0]!.claim);
    return { lanesPerClaim: LANES_PER_CLAIM, ms, ratio1MTo10k: ratio1MTo10kByRound.median, ratio1MTo10kByRound };
  } finally {
    for (const crowd of open) await crowd.drop();
  }
}

/** @returns of each crowd the rounds, every other one made backwards */
async function takeTurnsOf(crowds: readonly Crowd[], claims: number, rounds: number): Promise<CrowdTimes[][]> {
  const times: CrowdTimes[][] = crowds.map(() => []);
  for (let round = 1; round <= rounds; round += 1) {
    const turns = [...crowds.entries()];
    for (const [at, crowd] of round % 2 === 1 ? turns : turns.toReversed())
      times[at]!.push(await timeCrowd(crowd, claims));
  }
  return times;
}

async function timeCrowd(crowd: Crowd, claims: number): Promise<CrowdTimes> {
  return { claim: await medianMs(claims, crowd.claim), due: await medianMs(claims, crowd.findDue) };
}

async function openCrowd({ LaneClaimer, DUE_ENDPOINTS }: ClaimParts, lanes: number): Promise<Crowd> {
  const { pool, drop } = await freshLedger();
  const endpointId = (await pool.query<{ id: string }>(ENDPOINT, ['/erp/bench|1'])).rows[0]!.id;
  await fill(pool, endpointId, 1, lanes);
  const due = { endpointId, integrationId: '1', ownerKey: '/erp/bench|1', priorities: [0] };
  const claimer = new LaneClaimer(pool, new SystemClock());
  return { lanes, claim: () => claimOne(claimer, due), findDue: () => pool.query(DUE_ENDPOINTS), drop };
}

async function claimOne(claimer: InstanceType<ClaimParts['LaneClaimer']>, due: object): Promise<void> {
  const claimed = await claimer.claim(due, WISH);
  if (claimed.length !== LANES_PER_CLAIM)
    throw new Error(`${claimed.length} lanes were claimed where ${LANES_PER_CLAIM} should be`);
}

async function claimParts(): Promise<ClaimParts> {
  const built = (file: string) => import(new URL(`../../../dist/libs/delivery/src/${file}`, import.meta.url).href);
  const [{ LaneClaimer }, { DUE_ENDPOINTS }] = await Promise.all([built('claim.js'), built('lanes.sql.js')]);
  return { LaneClaimer, DUE_ENDPOINTS } as ClaimParts;
}

async function fill(pool: Pool, endpointId: string, from: number, upTo: number): Promise<void> {
  for (let at = from; at <= upTo; at += FILLED_TOGETHER) {
    const part = [at, Math.min(at + FILLED_TOGETHER - 1, upTo), endpointId];
    await pool.query(LANES, part);
    await pool.query('analyze lane');
    await pool.query(DELIVERIES, part);
  }
  await pool.query('vacuum analyze lane');
  await pool.query('vacuum analyze delivery');
}

async function medianMs(times: number, work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const begun = performance.now();
    await work();
    took.push(performance.now() - begun);
  }
  return seriesOf('ms', took).median;
}
