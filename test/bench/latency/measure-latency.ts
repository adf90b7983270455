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
  /** The ERP says its commits, and the reader listens. */
  at50Told: Latency;
}

/** Commits per second; idle leaves the pollers time to fall back to their slowest. */
const RATES = { idle: 1, at50: 50, at500: 500 } as const;
const TOLD_RATES = { at50Told: 50 } as const;
const WARM_UP_TITLES = 200;
const ARRIVES_WITHIN_MS = 120_000;

/** From the ERP's commit to the partner's call, one commit for each title; default polling but where commits are told. */
export async function measureLatency(form: LatencyForm): Promise<LatencyFigures> {
  const partner = await QuickPartner.open();
  try {
    const polled = await measureRates(form, partner, RATES, { told: false });
    return { ...polled, ...(await measureRates(form, partner, TOLD_RATES, { told: true })) };
  } finally {
    await partner.close();
  }
}

/** Each round all rates, in a world of their own. */
async function measureRates<Name extends string>(
  { seconds, rounds, say }: LatencyForm,
  partner: QuickPartner,
  rates: Record<Name, number>,
  wish: { told: boolean },
): Promise<Record<Name, Latency>> {
  const names = Object.keys(rates) as Name[];
  const world = await PonteWorld.open(partner, wish);
  try {
    await world.carry(WARM_UP_TITLES, ARRIVES_WITHIN_MS);
    const byRound: Record<Name, number[]>[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const ways = {} as Record<Name, number[]>;
      for (const name of names) ways[name] = await timeTitles(world, partner, rates[name], seconds);
      byRound.push(ways);
      say(`  round ${round}: ${names.map((name) => `${name} ${describe(ways[name])}`).join(', ')}`);
    }
    const figures = names.map((name) => [name, latencyOf(byRound.map((ways) => ways[name]))]);
    return Object.fromEntries(figures) as Record<Name, Latency>;
  } finally {
    await world.close();
  }
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
    if (due > performance.now()) await delay(Math.max(due - performance.now(), 0));
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
