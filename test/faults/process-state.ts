import { readFileSync } from 'node:fs';

/** By a SIGSTOP, until a SIGCONT. */
export function isHalted(pid: number): boolean {
  return stateOf(pid) === 'T';
}

export function isGone(pid: number): boolean {
  const state = stateOf(pid);
  return state === undefined || state === 'Z';
}

/** The letter of proc(5); undefined when there is no such process. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
