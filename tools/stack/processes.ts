import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process told apart from a later one that was given the same number. */
export type ProcessMark = { pid: number; startedAt: string };

/** undefined when no such process runs; a zombie does not run. */
export function markOf(pid: number): ProcessMark | undefined {
  const startedAt = process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isRunning(mark: ProcessMark | undefined): mark is ProcessMark {
  return mark !== undefined && markOf(mark.pid)?.startedAt === mark.startedAt;
}

/** Sends the signal only while the number still belongs to the marked process. */
export function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): void {
  if (!isRunning(mark)) return;
  try {
    process.kill(mark.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** true when the process ended within the time. */
export async function waitUntilGone(mark: ProcessMark, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isRunning(mark)) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** Asks first, and takes it down when it does not listen. */
export async function endProcess(mark: ProcessMark | undefined, graceMs: number): Promise<void> {
  if (!isRunning(mark)) return;
  signalProcess(mark, 'SIGTERM');
  if (await waitUntilGone(mark, graceMs)) return;
  signalProcess(mark, 'SIGKILL');
  await waitUntilGone(mark, 5_000);
}

/** Every process that was started with this setting in its environment. Linux only; elsewhere nothing is found. */
export function processesStartedWith(setting: string): ProcessMark[] {
  if (process.platform !== 'linux') return [];
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.flatMap((name) => {
    if (!readQuietly(`/proc/${name}/environ`).split('\0').includes(setting)) return [];
    return markOf(Number(name)) ?? [];
  });
}

/** Fields of /proc/<pid>/stat after the name in brackets: the state comes first, the start time is the 20th. */
function startFromProc(pid: number): string | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function startFromPs(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
