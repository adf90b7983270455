import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type TakenCall } from '#libs/testing';
import type { World } from '../world/world.ts';

export interface InitialLoadWish {
  titles: number;
  /** Live titles whose way is timed, before the load and during it. */
  live: number;
  concurrency: number;
}

export interface InitialLoad {
  titles: number;
  seconds: number;
  perSecond: number;
  /** Of the connector, in MB. */
  memory: { before: number; highest: number; firstHalf: number; secondHalf: number };
  /** From the ERP's commit to CustomerX's answer, in ms, medians. */
  latency: { before: number; during: number };
  /** Titles CustomerX has other than once. */
  notOnce: number;
}

interface Call extends TakenCall {
  n: number;
  at: string;
}

const COMPANY = '1';
const ACCOUNT = 'load';
const LIVE_EVERY_MS = 200;
const WITHIN_MS = 3_600_000;

/**
 * Turns CustomerX on for a company that has titles already, and measures what that does to those that move meanwhile and
 * to the connector's memory. The world's partner must take calls as they come.
 */
export async function measureInitialLoad(world: World, wish: InitialLoadWish): Promise<InitialLoad> {
  await world.openAccounts([ACCOUNT, 'idle']);
  await world.integrate({ company: '2', account: 'idle', settings: { concurrency: wish.concurrency } });
  const created = new CreatedTitles(world);
  const before = await timeLiveTitles(world, '2', wish.live, created);
  await enterTitles(world, wish.titles);
  // What enters behind the past has arrived: the past is taken in.
  await timeLiveTitles(world, '2', 1, created);
  const memory = watchMemory(world.app('customerx-connector').pid);
  const startedAt = performance.now();
  await world.turnOn({ company: COMPANY, account: ACCOUNT, settings: { concurrency: wish.concurrency } });
  await until(created, wish.live + 1 + wish.titles / 10);
  const during = await timeLiveTitles(world, COMPANY, wish.live, created);
  await until(created, wish.titles + 2 * wish.live + 1);
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    titles: wish.titles,
    seconds,
    perSecond: wish.titles / seconds,
    memory: memory.stop(),
    latency: { before, during },
    notOnce: [...created.effects.values()].filter((count) => count !== 1).length,
  };
}

/** Until CustomerX has created this many titles, of both companies. */
async function until(created: CreatedTitles, titles: number): Promise<void> {
  const isThere = async () => (await created.look()).size >= titles;
  await eventually(isThere, { withinMs: WITHIN_MS, everyMs: 500 });
}

async function enterTitles(world: World, titles: number): Promise<void> {
  const AT_ONCE = 20_000;
  for (let from = 0; from < titles; from += AT_ONCE) {
    const some = Math.min(AT_ONCE, titles - from);
    await world.ask('sandbox', 'POST', '/erp/generate', {
      companies: 1,
      titles: some,
      movementsPerTitle: 1,
      seed: from + 1,
    });
  }
}

/** @returns the median way of titles that enter one after the other, in ms */
async function timeLiveTitles(world: World, company: string, count: number, created: CreatedTitles): Promise<number> {
  const enteredAt = new Map<string, number>();
  for (let n = 0; n < count; n += 1) {
    const body = { company, amount: '10.00' };
    const { receivableId } = await world.ask<{ receivableId: string }>('sandbox', 'POST', '/erp/titles', body);
    enteredAt.set(receivableId, Date.now());
    await delay(LIVE_EVERY_MS);
  }
  const ways = await eventually(
    async () => {
      const createdAt = await created.look();
      const missing = [...enteredAt.keys()].filter((title) => !createdAt.has(title));
      if (missing.length > 0) throw new Error(`${missing.length} live titles have not arrived`);
      return [...enteredAt].map(([title, at]) => createdAt.get(title)! - at);
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
  return median(ways);
}

type CallPage = { items: Call[]; next?: number };

/** The titles CustomerX created, read on from where the last look ended. */
class CreatedTitles {
  /** How often each title of the account had an effect there. */
  readonly effects = new Map<string, number>();
  private readonly createdAt = new Map<string, number>();
  private after = 0;

  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  async look(): Promise<Map<string, number>> {
    for (let from: number | undefined = this.after; from !== undefined;) {
      const path = `/control/customerx/calls?after=${from}&limit=20000`;
      const page: CallPage = await this.world.ask('sandbox', 'GET', path);
      for (const call of page.items) this.take(call);
      from = page.next;
    }
    return this.createdAt;
  }

  private take({ n, at, account, externalId = '', effect }: Call): void {
    this.after = n;
    if (effect === 'none') return;
    if (account === ACCOUNT) this.effects.set(externalId, (this.effects.get(externalId) ?? 0) + 1);
    if (effect === 'created') this.createdAt.set(externalId, Date.parse(at));
  }
}

function watchMemory(pid: number) {
  const samples: number[] = [];
  const take = () => samples.push(residentMb(pid));
  take();
  const timer = setInterval(take, 500);
  return {
    stop: () => {
      clearInterval(timer);
      const half = Math.ceil(samples.length / 2);
      return {
        before: samples[0]!,
        highest: Math.max(...samples),
        firstHalf: median(samples.slice(0, half)),
        secondHalf: median(samples.slice(half - 1)),
      };
    },
  };
}

function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line![1]) / 1_024);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
