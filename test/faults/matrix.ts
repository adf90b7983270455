import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type ChildApp } from '#libs/testing';
import { settledBalance, titlesOf, type Balance } from './balance.ts';
import { nameOf, type FaultCell } from './fault-cell.ts';
import type { FaultWorld, Variables } from './fault-world.ts';
import { isHalted } from './process-state.ts';

export interface CellReport {
  cell: FaultCell;
  balance: Balance;
  /** What does not hold though the balance may. */
  broken: string[];
  seconds: number;
}

export interface CellOptions {
  /** More of the armed process' environment. */
  environment?: Variables;
  /** Something will be missing for good: the cell ends when nothing is under way any more. */
  mayLack?: boolean;
}

export const NEVER_STRUCK = 'the fault never struck';

/** New ones in each stretch of movements. */
const TITLES = 15;
const MOVEMENTS = 6;
const RATE_PER_SECOND = 150;
/** Longer than the relay's lease (10 s), a lane's (10 s) and the time a transaction may stand idle (10 s). */
const LONGER_THAN_LEASES_MS = 13_000;
/** A call that outlived its deadline on a slow machine is tried again after 1, 10 and 60 s. */
const WITHIN_MS = 180_000;

/**
 * One square of the matrix: titles move, the fault strikes, what was killed is started again, what was halted goes on
 * when its lease is over, and all that the ERP committed meanwhile is weighed.
 */
export async function runCell(faults: FaultWorld, cell: FaultCell, options: CellOptions = {}): Promise<CellReport> {
  const { account, world } = faults;
  const { environment, mayLack } = options;
  const startedAt = performance.now();
  const known = await titlesOf(world);
  const weighed = () => settledBalance(world, { account, known, mayLack, withinMs: WITHIN_MS });
  const armed = await faults.arm(cell, environment);
  const striking = faults.struck(armed, cell);
  const moving = keepMoving(faults, striking);
  const broken: string[] = [];
  try {
    if (!(await striking)) broken.push(NEVER_STRUCK);
    else if (cell.action === 'stop') broken.push(...(await outlast(cell, armed, moving, weighed)));
    else if (cell.action === 'kill' && cell.replicas === 1) await faults.replace(cell.app);
    await moving;
    // Whoever slept goes on beside the others: what it does late meets movements that come after, and is waited for.
    if (cell.action === 'stop') {
      await move(faults);
      await weighed();
      await eventually(() => holdsNothing(cell, armed), { withinMs: WITHIN_MS });
    }
    const balance = await weighed();
    broken.push(...lateCalls(cell, balance));
    return { cell, balance, broken, seconds: (performance.now() - startedAt) / 1_000 };
  } finally {
    if (isHalted(armed.pid)) process.kill(armed.pid, 'SIGCONT');
  }
}

/** All that is wrong with a cell, in words; empty when it is as promised. */
export function complaintsOf(report: CellReport): string[] {
  const { verdict } = report.balance;
  const uneven = (['lost', 'doubled', 'reordered', 'unexplained'] as const).flatMap((kind) =>
    verdict[kind].map((item) => `${nameOf(report.cell)}: ${kind}: ${item}`),
  );
  return [...uneven, ...besidesTheBalance(report)];
}

/** What is wrong though nothing may be lost, doubled or reordered. */
export function besidesTheBalance({ cell, balance, broken }: CellReport): string[] {
  return [...balance.told, ...broken].map((complaint) => `${nameOf(cell)}: ${complaint}`);
}

/** What it had in hand when it fell asleep has ended, one way or the other. */
async function holdsNothing({ app }: FaultCell, { opsUrl }: ChildApp): Promise<boolean> {
  if (app !== 'customerx-connector') return true;
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
  return /^ponte_lanes_in_hand(\{[^}]*\})? 0$/m.test(metrics);
}

/** Nothing had been called when it fell asleep: whatever was called twice, it called after it woke. */
function lateCalls({ action, point }: FaultCell, { verdict }: Balance): string[] {
  if (action !== 'stop' || point !== 'after-claim-before-call') return [];
  const again = [...verdict.repeated, ...verdict.reordered, ...verdict.doubled];
  return again.map((item) => `called on a lease that was over: ${item}`);
}

/** Asleep until its lease is over, and where there are others until they have done all the work; then it wakes. */
async function outlast(
  cell: FaultCell,
  armed: ChildApp,
  moving: Promise<unknown>,
  weighed: () => Promise<Balance>,
): Promise<string[]> {
  const broken: string[] = [];
  const isOver = delay(LONGER_THAN_LEASES_MS);
  if (cell.replicas > 1) {
    await moving;
    const { verdict } = await weighed();
    if (verdict.lost.length > 0) broken.push('the others did not go on while it slept');
  }
  await isOver;
  if (!isHalted(armed.pid)) broken.push('it did not sleep until its lease was over');
  process.kill(armed.pid, 'SIGCONT');
  return broken;
}

/** Movements before the fault strikes, while it does and after: on a slow machine all the first ones go by in one batch. */
async function keepMoving(faults: FaultWorld, striking: Promise<boolean>): Promise<void> {
  let isOver = false;
  void striking.then(() => (isOver = true));
  while (!isOver) await move(faults);
  await move(faults);
}

async function move({ world }: FaultWorld): Promise<void> {
  const wish = { companies: 1, titles: TITLES, movementsPerTitle: MOVEMENTS, ratePerSecond: RATE_PER_SECOND };
  await world.ask('sandbox', 'POST', '/erp/generate', { ...wish, seed: Math.floor(performance.now()) });
}
