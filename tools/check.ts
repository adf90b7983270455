/**
 * `npm run check [-- <step> …]`: everything a machine can say about the code without running its tests. All steps run,
 * whatever fails; the exit code is 0 only when none did.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootEveryApp } from './boot-apps.ts';
import { interruptedExitCode, interruption } from './interruption.ts';
import { findBreaches, type Breach } from './laws.ts';
import { repositoryFiles } from './repository-files.ts';
import { runQuietly } from './run.ts';
import { projectFolder } from './stack/paths.ts';

/** Gives what is wrong, in words; nothing when all is well. */
type Step = { name: string; run: () => Promise<string> };

const code = ['apps', 'libs', 'tools', 'test'].filter((folder) => existsSync(join(projectFolder, folder)));

const steps: Step[] = [
  { name: 'types', run: () => program('typescript/bin/tsc', '--noEmit') },
  { name: 'lint', run: () => program('oxlint/bin/oxlint', '--deny-warnings', ...code) },
  { name: 'imports', run: () => program('dependency-cruiser/bin/dependency-cruiser.mjs', '-T', 'err-long', ...code) },
  { name: 'laws', run: async () => describeBreaches(readBreaches()) },
  { name: 'format', run: () => program('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.') },
  { name: 'build', run: () => program('@nestjs/cli/bin/nest.js', 'build', 'audit') },
  { name: 'boot', run: bootEveryApp },
];

async function check(wanted: string[]): Promise<number> {
  const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0)
    throw new Error(`No step is called ${unknown.join(', ')}: ${steps.map((s) => s.name).join(', ')}.`);
  const failures: string[] = [];
  for (const step of steps.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    if (interruption.aborted) return interruptedExitCode;
    const startedAt = performance.now();
    const wrong = await step.run().catch((error: Error) => error.message);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${wrong === '' ? 'ok  ' : 'FAIL'}  ${step.name.padEnd(8)} ${seconds.padStart(6)} s`);
    if (wrong !== '') failures.push(`\n── ${step.name} ──\n${wrong}`);
  }
  for (const failure of failures) console.log(failure);
  return failures.length === 0 ? 0 : 1;
}

/** Runs a package's program with this Node; what it printed is what is wrong, unless it ended well. */
async function program(script: string, ...args: string[]): Promise<string> {
  const path = join(projectFolder, 'node_modules', script);
  const result = await runQuietly(process.execPath, [path, ...args], { cwd: projectFolder, signal: interruption });
  return result.code === 0 ? '' : result.output.trim() || `${script} ended with ${result.code} and said nothing.`;
}

function readBreaches(): Breach[] {
  const files = repositoryFiles().filter((file) => existsSync(join(projectFolder, file)));
  return files.flatMap((file) => findBreaches(file, readFileSync(join(projectFolder, file), 'utf8')));
}

function describeBreaches(breaches: Breach[]): string {
  return breaches
    .map(({ law, file, line, text, sentence }) => `${file}:${line}  ${law}\n    ${text}\n    ${sentence}`)
    .join('\n');
}

try {
  process.exitCode = await check(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
