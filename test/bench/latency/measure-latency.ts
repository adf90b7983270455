import { setTimeout as delay } from 'node:timers/promises';
import type { Say } from '../measure/rounds.ts';
import { percentile, seriesOf, type Series } from '../measure/statistics.ts';
import { QuickPartner } from '../whole-way/partner.ts';
import { PonteWorld } from '../whole-way/ponte-world.ts';

export interface LatencyForm {
  /** Of each rate, in each round. */
  seconds: number;
  rounds: number;
  say: Say;
}

export interface Latency {
  p50: number;
  p99: number;
  /** Titles timed, of all rounds. */
  titles: number;
  p50ByRound: Series;
  p99ByRound: Series;
}

export interface LatencyFigures {
  idle: Latency;
  at50: Latency;
  at500: Latency;
}

/** Commits per second; idle leaves the pollers time to fall back to their slowest. */
const RATES = { idle: 1, at50: 50, at500: 500 } as const;
const RATE_NAMES = Object.keys(RATES) as (keyof typeof RATES)[];
const WARM_UP_TITLES = 200;
const ARRIVES_WITHIN_MS = 120_000;

/** From the ERP's commit to the partner's call, default polling, one commit for each title. */
export async function measureLatency({ seconds, rounds, say }: LatencyForm): Promise<LatencyFigures> {
  const partner = await QuickPartner.open();
  try {
    const world = await PonteWorld.open(partner);
    try {
      await world.carry(WARM_UP_TITLES, ARRIVES_WITHIN_MS);
      const byRound = await takeRounds(rounds, say, (rate) => timeTitles(world, partner, rate, seconds));
      const figures = RATE_NAMES.map((name) => [name, latencyOf(byRound.map((ways) => ways[name]))]);
      return Object.fromEntries(figures) as unknown as LatencyFigures;
    } finally {
      await world.close();
    }
  } finally {
    await partner.close();
  }
}

type WaysByRate = Record<keyof typeof RATES, number[]>;

async function takeRounds(rounds: number, say: Say, time: (rate: number) => Promise<number[]>): Promise<WaysByRate[]> {
  const byRound: WaysByRate[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ways = {} as WaysByRate;
    for (const name of RATE_NAMES) ways[name] = await time(RATES[name]);
    byRound.push(ways);
    say(`  round ${round}: ${RATE_NAMES.map((name) => `${name} ${describe(ways[name])}`).join(', ')}`);
  }
  return byRound;
}

/** @returns the way of each title in ms */
async function timeTitles(
  world: PonteWorld,
  partner: QuickPartner,
  perSecond: number,
  seconds: number,
): Promise<number[]> {
  partner.forget();
  const committed: Promise<{ title: string; at: number }>[] = [];
  const begun = performance.now();
  for (let n = 0; n < perSecond * seconds; n += 1) {
    const due = begun + (n * 1_000) / perSecond;
    if (due > performance.now()) await delay(due - performance.now());
    committed.push(world.erp.openTitle());
  }
  const titles = await Promise.all(committed);
  const giveUpAt = performance.now() + ARRIVES_WITHIN_MS;
  while (partner.arrivedAt.size < titles.length) {
    if (performance.now() > giveUpAt)
      throw new Error(`${titles.length - partner.arrivedAt.size} titles did not arrive`);
    await delay(50);
  }
  // The call may begin before the commit's answer has come back here.
  return titles.map(({ title, at }) => Math.max(partner.arrivedAt.get(title)! - at, 0));
}

function latencyOf(rounds: readonly number[][]): Latency {
  const p50ByRound = seriesOf(
    'ms',
    rounds.map((ways) => percentile(ways, 0.5)),
  );
  const p99ByRound = seriesOf(
    'ms',
    rounds.map((ways) => percentile(ways, 0.99)),
  );
  const titles = rounds.reduce((sum, ways) => sum + ways.length, 0);
  return { p50: p50ByRound.median, p99: p99ByRound.median, titles, p50ByRound, p99ByRound };
}

function describe(ways: readonly number[]): string {
  return `p50 ${percentile(ways, 0.5).toFixed(0)} p99 ${percentile(ways, 0.99).toFixed(0)} ms`;
}
