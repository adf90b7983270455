import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../harness/scenario.ts';

/** What a script of this folder finds in a process of its own, on the built libs, without our loader of sources. */
export async function askBuilt(script: string): Promise<Finding> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [], { execArgv: [] });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended without a finding`)));
  const [finding] = (await Promise.race([once(child, 'message'), ended])) as [Finding];
  ended.catch(() => undefined);
  child.disconnect();
  return finding;
}
