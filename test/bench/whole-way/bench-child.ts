import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A script of ours in a process of its own; it says `ready` to its parent and ends on SIGTERM. */
export async function startChild(script: string, env: Record<string, string>): Promise<{ stop(): Promise<void> }> {
  const child = fork(script, [], { env: { PATH: process.env.PATH, ...env }, execArgv: [], stdio: 'inherit' });
  await ready(child);
  return {
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(late);
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.at(-1)} ended with ${code} before it was ready`)));
  });
}
