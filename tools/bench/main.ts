/**
 * `npm run bench [-- <name> …] [-- --quick] [--rounds N] [words]`: measurements on the private stack; each says what it
 * means in its own file. Without a name all that make up the results, side by side: a table, and JSON and a plot in
 * test/bench/results.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApps } from '../build.ts';
import { interruptedExitCode, interruption } from '../interruption.ts';
import { runAloud } from '../run.ts';
import { projectFolder } from '../stack/paths.ts';
import { PrivateStack } from '../stack/stack.ts';
import { testEnvironment } from '../stack/test-environment.ts';

const folder = join(projectFolder, 'test', 'bench');

/** Those that make up the results, in this order; the others run by their name. */
const RESULTS = ['relay', 'engine', 'whole-way', 'latency', 'claim'];

async function bench(words: string[]): Promise<number> {
  const names = words.filter((word) => existsSync(join(folder, `${word}.bench.ts`)));
  const others = words.filter((word) => !names.includes(word));
  const unknown = others.filter((word, at) => /^[a-z][\w-]*$/.test(word) && others[at - 1] !== '--rounds');
  if (unknown.length > 0) {
    console.log(`There is no measurement called ${unknown.join(', ')}; there are: ${namesOfBenches().join(', ')}.`);
    return 1;
  }
  const loan = await new PrivateStack().borrow(console.log);
  try {
    await buildApps();
    const env = { ...process.env, ...testEnvironment(loan.addresses) };
    return names.length > 0 ? await runEach(names, others, env) : await runAll(others, env);
  } finally {
    await loan.giveBack();
  }
}

async function runEach(names: string[], words: string[], env: NodeJS.ProcessEnv): Promise<number> {
  let worst = 0;
  for (const name of names) worst ||= await runScript(`${name}.bench.ts`, words, env);
  return worst;
}

/** One that fails is missing in the results and in the exit code, and keeps none of the others from running. */
async function runAll(words: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const partFolder = mkdtempSync(join(tmpdir(), 'ponte-bench-'));
  const begun = performance.now();
  let worst = 0;
  try {
    const parts = RESULTS.map((name) => join(partFolder, `${name}.part.json`));
    for (const [at, name] of RESULTS.entries()) {
      if (interruption.aborted) return interruptedExitCode;
      const code = await runScript(`${name}.bench.ts`, words, { ...env, BENCH_PART_FILE: parts[at] });
      if (code !== 0) console.log(`${name} could not be measured.`);
      worst ||= code;
    }
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    return (await runScript('write-results.ts', [minutes, ...words, ...parts], env)) || worst;
  } finally {
    rmSync(partFolder, { recursive: true, force: true });
  }
}

function runScript(file: string, words: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runAloud(process.execPath, [join(folder, file), ...words], { cwd: projectFolder, env, signal: interruption });
}

function namesOfBenches(): string[] {
  return readdirSync(folder).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
}

process.exitCode = await bench(process.argv.slice(2));
