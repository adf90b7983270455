import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, markOf, type ProcessMark } from './processes.ts';

/** One command at a time works on a stack; the others wait. A lock whose holder died is nobody's. */
export async function withLock<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  while (!take(file)) await sleep(100);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify(markOf(process.pid)), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!isRunning(holderOf(file))) rmSync(file, { force: true });
  return false;
}

/** An empty file is a lock being taken this moment: its taker counts as running. */
function holderOf(file: string): ProcessMark | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text === '' ? markOf(process.pid) : (JSON.parse(text) as ProcessMark);
  } catch {
    return markOf(process.pid);
  }
}
