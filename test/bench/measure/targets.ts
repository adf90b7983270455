import type { Parts } from './results.ts';
import type { Series } from './statistics.ts';

/** A figure and what it is to reach. */
export interface Figure {
  name: string;
  unit: string;
  value: number;
  /** Over its rounds; absent where a figure is the worst of several. */
  spread?: { lowest: number; highest: number };
  target: number;
  /** Whether less is better. */
  atMost: boolean;
}

const IDLE_MB = 180;
const LOAD_MB = 350;

/** Every figure that has a target, of what was measured. */
export function figuresOf(parts: Parts): Figure[] {
  return [
    ...relayOf(parts),
    ...engineOf(parts),
    ...wholeWayOf(parts),
    ...latencyOf(parts),
    ...claimOf(parts),
    ...memoryOf(parts),
  ];
}

export function isReached({ value, target, atMost }: Figure): boolean {
  return atMost ? value <= target : value >= target;
}

function relayOf({ relay }: Parts): Figure[] {
  if (!relay) return [];
  return [
    atLeast('relay, of the raw limit', 0.85, relay.ratioToLimitByRound),
    atLeast('relay, to pg-transactional-outbox', 15, relay.ratioToPgTransactionalOutboxByRound),
  ];
}

function engineOf({ engine }: Parts): Figure[] {
  if (!engine) return [];
  const { ratioAtOne, ratioAtFive } = engine.ratioToGraphileWorkerQueues;
  return [
    { name: 'engine at one, to graphile-worker', unit: '×', value: ratioAtOne, target: 1.2, atMost: false },
    { name: 'engine at five, to graphile-worker', unit: '×', value: ratioAtFive, target: 2, atMost: false },
  ];
}

function wholeWayOf({ wholeWay }: Parts): Figure[] {
  if (!wholeWay) return [];
  return [
    atLeast('whole way, of the straight line', 0.5, wholeWay.ratioToStraightLineByRound),
    atLeast('whole way, to plain Nest', 3, wholeWay.ratioToPlainNestByRound),
  ];
}

function latencyOf({ latencyMs }: Parts): Figure[] {
  if (!latencyMs) return [];
  return [
    atMost('latency at 50/s, p50', 30, latencyMs.at50.p50ByRound),
    atMost('latency at 50/s, p99', 120, latencyMs.at50.p99ByRound),
    atMost('the same, told of commits, p50', 10, latencyMs.at50Told.p50ByRound),
    atMost('the same, told of commits, p99', 60, latencyMs.at50Told.p99ByRound),
  ];
}

function claimOf({ claim }: Parts): Figure[] {
  return claim ? [atMost('claim, 1 M lanes to 10 k', 1.3, claim.ratio1MTo10kByRound)] : [];
}

function memoryOf({ memoryMb }: Parts): Figure[] {
  return Object.entries(memoryMb ?? {}).flatMap(([app, { idleByRound, loadByRound }]) => [
    atMost(`${app}, idle`, IDLE_MB, idleByRound),
    atMost(`${app}, under load`, LOAD_MB, loadByRound),
  ]);
}

function atLeast(name: string, target: number, series: Series): Figure {
  return { ...seen(name, target, series), atMost: false };
}

function atMost(name: string, target: number, series: Series): Figure {
  return { ...seen(name, target, series), atMost: true };
}

function seen(name: string, target: number, { unit, median: value, lowest, highest }: Series) {
  return { name, unit, value, spread: { lowest, highest }, target };
}
