import { fileURLToPath } from 'node:url';
import { takeTurns, type Say } from '../measure/rounds.ts';
import { ratioOf, seriesOf, type Series } from '../measure/statistics.ts';
import { compilePlainNest } from './compile-plain-nest.ts';
import { QuickPartner } from './partner.ts';
import { peerRound } from './peer-world.ts';
import { MEASURED_APPS, PonteWorld, type MeasuredApp, type OfApps } from './ponte-world.ts';

export interface WholeWayForm {
  titles: number;
  rounds: number;
  say: Say;
}

export interface WholeWayFigures {
  titles: number;
  straightLine: Series;
  ponte: Series;
  plainNest: Series;
  ratioToStraightLine: number;
  ratioToStraightLineByRound: Series;
  ratioToPlainNest: number;
  ratioToPlainNestByRound: Series;
}

export type AppMemory = Record<MeasuredApp, { idle: number; load: number; idleByRound: Series; loadByRound: Series }>;
export type AppStart = Record<MeasuredApp, Series>;

const STRAIGHT_LINE = fileURLToPath(new URL('straight-line.ts', import.meta.url));
const WITHIN_MS = 120_000;

/** Commit → the partner's 2xx → outcome recorded; everything starts afresh each round, and no process is warm. */
export async function measureWholeWay({ titles, rounds, say }: WholeWayForm): Promise<{
  wholeWay: WholeWayFigures;
  memoryMb: AppMemory;
  startMs: AppStart;
}> {
  say(`whole way: ${titles} titles`);
  const partner = await QuickPartner.open();
  const plain = await compilePlainNest();
  const seen: { start: OfApps; idle: OfApps; load: OfApps }[] = [];
  const wish = { titles, partnerUrl: partner.url, withinMs: WITHIN_MS };
  try {
    const series = await takeTurns(
      {
        straightLine: () => peerRound([STRAIGHT_LINE], wish),
        ponte: async () => {
          const world = await PonteWorld.open(partner);
          try {
            const idle = await world.idleMemoryMb();
            const { rate, memory } = await world.carry(titles, WITHIN_MS);
            seen.push({ start: world.startMs, idle, load: memory });
            return rate;
          } finally {
            await world.close();
          }
        },
        plainNest: () => peerRound([plain.built('consumer-main.js'), plain.built('publisher-main.js')], wish),
      },
      { rounds, unit: '/s', say },
    );
    const ratioToStraightLineByRound = ratioOf(series.ponte, series.straightLine);
    const ratioToPlainNestByRound = ratioOf(series.ponte, series.plainNest);
    const ratios = {
      ratioToStraightLine: ratioToStraightLineByRound.median,
      ratioToStraightLineByRound,
      ratioToPlainNest: ratioToPlainNestByRound.median,
      ratioToPlainNestByRound,
    };
    return { wholeWay: { titles, ...series, ...ratios }, memoryMb: memoryOf(seen), startMs: startOf(seen) };
  } finally {
    plain.remove();
    await partner.close();
  }
}

function memoryOf(seen: readonly { idle: OfApps; load: OfApps }[]): AppMemory {
  const figures = MEASURED_APPS.map((app) => {
    const idleByRound = seriesOf(
      'MB',
      seen.map(({ idle }) => idle[app]),
    );
    const loadByRound = seriesOf(
      'MB',
      seen.map(({ load }) => load[app]),
    );
    return [app, { idle: idleByRound.median, load: loadByRound.median, idleByRound, loadByRound }];
  });
  return Object.fromEntries(figures) as AppMemory;
}

function startOf(seen: readonly { start: OfApps }[]): AppStart {
  const figures = MEASURED_APPS.map((app) => [
    app,
    seriesOf(
      'ms',
      seen.map(({ start }) => start[app]),
    ),
  ]);
  return Object.fromEntries(figures) as AppStart;
}
