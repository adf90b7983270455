import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { testRun } from './test-run.js';

/**
 * A file of the data folder that may lie next to the project (`../shared/<path>`); undefined where it does not. The
 * caller skips its test then, and the end of the run says so in one line: nothing is left out silently.
 */
export function sharedData(path: string): string | undefined {
  const file = resolve(process.cwd(), '..', 'shared', path);
  if (existsSync(file)) return file;
  appendFileSync(listOf(testRun()), `${path}\n`);
  return undefined;
}

/** The files that were asked for in vain during the run, each once; forgotten after. */
export function takeLeftOut(run: string): string[] {
  const list = listOf(run);
  if (!existsSync(list)) return [];
  const paths = readFileSync(list, 'utf8').trim().split('\n');
  rmSync(list);
  return [...new Set(paths)];
}

function listOf(run: string): string {
  return join(tmpdir(), `ponte-left-out-${run}`);
}
